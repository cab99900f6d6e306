"""What the calls about objectives and calibrations take and answer."""

from typing import Any

from rest_framework import serializers

from camera.serializers import CameraSerializer, SettingsChangeSerializer, SettingsSerializer, StrictSerializer
from images.bin import LARGEST_ID
from images.calibrating import Calibrated
from images.fields import FiniteField, IdField, TextField, WholeNumberField
from images.models import Calibration, Objective
from images.optics import describe_calibration, describe_objective
from images.record import format_time


class NewObjectiveSerializer(StrictSerializer):
    name = TextField(max_length=100)
    magnification = FiniteField(min_value=0.01, max_value=10_000, help_text="As engraved: 10 for 10x.")
    numericalAperture = FiniteField(
        min_value=0.001, max_value=2, required=False, allow_null=True, default=None, source="numerical_aperture"
    )


class ObjectiveChangeSerializer(StrictSerializer):
    """What is left out stays. Another magnification is another objective."""

    name = TextField(max_length=100, required=False)
    isRetired = serializers.BooleanField(
        required=False, source="is_retired", help_text="It can be neither chosen nor calibrated any more."
    )


class NewCalibrationSerializer(StrictSerializer):
    """A line along a known length, in pixels of the image from its upper left corner."""

    imageId = WholeNumberField(min_value=1, max_value=LARGEST_ID, help_text="The picture of a stage micrometer.")
    x1 = FiniteField()
    y1 = FiniteField()
    x2 = FiniteField()
    y2 = FiniteField()
    lengthUm = FiniteField(help_text="How long the line is in truth, in micrometres.")
    keep = serializers.BooleanField(default=True, help_text="false: only work it out.")


class ObjectiveFactsSerializer(serializers.Serializer):
    id = serializers.UUIDField()
    name = serializers.CharField()
    magnification = serializers.FloatField()
    numericalAperture = serializers.FloatField(allow_null=True)


class CalibrationFactsSerializer(serializers.Serializer):
    """What a pixel measures, and how that is known."""

    id = serializers.UUIDField(allow_null=True, help_text="null while it is not kept.")
    umPerPixel = serializers.FloatField(help_text="At binning 1.")
    uncertaintyUm = serializers.FloatField(
        allow_null=True, help_text="Standard uncertainty of umPerPixel, if each end is placed to half a pixel."
    )
    lengthUm = serializers.FloatField(help_text="The known length.")
    pixels = serializers.FloatField(help_text="The line's length in pixels of the sensor.")
    madeAt = serializers.DateTimeField()
    madeBy = serializers.CharField(allow_null=True)
    imageId = serializers.IntegerField(allow_null=True)
    imageRecordId = serializers.UUIDField(allow_null=True)
    cameraSerialNumber = serializers.CharField()
    cameraModel = serializers.CharField()


class ObjectiveSerializer(ObjectiveFactsSerializer):
    isRetired = serializers.BooleanField()
    isInUse = serializers.BooleanField()
    createdAt = serializers.DateTimeField()
    calibration = CalibrationFactsSerializer(
        allow_null=True, help_text="In force for the camera in use; null: the scale is unknown."
    )


class ObjectiveListSerializer(serializers.Serializer):
    results = ObjectiveSerializer(many=True)


class CalibrationListSerializer(serializers.Serializer):
    results = CalibrationFactsSerializer(many=True)


class CalibratedSerializer(serializers.Serializer):
    kept = serializers.BooleanField()
    calibration = CalibrationFactsSerializer()
    previous = CalibrationFactsSerializer(allow_null=True, help_text="In force until then, for that camera.")
    differencePercent = serializers.FloatField(allow_null=True, help_text="From the previous one.")


class OpticsSerializer(serializers.Serializer):
    """The optics before the camera; null where nobody said, or nobody calibrated."""

    objective = ObjectiveFactsSerializer(allow_null=True)
    objectiveBy = serializers.CharField(allow_null=True, help_text="Who said so, by name.")
    umPerPixelX = serializers.FloatField(allow_null=True, help_text="Along the rows of the frames as they come now.")
    umPerPixelY = serializers.FloatField(allow_null=True)


class CameraWithOpticsSerializer(CameraSerializer, OpticsSerializer):
    pass


class SettingsWithOpticsSerializer(SettingsSerializer, OpticsSerializer):
    pass


class ObjectiveChoiceSerializer(serializers.Serializer):
    objective = IdField(required=False, allow_null=True, help_text="Which is in place; null where nobody knows.")


class SettingsWithObjectiveChangeSerializer(SettingsChangeSerializer, ObjectiveChoiceSerializer):
    pass


def tell_calibration(calibration: Calibration) -> dict[str, Any]:
    """As records tell it, and which image it was drawn on."""
    is_kept = not calibration._state.adding
    return {
        **describe_calibration(calibration),
        "id": str(calibration.pk) if is_kept else None,
        "imageId": calibration.image_id,
        "cameraModel": calibration.camera_model,
    }


def tell_objective(objective: Objective, calibration: Calibration | None, is_in_use: bool) -> dict[str, Any]:
    return {
        **describe_objective(objective),
        "isRetired": objective.is_retired,
        "isInUse": is_in_use,
        "createdAt": format_time(objective.created_at),
        "calibration": tell_calibration(calibration) if calibration else None,
    }


def tell_calibrated(calibrated: Calibrated, is_kept: bool) -> dict[str, Any]:
    previous = calibrated.previous
    return {
        "kept": is_kept,
        "calibration": tell_calibration(calibrated.calibration),
        "previous": tell_calibration(previous) if previous else None,
        "differencePercent": calibrated.difference_percent,
    }
