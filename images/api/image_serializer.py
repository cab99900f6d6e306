"""The fields of an image in the API: one table, from which both the schema and the responses are made."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from django.urls import reverse
from rest_framework.serializers import (
    BooleanField,
    CharField,
    ChoiceField,
    DateTimeField,
    DictField,
    Field,
    FloatField,
    IntegerField,
    Serializer,
)

from images.api.instruments.named import NamedInstrumentSerializer, describe_named
from images.api.jobs.stacks import StackSerializer
from images.api.objectives.serializers import (
    CalibrationFieldsSerializer,
    ObjectiveFieldsSerializer,
    serialize_calibration,
)
from images.edit.bin import count_days_left
from images.editable_fields import EDITABLE_FIELDS, EditableField
from images.models import Image
from images.permissions import Person, may_bin, may_edit
from images.record.image import format_time
from images.record.optics import describe_objective
from images.record.sums import read_sum

# Reads one value of an image, as the given user may see it.
Read = Callable[[Image, Person], Any]


def column(name: str) -> Read:
    return lambda image, asking: getattr(image, name)


def file_address(image_id: int) -> str:
    return reverse("api-image-file", args=[image_id])


def thumbnail_address(image_id: int) -> str:
    return reverse("api-image-thumbnail", args=[image_id])


def count_summed_frames(image: Image) -> int:
    summed = read_sum(image.metadata)
    return summed.frames if summed else 1


def _field_of(field: EditableField) -> Field:
    return CharField(allow_blank=True) if field.is_text else FloatField(allow_null=True)


# Responses read the values directly, without the work of a serializer for each field.
IMAGE_FIELDS: dict[str, tuple[Field, Read]] = {
    "imageId": (IntegerField(), column("pk")),
    "filename": (CharField(), column("filename")),
    "capturedAt": (DateTimeField(), lambda image, asking: format_time(image.captured_at)),
    "user": (CharField(allow_null=True), lambda image, asking: image.user and image.user.get_username()),
    "userId": (IntegerField(allow_null=True), column("user_id")),
    "jobId": (IntegerField(allow_null=True), column("job_id")),
    "jobSlot": (
        IntegerField(allow_null=True, help_text="Its place in the plan of the job, from 0; null if it has none."),
        column("job_slot"),
    ),
    "stack": (
        StackSerializer(allow_null=True, help_text="Only in lists with `stacked`: what this image stands for."),
        lambda image, asking: None,
    ),
    "exposureTime": (FloatField(help_text="Milliseconds; of a sum, that of each frame."), column("exposure_ms")),
    "gain": (FloatField(help_text="Decibels."), column("gain_db")),
    "summedFrames": (
        IntegerField(help_text="Of how many frames each value is the exact sum; 1: it is a single frame."),
        lambda image, asking: count_summed_frames(image),
    ),
    **{field.api_name: (_field_of(field), column(field.column)) for field in EDITABLE_FIELDS},
    "fileSize": (IntegerField(help_text="Bytes."), column("file_size")),
    "width": (IntegerField(), column("width")),
    "height": (IntegerField(), column("height")),
    "format": (CharField(), column("image_format")),
    "simulated": (BooleanField(), column("is_simulated")),
    "adopted": (BooleanField(help_text="The row was made later, from the file."), column("is_adopted")),
    "changedSinceCapture": (
        BooleanField(allow_null=True, help_text="true if the pixels differ from those captured; null if unknown."),
        column("changed_since_capture"),
    ),
    "instrument": (
        NamedInstrumentSerializer(
            allow_null=True, help_text="Which of several microscopes captured it; null if the library has only one."
        ),
        lambda image, asking: describe_named(image.instrument),
    ),
    "objective": (
        ObjectiveFieldsSerializer(allow_null=True, help_text="null if unknown."),
        lambda image, asking: image.objective and describe_objective(image.objective),
    ),
    "umPerPixelX": (
        FloatField(allow_null=True, help_text="Horizontal scale; null if unknown."),
        column("um_per_pixel_x"),
    ),
    "umPerPixelY": (
        FloatField(allow_null=True, help_text="Vertical; null if unknown."),
        column("um_per_pixel_y"),
    ),
    "calibration": (
        CalibrationFieldsSerializer(allow_null=True, help_text="The calibration that the scale comes from."),
        lambda image, asking: image.calibration and serialize_calibration(image.calibration),
    ),
    "sha256": (CharField(), column("sha256")),
    "place": (
        ChoiceField(
            ["local", *Image.Place.values],
            help_text="Where the original is: `local`: only on the PC that captured it; `both`: in the store too; "
            "`store`: only there; it is fetched when it is asked for; `conflict`: the store has other bytes under its "
            "key, and the file on that PC is kept, if it is still there; `lost`: it was only there, and is gone.",
        ),
        lambda image, asking: image.place or "local",
    ),
    "verifiedAt": (
        DateTimeField(allow_null=True, help_text="When it was read back from the store and found whole; null: never."),
        lambda image, asking: image.verified_at and format_time(image.verified_at),
    ),
    "binnedAt": (
        DateTimeField(allow_null=True, help_text="null if the image is not in the bin."),
        lambda image, asking: image.binned_at and format_time(image.binned_at),
    ),
    "binnedBy": (CharField(allow_null=True), lambda image, asking: image.binned_by and image.binned_by.get_username()),
    "revision": (
        IntegerField(help_text="Grows with each change; 0 if never changed."),
        lambda image, asking: image.revision or 0,
    ),
    "binDaysLeft": (
        IntegerField(
            allow_null=True, help_text="Days on which the program must still run before the image is deleted for good."
        ),
        lambda image, asking: count_days_left(image),
    ),
    "mayEdit": (
        BooleanField(help_text="true if you may edit this image."),
        lambda image, asking: may_edit(asking, image),
    ),
    "mayBin": (
        BooleanField(help_text="true if you may move this image to the bin and restore it."),
        lambda image, asking: may_bin(asking, image),
    ),
    "metadata": (DictField(help_text="The record inside the file."), column("metadata")),
    "url": (CharField(), lambda image, asking: file_address(image.pk)),
    "thumbnailUrl": (CharField(), lambda image, asking: thumbnail_address(image.pk)),
}


class ImageSerializer(Serializer):
    """One image of the library."""

    def get_fields(self) -> dict[str, Field]:
        # A field belongs to one serializer: binding it to a second one would change the first.
        return {name: deepcopy(field) for name, (field, _read) in IMAGE_FIELDS.items()}


def describe_image(image: Image, asking: Person) -> dict[str, Any]:
    """Return the fields of an image. Some depend on the user `asking`."""
    return {name: read(image, asking) for name, (_field, read) in IMAGE_FIELDS.items()}
