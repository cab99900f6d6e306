"""The library's tables. `images` keeps the column names of the older system; in Python the names carry units."""

import uuid

from django.conf import settings
from django.db import connections, models
from django.db.models import Q

from images.errors import CalibrationFixed

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


class Objective(models.Model):
    """A lens of the microscope. What one of its pixels measures is said by its calibrations, never by its name."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, unique=True)
    magnification = models.FloatField(help_text="As engraved.")
    numerical_aperture = models.FloatField(null=True, blank=True)
    is_retired = models.BooleanField(default=False, help_text="It can be neither chosen nor calibrated any more.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "objectives"
        ordering = ["is_retired", "magnification", "name"]
        permissions = [("calibrate_objective", "Can keep objectives and calibrate them")]

    def __str__(self) -> str:
        return self.name


class CalibrationQuerySet(models.QuerySet["Calibration"]):
    def newest_first(self) -> "CalibrationQuerySet":
        return self.order_by("-made_at", "-id")

    def of_camera(self, serial_number: str, model: str) -> "CalibrationQuerySet":
        """Those that hold for this very camera; the newest of an objective is the one in force."""
        return self.filter(camera_serial_number=serial_number, camera_model=model)


class Calibration(models.Model):
    """What a pixel measures through one objective on one camera. Never edited: a new one supersedes it, and images
    keep the one that was in force when they were taken.

    `pixels` is how long the line was that was drawn along `length_um`, in pixels of the sensor (those of the image,
    times its pixel addressing), so that `um_per_pixel`, at binning 1, is the one divided by the other.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    objective = models.ForeignKey(Objective, on_delete=models.PROTECT, related_name="calibrations", db_index=False)
    camera_serial_number = models.CharField(max_length=100)
    camera_model = models.CharField(max_length=100)
    um_per_pixel = models.FloatField()
    uncertainty_um = models.FloatField(null=True, help_text="Standard uncertainty of um_per_pixel.")
    length_um = models.FloatField()
    pixels = models.FloatField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    image = models.ForeignKey("Image", on_delete=models.SET_NULL, null=True, related_name="+")
    image_record_id = models.UUIDField(null=True, help_text="Of the image it was drawn on, listed or not.")

    objects = CalibrationQuerySet.as_manager()

    class Meta:
        db_table = "calibrations"
        indexes = [
            models.Index(
                fields=["objective", "camera_serial_number", "camera_model", "made_at"], name="calibrations_in_force"
            )
        ]

    def __str__(self) -> str:
        return f"{self.objective}: {self.um_per_pixel:g} \N{MICRO SIGN}m/px"

    def save(self, *args, **options) -> None:
        """Raises CalibrationFixed for one that is there already."""
        if not self._state.adding:
            raise CalibrationFixed
        super().save(*args, **{**options, "force_insert": True})


class CurrentObjective(models.Model):
    """The one row that says which objective is in use."""

    objective = models.ForeignKey(Objective, on_delete=models.PROTECT, null=True, related_name="+")
    chosen_at = models.DateTimeField(auto_now=True)
    chosen_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        db_table = "current_objective"
        constraints = [models.CheckConstraint(condition=Q(id=1), name="current_objective_is_one_row")]

    def __str__(self) -> str:
        return str(self.objective)


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

    def with_what_is_told(self) -> "ImageQuerySet":
        """With the rows of other tables that an image's description names."""
        return self.select_related("user", "binned_by", "objective", "calibration__made_by")

    def shown(self) -> "ImageQuerySet":
        """What is not in the bin."""
        return self.filter(SHOWN)

    def in_bin(self) -> "ImageQuerySet":
        return self.filter(BINNED)

    def of_day(self, day) -> "ImageQuerySet":
        """Images whose file lies in the folder of that UTC day. The bounds say the same as the beginning: SQLite can
        look up only those, PostgreSQL, which sorts names by its language, only that."""
        beginning = f"capture_{day:%Y%m%d}"
        images = self.filter(filename__startswith=f"{beginning}_")
        if connections[self.db].vendor == "sqlite":
            images = images.filter(filename__gte=f"{beginning}_", filename__lt=f"{beginning}`")
        return images


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
    objective = models.ForeignKey(
        Objective, on_delete=models.PROTECT, null=True, blank=True, related_name="images", db_index=False
    )
    calibration = models.ForeignKey(Calibration, on_delete=models.PROTECT, null=True, blank=True, related_name="images")
    um_per_pixel_x = models.FloatField(null=True, blank=True, help_text="Along the image's rows; empty if unknown.")
    um_per_pixel_y = models.FloatField(null=True, blank=True, help_text="Along its columns; empty if unknown.")
    created_at = models.DateTimeField(auto_now_add=True)
    binned_at = models.DateTimeField(null=True, blank=True, help_text="When it was moved to the bin.")
    binned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    # May be null, which SQLite adds in place: making the table anew would cost it its text index.
    revision = models.PositiveIntegerField(
        null=True, editable=False, help_text="How often it was changed; its changes file says the same number."
    )

    idempotency_key = models.CharField(  # noqa: DJ001 (where there is none, none may collide)
        max_length=200, null=True, blank=True, editable=False, help_text="What its client called the request, of late."
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
            models.Index(fields=["objective", "captured_at", "id"], name="images_shown_objective", condition=SHOWN),
            models.Index(fields=["captured_at", "id"], name="images_in_bin", condition=BINNED),
            models.Index(fields=["binned_at"], name="images_binned", condition=BINNED),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "idempotency_key"],
                name="images_user_idempotency_key",
                condition=Q(idempotency_key__isnull=False),
            )
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


class Verification(models.Model):
    """One look through the whole archive: how far it came, and what it found. Kept as it goes on, so that it can be
    resumed after any end."""

    class State(models.TextChoices):
        RUNNING = "running"
        INTERRUPTED = "interrupted"
        FINISHED = "finished"
        GIVEN_UP = "given up"

    state = models.CharField(max_length=20, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField(auto_now_add=True)
    started_by = models.CharField(max_length=150, blank=True, help_text="Account on the computer it ran on.")
    seen_at = models.DateTimeField(auto_now_add=True, help_text="When it last said how far it is.")
    finished_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0, help_text="How long it worked, without what lay between.")
    last_image_id = models.BigIntegerField(default=0, help_text="Images up to this number have been read again.")
    last_day = models.CharField(max_length=10, blank=True, help_text="Folders up to this day have been looked through.")
    image_count = models.PositiveIntegerField(default=0, help_text="Originals that were read again.")
    byte_count = models.BigIntegerField(default=0)
    file_count = models.PositiveIntegerField(default=0, help_text="Files that were looked at in the folders.")
    counts = models.JSONField(default=dict, help_text="How many findings of each kind.")

    class Meta:
        db_table = "verifications"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M} {self.state}"

    @property
    def is_finished(self) -> bool:
        return self.state == self.State.FINISHED

    @property
    def finding_count(self) -> int:
        return sum(self.counts.values())


class Finding(models.Model):
    """One thing that is not as it should be. Of each kind only the first are kept; all are counted."""

    class Kind(models.TextChoices):
        MISSING = "missing"
        CHANGED = "changed"
        UNKNOWN = "unknown"
        ORPHANED = "orphaned"
        STRAY = "stray"

    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(max_length=10, choices=Kind)
    place = models.CharField(max_length=300, help_text="The file, below the folder of images.")
    image = models.ForeignKey(Image, on_delete=models.SET_NULL, null=True, related_name="+", db_index=True)
    detail = models.TextField(blank=True)
    found_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "verification_findings"
        indexes = [models.Index(fields=["verification", "kind"], name="findings_of_kind")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.place}"
