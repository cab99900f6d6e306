"""Requests and responses of the API of objectives and calibrations."""

from typing import Any

from rest_framework import serializers

from camera.api.serializers import CameraSerializer, SettingsChangeSerializer, SettingsSerializer, StrictSerializer
from images.api.fields import FiniteField, IdField, TextField, WholeNumberField
from images.calibration.calibrate import Calibrated
from images.models import MAX_ID, Calibration, Objective
from images.record.image import format_time
from images.record.optics import describe_calibration, describe_objective


class NewObjectiveSerializer(StrictSerializer):
    name = TextField(max_length=100)
    magnification = FiniteField(min_value=0.01, max_value=10_000, help_text="As engraved on the objective: 10 for 10x.")
    numericalAperture = FiniteField(
        min_value=0.001, max_value=2, required=False, allow_null=True, default=None, source="numerical_aperture"
    )


class ObjectiveChangeSerializer(StrictSerializer):
    """Fields that are left out are not changed. The magnification cannot be changed: add another objective instead."""

    revision = WholeNumberField(
        required=False,
        min_value=0,
        help_text="The revision that you last saw. If it is not the current one, the response is 409.",
    )
    name = TextField(max_length=100, required=False)
    isRetired = serializers.BooleanField(
        required=False, source="is_retired", help_text="A retired objective can no longer be chosen or calibrated."
    )


class NewCalibrationSerializer(StrictSerializer):
    """A line along a known length. Coordinates are pixels of the image, from its top left corner."""

    imageId = WholeNumberField(min_value=1, max_value=MAX_ID, help_text="Id of an image of a stage micrometer.")
    x1 = FiniteField()
    y1 = FiniteField()
    x2 = FiniteField()
    y2 = FiniteField()
    lengthUm = FiniteField(help_text="True length of the line in micrometres.")
    keep = serializers.BooleanField(default=True, help_text="false: only calculate, save nothing.")


class ObjectiveFieldsSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    magnification = serializers.FloatField()
    numericalAperture = serializers.FloatField(allow_null=True)


class CalibrationFieldsSerializer(serializers.Serializer):
    """The size of a pixel, and how it was measured."""

    id = serializers.UUIDField(allow_null=True, help_text="null if the calibration is not saved.")
    umPerPixel = serializers.FloatField(help_text="At binning 1.")
    uncertaintyUm = serializers.FloatField(
        allow_null=True, help_text="Standard uncertainty of umPerPixel, if each end is placed to half a pixel."
    )
    lengthUm = serializers.FloatField(help_text="The known length in micrometres.")
    pixels = serializers.FloatField(help_text="Length of the line in pixels of the sensor.")
    madeAt = serializers.DateTimeField()
    madeBy = serializers.CharField(allow_null=True)
    madeById = serializers.UUIDField(allow_null=True, help_text="The permanent id of that user.")
    imageId = serializers.IntegerField(allow_null=True)
    imageRecordId = serializers.UUIDField(allow_null=True)
    cameraSerialNumber = serializers.CharField()
    cameraModel = serializers.CharField()


class ObjectiveSerializer(ObjectiveFieldsSerializer):
    isRetired = serializers.BooleanField()
    isInUse = serializers.BooleanField()
    createdAt = serializers.DateTimeField()
    revision = serializers.IntegerField(help_text="Changes with each edit.")
    calibration = CalibrationFieldsSerializer(
        allow_null=True, help_text="The current calibration for this camera; null if the scale is unknown."
    )


class ObjectiveListSerializer(serializers.Serializer):
    results = ObjectiveSerializer(many=True)


class CalibrationListSerializer(serializers.Serializer):
    results = CalibrationFieldsSerializer(many=True)


class CalibratedSerializer(serializers.Serializer):
    kept = serializers.BooleanField()
    calibration = CalibrationFieldsSerializer()
    previous = CalibrationFieldsSerializer(allow_null=True, help_text="The one that it replaces, for this camera.")
    differencePercent = serializers.FloatField(allow_null=True, help_text="Difference from the previous calibration.")


class OpticsSerializer(serializers.Serializer):
    """The current objective and scale. null if no objective is chosen, or if it is not calibrated."""

    objective = ObjectiveFieldsSerializer(allow_null=True)
    objectiveBy = serializers.CharField(allow_null=True, help_text="Name of the user who chose it.")
    umPerPixelX = serializers.FloatField(allow_null=True, help_text="Horizontal scale with the present settings.")
    umPerPixelY = serializers.FloatField(allow_null=True, help_text="Vertical scale with the present settings.")


class CameraWithOpticsSerializer(CameraSerializer, OpticsSerializer):
    pass


class SettingsWithOpticsSerializer(SettingsSerializer, OpticsSerializer):
    pass


class ObjectiveChoiceSerializer(serializers.Serializer):
    objective = IdField(required=False, allow_null=True, help_text="Id of the objective in use; null if unknown.")


class SettingsWithObjectiveChangeSerializer(SettingsChangeSerializer, ObjectiveChoiceSerializer):
    pass


def serialize_calibration(calibration: Calibration) -> dict[str, Any]:
    """Return the calibration as records describe it, and the image that it was drawn on."""
    # A preview has an id too, because Django makes it in the program. It must not leave the server: no such row exists.
    is_kept = not calibration._state.adding
    return {
        **describe_calibration(calibration),
        "id": str(calibration.pk) if is_kept else None,
        "imageId": calibration.image_id,
        "cameraModel": calibration.camera_model,
    }


def serialize_objective(objective: Objective, calibration: Calibration | None, is_in_use: bool) -> dict[str, Any]:
    return {
        **describe_objective(objective),
        "isRetired": objective.is_retired,
        "isInUse": is_in_use,
        "createdAt": format_time(objective.created_at),
        "revision": objective.revision,
        "calibration": serialize_calibration(calibration) if calibration else None,
    }


def serialize_calibrated(calibrated: Calibrated, is_kept: bool) -> dict[str, Any]:
    previous = calibrated.previous
    return {
        "kept": is_kept,
        "calibration": serialize_calibration(calibrated.calibration),
        "previous": serialize_calibration(previous) if previous else None,
        "differencePercent": calibrated.difference_percent,
    }
