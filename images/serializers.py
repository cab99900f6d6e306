"""What the library's calls take and answer."""

from typing import Any

from django.conf import settings
from django.urls import reverse
from rest_framework import serializers

from camera.serializers import ExposureChangeSerializer, StrictSerializer
from camera.service import the_camera
from images.bin import LARGEST_ID, Outcome
from images.capture import Captured
from images.fields import FiniteField, NoteField, SampleField, WholeNumberField
from images.formats import FORMATS
from images.models import Image
from images.objective_serializers import CalibrationFactsSerializer, ObjectiveFactsSerializer, tell_calibration
from images.optics import describe_objective
from images.record import format_time
from images.rights import Person, may_bin, may_edit
from images.verifying import Verified

MOST_IDS = 1000
MOST_IDS_OF_ZIP = 100_000


class CaptureSerializer(ExposureChangeSerializer):
    """What is left out stays as the camera is set, or as the settings say."""

    format = serializers.ChoiceField(list(FORMATS), required=False, help_text="Format of the file.")
    quality = WholeNumberField(required=False, min_value=1, max_value=100, help_text="Of JPEG.")
    xPosition = FiniteField(required=False, allow_null=True, help_text="Of the stage.")
    yPosition = FiniteField(required=False, allow_null=True)
    zPosition = FiniteField(required=False, allow_null=True)
    jobId = WholeNumberField(required=False, allow_null=True, min_value=1, max_value=LARGEST_ID)
    sample = SampleField(required=False)
    note = NoteField(required=False)

    def validate(self, wanted: dict[str, Any]) -> dict[str, Any]:
        return {"format": settings.IMAGE_FORMAT, "quality": settings.IMAGE_QUALITY, **wanted}


class ImageChangeSerializer(StrictSerializer):
    """What is left out stays. The original keeps what was said at capture."""

    sample = SampleField(required=False)
    note = NoteField(required=False)
    xPosition = FiniteField(required=False, allow_null=True, source="x_position", help_text="Of the stage.")
    yPosition = FiniteField(required=False, allow_null=True, source="y_position")
    zPosition = FiniteField(required=False, allow_null=True, source="z_position")


class IdsSerializer(StrictSerializer):
    """Images by their numbers."""

    ids = serializers.ListField(
        child=WholeNumberField(min_value=1, max_value=LARGEST_ID), allow_empty=False, max_length=MOST_IDS
    )


class ZipIdsSerializer(StrictSerializer):
    """Images by their numbers, as many as one likes to carry away."""

    ids = serializers.ListField(
        child=WholeNumberField(min_value=1, max_value=LARGEST_ID), allow_empty=False, max_length=MOST_IDS_OF_ZIP
    )


class RefusedSerializer(serializers.Serializer):
    imageId = serializers.IntegerField()
    code = serializers.CharField(help_text="not_found, not_yours, or what the storage failed of.")
    message = serializers.CharField()


class OutcomeSerializer(serializers.Serializer):
    """What became of each of many images."""

    done = serializers.ListField(child=serializers.IntegerField())
    refused = RefusedSerializer(many=True)


class RemovedSerializer(serializers.Serializer):
    removed = serializers.IntegerField(help_text="How many images were removed for good.")


class CaptureMetadataSerializer(serializers.Serializer):
    """The first four are fixed; what follows may grow."""

    format = serializers.CharField(help_text="JPG, PNG or TIFF.")
    quality = serializers.IntegerField(allow_null=True)
    cameraConnected = serializers.BooleanField(help_text="A real camera took the picture.")
    simulatedMode = serializers.BooleanField()
    requested = serializers.DictField()
    actual = serializers.DictField(help_text="What the frame itself says.")
    frame = serializers.DictField()
    camera = serializers.DictField()
    objective = serializers.DictField(allow_null=True)
    scale = serializers.DictField()
    recordId = serializers.UUIDField()


class CapturedSerializer(serializers.Serializer):
    """A picture that is safe on disk."""

    success = serializers.BooleanField()
    imageId = serializers.IntegerField(allow_null=True, help_text="null while the row is still to come.")
    filename = serializers.CharField()
    filepath = serializers.CharField()
    capturedAt = serializers.DateTimeField()
    exposureTime = serializers.FloatField(help_text="Milliseconds, as the frame says.")
    gain = serializers.FloatField(help_text="Decibels, as the frame says.")
    fileSize = serializers.IntegerField(help_text="Bytes.")
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    metadata = CaptureMetadataSerializer()
    databaseSaved = serializers.BooleanField()
    sha256 = serializers.CharField()
    url = serializers.CharField(allow_null=True)
    thumbnailUrl = serializers.CharField(allow_null=True)


class ImageSerializer(serializers.Serializer):
    """One image of the library."""

    imageId = serializers.IntegerField()
    filename = serializers.CharField()
    capturedAt = serializers.DateTimeField()
    user = serializers.CharField(allow_null=True)
    userId = serializers.IntegerField(allow_null=True)
    jobId = serializers.IntegerField(allow_null=True)
    exposureTime = serializers.FloatField(help_text="Milliseconds.")
    gain = serializers.FloatField(help_text="Decibels.")
    xPosition = serializers.FloatField(allow_null=True)
    yPosition = serializers.FloatField(allow_null=True)
    zPosition = serializers.FloatField(allow_null=True)
    fileSize = serializers.IntegerField(help_text="Bytes.")
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    format = serializers.CharField()
    simulated = serializers.BooleanField()
    adopted = serializers.BooleanField(help_text="The row was made from the file afterwards.")
    objective = ObjectiveFactsSerializer(allow_null=True, help_text="null where nobody said which.")
    umPerPixelX = serializers.FloatField(allow_null=True, help_text="Along its rows; null: the scale is unknown.")
    umPerPixelY = serializers.FloatField(allow_null=True)
    calibration = CalibrationFactsSerializer(allow_null=True, help_text="Where its scale comes from.")
    sha256 = serializers.CharField()
    sample = serializers.CharField(allow_blank=True)
    note = serializers.CharField(allow_blank=True)
    binnedAt = serializers.DateTimeField(allow_null=True, help_text="null unless it is in the bin.")
    binnedBy = serializers.CharField(allow_null=True)
    mayEdit = serializers.BooleanField(help_text="Whether who asks may change note, sample and position.")
    mayBin = serializers.BooleanField(help_text="Whether who asks may bin and restore it.")
    metadata = serializers.DictField(help_text="The record inside the file.")
    url = serializers.CharField()
    thumbnailUrl = serializers.CharField()


class ImagePageSerializer(serializers.Serializer):
    results = ImageSerializer(many=True)
    next = serializers.CharField(
        allow_null=True,
        help_text="Address of the next page; null at the end. Where few images fit the filters, a page may hold fewer "
        "than asked, even none, and others still follow.",
    )


class NeighboursSerializer(serializers.Serializer):
    newer = ImageSerializer(allow_null=True)
    older = ImageSerializer(allow_null=True)


class VerifiedSerializer(serializers.Serializer):
    """What a file holds now, beside what it held when it was kept."""

    unchanged = serializers.BooleanField()
    sha256 = serializers.CharField()
    expectedSha256 = serializers.CharField()
    fileSize = serializers.IntegerField(help_text="Bytes.")
    checkedAt = serializers.DateTimeField()


def describe_captured(captured: Captured) -> dict[str, Any]:
    """The answer to a capture: what is true now, of the file as it lies there."""
    record, kept, image = captured.record, captured.kept, captured.image
    return {
        "success": True,
        "imageId": image.pk if image else None,
        "filename": kept.filename,
        "filepath": str(kept.path),
        "capturedAt": record["capturedAt"],
        "exposureTime": record["actual"]["exposureMs"],
        "gain": record["actual"]["gainDb"],
        "fileSize": kept.size_bytes,
        "width": record["image"]["width"],
        "height": record["image"]["height"],
        "metadata": _describe_metadata(record),
        "databaseSaved": image is not None,
        "sha256": kept.sha256,
        **_addresses(image.pk if image else None),
    }


def describe_image(image: Image, asking: Person) -> dict[str, Any]:
    """An image, as it is for the person who asks."""
    return {
        "imageId": image.pk,
        "filename": image.filename,
        "capturedAt": format_time(image.captured_at),
        "user": image.user.get_username() if image.user else None,
        "userId": image.user_id,
        "jobId": image.job_id,
        "exposureTime": image.exposure_ms,
        "gain": image.gain_db,
        "xPosition": image.x_position,
        "yPosition": image.y_position,
        "zPosition": image.z_position,
        "fileSize": image.file_size,
        "width": image.width,
        "height": image.height,
        "format": image.image_format,
        "simulated": image.is_simulated,
        "adopted": image.is_adopted,
        "objective": describe_objective(image.objective) if image.objective else None,
        "umPerPixelX": image.um_per_pixel_x,
        "umPerPixelY": image.um_per_pixel_y,
        "calibration": tell_calibration(image.calibration) if image.calibration else None,
        "sha256": image.sha256,
        "sample": image.sample,
        "note": image.note,
        "binnedAt": format_time(image.binned_at) if image.binned_at else None,
        "binnedBy": image.binned_by.get_username() if image.binned_by else None,
        "mayEdit": may_edit(asking, image),
        "mayBin": may_bin(asking, image),
        "metadata": image.metadata,
        **_addresses(image.pk),
    }


def describe_verified(verified: Verified) -> dict[str, Any]:
    return {
        "unchanged": verified.is_unchanged,
        "sha256": verified.sha256,
        "expectedSha256": verified.expected_sha256,
        "fileSize": verified.size_bytes,
        "checkedAt": format_time(verified.checked_at),
    }


def describe_outcome(outcome: Outcome) -> dict[str, Any]:
    refused = [
        {"imageId": refusal.image_id, "code": refusal.problem.code, "message": str(refusal.problem)}
        for refusal in outcome.refused
    ]
    return {"done": outcome.done, "refused": refused}


def _describe_metadata(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": record["file"]["format"].upper(),
        "quality": record["file"]["quality"],
        "cameraConnected": not record["simulated"] and the_camera().status().is_well,
        "simulatedMode": record["simulated"],
        "requested": record["requested"],
        "actual": record["actual"],
        "frame": record["frame"],
        "camera": record["camera"],
        "objective": record["objective"],
        "scale": record["scale"],
        "recordId": record["id"],
    }


def _addresses(image_id: int | None) -> dict[str, str | None]:
    if image_id is None:
        return {"url": None, "thumbnailUrl": None}
    return {
        "url": reverse("api-image-file", args=[image_id]),
        "thumbnailUrl": reverse("api-image-thumbnail", args=[image_id]),
    }
