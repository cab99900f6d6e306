"""The library's tables. `images` keeps the column names of the older system; in Python the names carry units."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

SHOWN = Q(binned_at__isnull=True)
BINNED = Q(binned_at__isnull=False)


class Job(models.Model):
    """A planned series of captures."""

    class State(models.TextChoices):
        PLANNED = "planned"
        RUNNING = "running"
        FINISHED = "finished"
        FAILED = "failed"
        CANCELLED = "cancelled"

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=40, default="series")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="jobs")
    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=20, choices=State, default=State.PLANNED)

    class Meta:
        db_table = "jobs"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class ImageQuerySet(models.QuerySet["Image"]):
    def newest_first(self) -> "ImageQuerySet":
        return self.order_by("-captured_at", "-id")

    def older_than(self, captured_at, image_id: int) -> "ImageQuerySet":
        """What follows an image, newest first. In this form the databases walk the index straight to the place;
        the textbook's `a < x OR (a = x AND b < y)` makes them read everything before it."""
        return self.filter(captured_at__lte=captured_at).filter(Q(captured_at__lt=captured_at) | Q(id__lt=image_id))

    def oldest_first(self) -> "ImageQuerySet":
        return self.order_by("captured_at", "id")

    def newer_than(self, captured_at, image_id: int) -> "ImageQuerySet":
        """What precedes an image, newest first; as `older_than`."""
        return self.filter(captured_at__gte=captured_at).filter(Q(captured_at__gt=captured_at) | Q(id__gt=image_id))

    def shown(self) -> "ImageQuerySet":
        """What is not in the bin."""
        return self.filter(SHOWN)

    def in_bin(self) -> "ImageQuerySet":
        return self.filter(BINNED)

    def of_day(self, day) -> "ImageQuerySet":
        """Images whose file lies in the folder of that UTC day."""
        return self.filter(filename__startswith=f"capture_{day:%Y%m%d}_")


class Image(models.Model):
    """A kept frame: an index entry for an original, whose record holds the same and more.

    Exposure in milliseconds, gain in decibels, as the frame itself says; `captured_at` is when its exposure began.
    """

    job = models.ForeignKey(
        Job, on_delete=models.SET_NULL, null=True, blank=True, related_name="images", db_index=False
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="images", db_index=False
    )
    filename = models.CharField(max_length=100, unique=True)
    thumbnail_path = models.CharField(max_length=200, blank=True)
    captured_at = models.DateTimeField()
    x_position = models.FloatField(null=True, blank=True)
    y_position = models.FloatField(null=True, blank=True)
    z_position = models.FloatField(null=True, blank=True)
    exposure_ms = models.FloatField(db_column="exposure_time")
    gain_db = models.FloatField(db_column="gain")
    file_size = models.BigIntegerField(help_text="bytes")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    sample = models.CharField(max_length=200, blank=True, default="", help_text="What lies under the microscope.")
    note = models.TextField(blank=True, default="")
    metadata = models.JSONField(default=dict, help_text="The record inside the file.")
    record_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    sha256 = models.CharField(max_length=64)
    image_format = models.CharField(max_length=8, db_column="format")
    is_simulated = models.BooleanField()
    is_adopted = models.BooleanField(default=False, help_text="The row was made from the file afterwards.")
    created_at = models.DateTimeField(auto_now_add=True)
    binned_at = models.DateTimeField(null=True, blank=True, help_text="When it was moved to the bin.")
    binned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )

    objects = ImageQuerySet.as_manager()

    class Meta:
        db_table = "images"
        indexes = [
            models.Index(fields=["job", "captured_at"], name="images_job_captured"),
            models.Index(fields=["user", "captured_at"], name="images_user_captured"),
            models.Index(fields=["captured_at"], name="images_captured"),
            # The list shows what is not in the bin, the bin what is; each walks an index of its own.
            models.Index(fields=["captured_at", "id"], name="images_shown", condition=SHOWN),
            models.Index(fields=["user", "captured_at", "id"], name="images_shown_user", condition=SHOWN),
            models.Index(fields=["job", "captured_at", "id"], name="images_shown_job", condition=SHOWN),
            models.Index(fields=["captured_at", "id"], name="images_in_bin", condition=BINNED),
            models.Index(fields=["binned_at"], name="images_binned", condition=BINNED),
        ]
        permissions = [("capture_image", "Can capture images and set the camera")]

    def __str__(self) -> str:
        return self.filename


class Removal(models.Model):
    """A promise to remove a file whose row was deleted, made in the same transaction.

    Without it a file that a crash left behind its deleted row would be taken for one that has no row yet. The record's
    id says which file is meant: a name can have been given anew.
    """

    record_id = models.UUIDField(unique=True)
    filename = models.CharField(max_length=100)
    decided_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "image_removals"

    def __str__(self) -> str:
        return self.filename
