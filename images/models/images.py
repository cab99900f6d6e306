"""The table of images. Its columns have the names of the older system; the names in Python carry units."""

import uuid

from django.conf import settings
from django.db import connections, models, transaction
from django.db.models import Q

from folding import fold
from images.editable_fields import SEARCHED_COLUMNS
from images.models.conditions import (
    BINNED,
    NOT_BINNED,
    OF_SEVERAL,
    STORE_INDEXES,
)
from images.models.instruments import Instrument
from images.models.jobs import Job
from images.models.optics import Calibration, Objective
from images.models.records import RecordField, name_of_job
from images.own_instrument import own_instrument_id

SEARCHED = ("filename", *SEARCHED_COLUMNS)
FOLDED_FROM = (*SEARCHED, "job_slot", "metadata")
FOLDED_AT_ONCE = 500


class ImageQuerySet(models.QuerySet["Image"]):
    """Queries for images. They keep `search_text` up to date in bulk writes, which do not call `save`."""

    def bulk_create(self, objs, *args, **options):
        images = list(objs)
        for image in images:
            image.fold_text()
        return super().bulk_create(images, *args, **options)

    # Django's templates must never call these methods.
    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def update(self, **values) -> int:
        """If a searched text is updated, update the search text too."""
        if values.keys().isdisjoint(SEARCHED):
            return super().update(**values)
        with transaction.atomic(using=self.db):
            # The ids first: after the update, the filter may not match these rows any more.
            image_ids = list(self.values_list("pk", flat=True))
            super().update(**values)
            images = self.model._base_manager.using(self.db)
            for first in range(0, len(image_ids), FOLDED_AT_ONCE):
                some = list(images.only("pk", *FOLDED_FROM).filter(pk__in=image_ids[first : first + FOLDED_AT_ONCE]))
                for image in some:
                    image.fold_text()
                images.bulk_update(some, ["search_text"])
        return len(image_ids)

    update.alters_data = True  # type: ignore[attr-defined]

    def newest_first(self) -> "ImageQuerySet":
        return self.order_by("-captured_at", "-id")

    def older_than(self, captured_at, image_id: int) -> "ImageQuerySet":
        """Return the images after this one in the order newest first. With this form of the condition, the databases
        start at this place in the index; with the textbook form, `a < x OR (a = x AND b < y)`, they read everything
        before it."""
        return self.filter(captured_at__lte=captured_at).filter(Q(captured_at__lt=captured_at) | Q(id__lt=image_id))

    def oldest_first(self) -> "ImageQuerySet":
        return self.order_by("captured_at", "id")

    def newer_than(self, captured_at, image_id: int) -> "ImageQuerySet":
        """Return the images before this one in the order newest first. For the condition see `older_than`."""
        return self.filter(captured_at__gte=captured_at).filter(Q(captured_at__gt=captured_at) | Q(id__gt=image_id))

    def with_related(self) -> "ImageQuerySet":
        """Fetch users, objective, calibration and instrument with the images: their descriptions name them."""
        related = self.select_related("user", "binned_by", "objective", "calibration__made_by", "instrument")
        return related.defer("instrument__picture")  # as long as hundreds of rows

    def not_binned(self) -> "ImageQuerySet":
        return self.filter(NOT_BINNED)

    def in_bin(self) -> "ImageQuerySet":
        return self.filter(BINNED)

    def forget_store(self) -> int:
        """Write into these rows that their originals wait for the store again."""
        return self.update(place=None, store_key=None, stored_at=None, verified_at=None)

    forget_store.alters_data = True  # type: ignore[attr-defined]

    def of_this_pc(self) -> "ImageQuerySet":
        """Return the images that this PC captured. Only their files can be in its archive."""
        return self.filter(instrument=own_instrument_id())

    def of_day(self, day) -> "ImageQuerySet":
        """Return the images whose file is in the folder of that UTC day on this PC."""
        # The character after "_" is "`". So the bounds contain every name that begins with the day.
        beginning = f"capture_{day:%Y%m%d}"
        images = self.of_this_pc().filter(filename__startswith=f"{beginning}_")
        # SQLite uses the index only for bounds. PostgreSQL sorts names by the rules of its language, so bounds would be
        # wrong there.
        if connections[self.db].vendor == "sqlite":
            images = images.filter(filename__gte=f"{beginning}_", filename__lt=f"{beginning}`")
        return images


class Image(models.Model):
    """The row of a captured image: an index entry for its original. The record inside the original holds the same data
    and more.

    `exposure_ms` and `gain_db` (decibels) come from the frame itself. `captured_at` is when its exposure began.
    """

    # These three have no index of their own: those below begin with the same column and sort by time too.
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, blank=True, related_name="images", db_index=False)
    # May be null, for the same reason as `revision` below.
    job_slot = models.PositiveBigIntegerField(
        null=True, blank=True, editable=False, help_text="The image's place in the plan of its job, counted from 0."
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="images", db_index=False
    )
    instrument = models.ForeignKey(
        Instrument,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="images",
        db_index=False,
        help_text="The PC that captured it. Empty for a PC that is alone.",
    )
    # Unique among those of one instrument: see the constraints.
    filename = models.CharField(max_length=100)
    thumbnail_path = models.CharField(max_length=200, blank=True)
    captured_at = models.DateTimeField()
    x_position = models.FloatField(null=True, blank=True)
    y_position = models.FloatField(null=True, blank=True)
    z_position = models.FloatField(null=True, blank=True)
    exposure_ms = models.FloatField(db_column="exposure_time")
    gain_db = models.FloatField(db_column="gain")
    file_size = models.BigIntegerField(help_text="Size of the file in bytes.")
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    sample = models.CharField(max_length=200, blank=True, default="", help_text="What lies under the microscope.")
    note = models.TextField(blank=True, default="")
    metadata = RecordField(default=dict, help_text="The record inside the file.")
    record_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    sha256 = models.CharField(max_length=64)
    image_format = models.CharField(max_length=8, db_column="format")
    is_simulated = models.BooleanField()
    is_adopted = models.BooleanField(default=False, help_text="The row was made later, from the file.")
    # May be null, for the same reason as `revision` below.
    changed_since_capture = models.BooleanField(
        null=True,
        editable=False,
        help_text="True if the pixels differ from those of the capture; empty if unknown.",
    )
    objective = models.ForeignKey(
        Objective, on_delete=models.PROTECT, null=True, blank=True, related_name="images", db_index=False
    )
    calibration = models.ForeignKey(Calibration, on_delete=models.PROTECT, null=True, blank=True, related_name="images")
    um_per_pixel_x = models.FloatField(
        null=True, blank=True, help_text="Horizontal size of a pixel in micrometres; empty if unknown."
    )
    um_per_pixel_y = models.FloatField(
        null=True, blank=True, help_text="Vertical size of a pixel in micrometres; empty if unknown."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    binned_at = models.DateTimeField(null=True, blank=True, help_text="When the image was moved to the bin.")
    binned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    search_text = models.TextField(  # noqa: DJ001 (SQLite adds a column in place only if it may be null)
        null=True, editable=False, help_text="File name and searched texts, in the form that searches compare."
    )
    binned_run_day = models.PositiveIntegerField(
        null=True, editable=False, help_text="The count of run days when the sweep first saw the image in the bin."
    )
    # May be null, because SQLite adds such a column in place. Otherwise it would copy the table, and the text index
    # would lose its triggers.
    revision = models.PositiveIntegerField(
        null=True, editable=False, help_text="How often the image was changed. Its sidecar has the same number."
    )
    idempotency_key = models.CharField(  # noqa: DJ001 (images without a key must not collide)
        max_length=200,
        null=True,
        blank=True,
        editable=False,
        help_text="The key that the client gave its request. It is removed after a day or more.",
    )
    key_run_day = models.PositiveIntegerField(
        null=True, editable=False, help_text="The count of run days when the sweep first saw the key."
    )

    class Place(models.TextChoices):
        """Where the original is, if not only on the disk of the instrument. STORE: it was read back whole from the
        store, and has left this disk since. CONFLICT: the store has other bytes under its key; the file here is kept,
        if it is still here. LOST: it was only in the store, and is there no more."""

        BOTH = "both", "on the instrument and in the store"
        STORE = "store", "in the store"
        CONFLICT = "conflict", "the store has other bytes"
        LOST = "lost", "lost by the store"

    # These may be null, for the same reason as `revision` above.
    place = models.CharField(max_length=8, choices=Place, null=True, editable=False)  # noqa: DJ001
    store_key = models.CharField(max_length=300, null=True, editable=False)  # noqa: DJ001
    stored_at = models.DateTimeField(null=True, editable=False, help_text="When the store said that it has it.")
    verified_at = models.DateTimeField(
        null=True, editable=False, help_text="When it was last read back from the store and found whole."
    )
    stored_revision = models.PositiveIntegerField(
        null=True, editable=False, help_text="The last revision of its changes that is in the store."
    )
    evicted_at = models.DateTimeField(null=True, editable=False, help_text="When the original left this disk.")
    wanted_at = models.DateTimeField(
        null=True, editable=False, help_text="When somebody elsewhere asked for it. Those go to the store first."
    )

    objects = ImageQuerySet.as_manager()

    class Meta:
        db_table = "images"
        indexes = [
            models.Index(fields=["job", "captured_at"], name="images_job_captured"),
            models.Index(fields=["user", "captured_at"], name="images_user_captured"),
            models.Index(fields=["captured_at"], name="images_captured"),
            # The gallery lists images outside the bin, the bin page those inside. Each has its own partial index.
            models.Index(fields=["captured_at", "id"], name="images_shown", condition=NOT_BINNED),
            models.Index(fields=["user", "captured_at", "id"], name="images_shown_user", condition=NOT_BINNED),
            models.Index(fields=["job", "captured_at", "id"], name="images_shown_job", condition=NOT_BINNED),
            models.Index(
                fields=["objective", "captured_at", "id"], name="images_shown_objective", condition=NOT_BINNED
            ),
            models.Index(fields=["captured_at", "id"], name="images_in_bin", condition=BINNED),
            models.Index(fields=["binned_at"], name="images_binned", condition=BINNED),
            models.Index(
                fields=["instrument", "captured_at", "id"],
                name="images_shown_instrument",
                condition=NOT_BINNED & OF_SEVERAL,
            ),
            *STORE_INDEXES,
        ]
        constraints = [
            # Two PCs may capture in the same millisecond. With the operator class, PostgreSQL finds those of a day.
            models.UniqueConstraint(
                fields=["filename"],
                name="images_filename_alone",
                condition=Q(instrument__isnull=True),
                opclasses=["varchar_pattern_ops"],
            ),
            models.UniqueConstraint(
                fields=["instrument", "filename"],
                name="images_filename",
                condition=OF_SEVERAL,
                opclasses=["uuid_ops", "varchar_pattern_ops"],
            ),
            models.UniqueConstraint(
                fields=["user", "idempotency_key"],
                name="images_user_idempotency_key",
                condition=Q(idempotency_key__isnull=False, instrument__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["user", "instrument", "idempotency_key"],
                name="images_instrument_idempotency_key",
                condition=Q(idempotency_key__isnull=False, instrument__isnull=False),
            ),
            # With a condition it is an index, which SQLite adds without copying the table.
            models.UniqueConstraint(
                fields=["job", "job_slot"], name="images_job_slot", condition=Q(job_slot__isnull=False)
            ),
        ]
        permissions = [("capture_image", "Can capture images and set the camera")]

    def __str__(self) -> str:
        return self.filename

    def save(self, *args, **options) -> None:
        """Write the search text together with the texts that it is made of."""
        fields = options.get("update_fields")
        if fields is None or not set(SEARCHED).isdisjoint(fields):
            self.fold_text()
            if fields is not None:
                # Otherwise Django would save the texts without the search text.
                options["update_fields"] = {*fields, "search_text"}
        super().save(*args, **options)

    def fold_text(self) -> None:
        """Write the search text. A picture of a job is also found by the name of the job, which never changes: it is in
        the record."""
        texts = [getattr(self, name) for name in SEARCHED]
        if self.job_slot is not None:
            texts.append(name_of_job(self.metadata))
        self.search_text = "\n".join(map(fold, texts))
