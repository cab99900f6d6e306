"""The results of verification runs in the database: how far a run came, and what it found."""

from django.db import models
from django.utils import timezone

from images.models.instruments import Instrument
from images.own_instrument import own_instrument_id


class VerificationQuerySet(models.QuerySet["Verification"]):
    def of_this_pc(self) -> "VerificationQuerySet":
        """Return the runs through the archive of this PC."""
        return self.filter(instrument=own_instrument_id())


class Verification(models.Model):
    """One run through the whole archive: how far it came, and what it found. It is saved during the run, so that it can
    be resumed after an interruption or a crash."""

    class State(models.TextChoices):
        RUNNING = "running"
        INTERRUPTED = "interrupted"
        FINISHED = "finished"
        GIVEN_UP = "given up"

    # The PC whose archive it is.
    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, null=True, related_name="+", db_index=False)
    state = models.CharField(max_length=20, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField(auto_now_add=True)
    started_by = models.CharField(max_length=150, blank=True, help_text="Account on the computer that ran it.")
    seen_at = models.DateTimeField(auto_now_add=True, help_text="When the progress was last saved.")
    finished_at = models.DateTimeField(null=True)
    seconds = models.FloatField(default=0, help_text="How long the run worked, without interruptions.")
    last_image_id = models.BigIntegerField(default=0, help_text="Images up to this id have been read again.")
    last_day = models.CharField(max_length=10, blank=True, help_text="Folders up to this day have been looked through.")
    image_count = models.PositiveIntegerField(default=0, help_text="Originals that were read again.")
    in_store_count = models.PositiveIntegerField(
        default=0, help_text="Of these, originals that are only in the store, and were not read."
    )
    byte_count = models.BigIntegerField(default=0)
    file_count = models.PositiveIntegerField(default=0, help_text="Files that were looked at in the folders.")
    counts = models.JSONField(default=dict, help_text="Number of findings of each kind.")

    objects = VerificationQuerySet.as_manager()

    class Meta:
        db_table = "verifications"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{timezone.localtime(self.started_at):%Y-%m-%d %H:%M %Z} {self.state}"

    @property
    def is_finished(self) -> bool:
        return self.state == self.State.FINISHED

    @property
    def finding_count(self) -> int:
        return sum(self.counts.values())


class Finding(models.Model):
    """One thing that is wrong. Only the first findings of each kind are stored; all are counted."""

    class Kind(models.TextChoices):
        MISSING = "missing"
        CHANGED = "changed"
        DIFFERS = "differs"
        UNKNOWN = "unknown"
        ORPHANED = "orphaned"
        STRAY = "stray"

    verification = models.ForeignKey(Verification, on_delete=models.CASCADE, related_name="findings")
    kind = models.CharField(max_length=10, choices=Kind)
    place = models.CharField(max_length=300, help_text="Path of the file, relative to the folder of images.")
    # A finding outlives its image.
    image = models.ForeignKey("images.Image", on_delete=models.SET_NULL, null=True, related_name="+", db_index=True)
    detail = models.TextField(blank=True)
    found_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "verification_findings"
        indexes = [models.Index(fields=["verification", "kind"], name="findings_of_kind")]

    def __str__(self) -> str:
        return f"{self.kind}: {self.place}"
