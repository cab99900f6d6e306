"""Requests and responses of the API of the library."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from camera.api.serializers import ExposureChangeSerializer, StrictSerializer
from camera.registry import the_camera
from images.api.fields import WholeNumberField, WithEditableFields
from images.api.image_serializer import ImageSerializer, file_address, thumbnail_address
from images.edit.bin import Outcome
from images.formats import FORMATS
from images.index.listing import Captured
from images.library import the_library
from images.models import MAX_ID
from images.record.image import format_time
from images.verification.check import Verified

MAX_IDS = 1000
MAX_IDS_OF_ZIP = 100_000


class CaptureSerializer(WithEditableFields, ExposureChangeSerializer):
    """A capture. Exposure and gain that are left out stay as they are. Format and quality default to the server's."""

    format = serializers.ChoiceField(list(FORMATS), required=False, help_text="File format.")
    quality = WholeNumberField(required=False, min_value=1, max_value=100, help_text="JPEG quality.")
    jobId = WholeNumberField(required=False, allow_null=True, min_value=1, max_value=MAX_ID)

    def validate(self, wanted: dict[str, Any]) -> dict[str, Any]:
        return {"format": settings.IMAGE_FORMAT, "quality": settings.IMAGE_QUALITY, **wanted}


class ImageChangeSerializer(WithEditableFields, StrictSerializer):
    """Fields that are left out are not changed. The original file keeps the values from the capture."""

    revision = WholeNumberField(
        required=False,
        min_value=0,
        help_text="The revision that you last saw. If it is not the current one, the response is 409.",
    )


class IdsSerializer(StrictSerializer):
    """A list of image ids."""

    ids = serializers.ListField(
        child=WholeNumberField(min_value=1, max_value=MAX_ID), allow_empty=False, max_length=MAX_IDS
    )


class ZipIdsSerializer(StrictSerializer):
    """A list of image ids for a ZIP, which may be much longer."""

    ids = serializers.ListField(
        child=WholeNumberField(min_value=1, max_value=MAX_ID), allow_empty=False, max_length=MAX_IDS_OF_ZIP
    )


class RefusedSerializer(serializers.Serializer):
    imageId = serializers.IntegerField()
    code = serializers.CharField(help_text="not_found, not_yours, or a code of a storage error.")
    message = serializers.CharField()


class OutcomeSerializer(serializers.Serializer):
    """The ids of images that were changed, and those that were refused, with the reason."""

    done = serializers.ListField(child=serializers.IntegerField())
    refused = RefusedSerializer(many=True)


class RemovedSerializer(serializers.Serializer):
    removed = serializers.IntegerField(help_text="Number of images that were deleted for good.")


class CaptureMetadataSerializer(serializers.Serializer):
    """The first four fields are fixed. More fields may be added after them."""

    format = serializers.CharField(help_text="JPG, PNG or TIFF.")
    quality = serializers.IntegerField(allow_null=True)
    cameraConnected = serializers.BooleanField(help_text="true if a real camera took the image.")
    simulatedMode = serializers.BooleanField()
    requested = serializers.DictField()
    actual = serializers.DictField(help_text="The settings that the camera reported with the frame.")
    frame = serializers.DictField()
    camera = serializers.DictField()
    objective = serializers.DictField(allow_null=True)
    scale = serializers.DictField()
    recordId = serializers.UUIDField()


class CapturedSerializer(serializers.Serializer):
    """A captured image that is saved on disk."""

    success = serializers.BooleanField()
    imageId = serializers.IntegerField(allow_null=True, help_text="null until the image is in the database.")
    filename = serializers.CharField()
    filepath = serializers.CharField()
    capturedAt = serializers.DateTimeField()
    exposureTime = serializers.FloatField(help_text="Milliseconds, as reported with the frame.")
    gain = serializers.FloatField(help_text="Decibels, as reported with the frame.")
    fileSize = serializers.IntegerField(help_text="Bytes.")
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    metadata = CaptureMetadataSerializer()
    databaseSaved = serializers.BooleanField()
    sha256 = serializers.CharField()
    url = serializers.CharField(allow_null=True)
    thumbnailUrl = serializers.CharField(allow_null=True)


class ImagePageSerializer(serializers.Serializer):
    results = ImageSerializer(many=True)
    next = serializers.CharField(
        allow_null=True,
        help_text="URL of the next page; null on the last page. If few images match the filters, a page may hold fewer "
        "than `limit`, even none, although more pages follow.",
    )


class IdPageSerializer(serializers.Serializer):
    """Image ids, newest first."""

    ids = serializers.ListField(child=serializers.IntegerField())
    fileSizes = serializers.ListField(child=serializers.IntegerField(), help_text="Bytes, in the order of `ids`.")
    mayBin = serializers.BooleanField(help_text="true if you may move at least one of them to the bin.")
    next = serializers.CharField(
        allow_null=True, help_text="URL of the next page; null on the last page. As in the list, a page may be empty."
    )


class NewerSerializer(serializers.Serializer):
    """The number of new images."""

    count = serializers.IntegerField(help_text="Number of new images that match the filters.")
    newest = serializers.IntegerField(help_text="The largest id that was examined: the next value for `after`.")
    more = serializers.BooleanField(help_text="true if there are newer images that were not examined.")


class NeighboursSerializer(serializers.Serializer):
    newer = ImageSerializer(allow_null=True)
    older = ImageSerializer(allow_null=True)


class VerifiedSerializer(serializers.Serializer):
    """The content of a file now, compared with its content when it was saved."""

    unchanged = serializers.BooleanField()
    sha256 = serializers.CharField()
    expectedSha256 = serializers.CharField()
    fileSize = serializers.IntegerField(help_text="Bytes.")
    checkedAt = serializers.DateTimeField()


def describe_captured(captured: Captured) -> dict[str, Any]:
    """Return the response to a capture, from the record and the file as they were saved."""
    record, kept, image = captured.record, captured.kept, captured.image
    return {
        "success": True,
        "imageId": image.pk if image else None,
        "filename": kept.filename,
        "filepath": str(the_library().archive.path_of(kept.filename)),
        "capturedAt": record["capturedAt"],
        "exposureTime": record["actual"]["exposureMs"],
        "gain": record["actual"]["gainDb"],
        "fileSize": kept.size_bytes,
        "width": record["image"]["width"],
        "height": record["image"]["height"],
        "metadata": _describe_metadata(record),
        "databaseSaved": image is not None,
        "sha256": kept.sha256,
        "url": file_address(image.pk) if image else None,
        "thumbnailUrl": thumbnail_address(image.pk) if image else None,
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
        # A simulated camera is no camera, even if it works well.
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
