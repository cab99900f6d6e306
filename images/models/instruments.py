"""The table of instruments: the lab PCs whose pictures are in this library."""

import uuid
from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q

# It writes its row every ten seconds.
LOST_AFTER = timedelta(seconds=30)


class Instrument(models.Model):
    """A lab PC with its camera. It writes this row itself every ten seconds, so the values are as old as
    `last_seen_at`. A PC that shares its library with no other has no row; its images, jobs and removals have no
    instrument."""

    id = models.UUIDField(
        primary_key=True, default=uuid.uuid4, editable=False, help_text="The same as in its data folder."
    )
    name = models.CharField(max_length=100, unique=True)
    url = models.CharField(max_length=200, blank=True, help_text="Where people open its live page.")
    version = models.CharField(max_length=40, blank=True)
    last_seen_at = models.DateTimeField(null=True, help_text="When it wrote this row, by the clock of the database.")
    # A process that holds the lease writes under the id of this instrument. Nobody else may.
    lease_id = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True, editable=False)
    clock_offset_ms = models.FloatField(null=True, help_text="How far its clock is ahead of that of the database.")
    camera = models.JSONField(default=dict, help_text="What its camera is, and how it does.")
    free_bytes = models.BigIntegerField(null=True, help_text="Free space on the disk of its originals.")
    spool_count = models.PositiveIntegerField(default=0, help_text="Originals that are not in the store yet.")
    spool_bytes = models.BigIntegerField(default=0)
    oldest_local_at = models.DateTimeField(null=True, help_text="When the oldest of these was captured.")
    spool_bytes_per_s = models.FloatField(null=True, help_text="How quickly it has put originals into the store.")
    picture = models.BinaryField(null=True, help_text="A small picture of its live view, as JPEG.")
    picture_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "instruments"
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="instruments_have_names")]

    def __str__(self) -> str:
        return self.name

    def is_lost(self, now: datetime) -> bool:
        """Return True if it has not written its row for LOST_AFTER."""
        return self.last_seen_at is None or now - self.last_seen_at > LOST_AFTER
