"""Planned series of captures, and their missed slots. The file of a job (images/archive/job_file.py) holds the same
data and more: these rows are its index."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from folding.fields import FoldedField
from images.models.instruments import Instrument
from images.own_instrument import own_instrument_id

# What Job.place is, in the database.
PLACE = Coalesce("queue_place", "id", output_field=models.BigIntegerField())


class JobQuerySet(models.QuerySet["Job"]):
    def with_plan(self) -> "JobQuerySet":
        """Return the jobs that the program runs. Jobs without a plan are names under which people group images."""
        return self.filter(plan__isnull=False)

    def of_this_pc(self) -> "JobQuerySet":
        """Return the jobs that use the camera of this PC."""
        return self.filter(instrument=own_instrument_id())

    def active(self) -> "JobQuerySet":
        """Return the job of this PC that has begun and not ended. At most one has, because it holds the camera."""
        return self.with_plan().of_this_pc().filter(state__in=Job.ACTIVE, anchor_at__isnull=False)

    def waiting(self) -> "JobQuerySet":
        """Return the jobs of this PC that have not begun, in the order of the queue."""
        return self.with_plan().of_this_pc().filter(state__in=Job.WAITING).order_by(PLACE)

    def not_ended(self) -> "JobQuerySet":
        """Return the jobs of this PC that may have work to do, in the order of the queue."""
        return self.with_plan().of_this_pc().filter(state__in=(*Job.WAITING, *Job.ACTIVE)).order_by(PLACE)

    def up_to(self, job: "Job") -> "JobQuerySet":
        """Return those whose place in the queue is that of this job or an earlier one."""
        return self.alias(at=PLACE).filter(at__lte=job.place)


class Job(models.Model):
    """A planned series of captures.

    The plan has `expected` slots. They are decided in order: each becomes stored (an image has it) or missed (a gap
    contains it). After a stop, the remaining slots are not taken.
    """

    class State(models.TextChoices):
        PLANNED = "planned"
        QUEUED = "queued"
        RUNNING = "running"
        PAUSED = "paused"
        FINISHED = "finished"
        STOPPED = "stopped"
        FAILED = "failed"

    class PauseCause(models.TextChoices):
        USER = "user"
        STORAGE = "storage"
        CAMERA_CHANGED = "camera_changed"
        CLOCK = "clock"
        PLANE = "plane"

    WAITING = (State.PLANNED, State.QUEUED)
    ACTIVE = (State.RUNNING, State.PAUSED)
    ENDED = (State.FINISHED, State.STOPPED, State.FAILED)

    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=40, default="series")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="jobs")
    created_at = models.DateTimeField(auto_now_add=True)
    state = models.CharField(max_length=20, choices=State, default=State.PLANNED)
    lasting_id = models.UUIDField(
        unique=True,
        default=uuid.uuid4,
        editable=False,
        help_text="The id by which files name the job. It never changes.",
    )
    instrument = models.ForeignKey(
        Instrument,
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="jobs",
        help_text="The PC whose camera the job uses. Empty for a PC that is alone.",
    )
    plan = models.JSONField(null=True, blank=True, help_text="Empty for a job that only groups images.")
    plan_sha256 = models.CharField(max_length=64, blank=True, default="")
    expected = models.PositiveBigIntegerField(default=0)
    stored = models.PositiveBigIntegerField(default=0)
    missed = models.PositiveBigIntegerField(default=0)
    starts_at = models.DateTimeField(null=True, blank=True, help_text="Earliest start. Empty: as soon as possible.")
    queue_place = models.BigIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text="Where in the queue it was moved to. Empty: its id counts.",
    )
    anchor_at = models.DateTimeField(
        null=True, blank=True, help_text="When slot 0 was due. Empty until the job begins."
    )
    shift_s = models.FloatField(default=0, help_text="Seconds by which the remaining slots have moved since then.")
    ended_at = models.DateTimeField(null=True, blank=True)
    reason = models.CharField(
        max_length=100,
        blank=True,
        default="",
        help_text="Why the job is paused, or why it ended early, as people see it.",
    )
    detail = models.TextField(blank=True, default="", help_text="The message of the camera or the disk.")
    pause_cause = models.CharField(max_length=20, choices=PauseCause, blank=True, default="")
    paused_by = models.CharField(
        max_length=150, blank=True, default="", help_text="User name, if a user paused the job."
    )
    seat = models.JSONField(null=True, blank=True, help_text="Camera, objective and geometry when the job began.")
    estimate = models.JSONField(null=True, blank=True, help_text="Measured bytes of a picture and seconds of a round.")
    events = models.JSONField(default=list, blank=True, help_text="What happened to the job, newest last.")
    stored_parts = models.PositiveIntegerField(
        null=True, editable=False, help_text="How many parts of its file are in the object store."
    )
    stored_bytes = models.PositiveBigIntegerField(null=True, editable=False, help_text="The bytes of these parts.")
    is_file_stored = models.BooleanField(
        null=True, editable=False, help_text="True once the job has ended and all of its file is in the store."
    )
    idempotency_key = models.CharField(  # noqa: DJ001 (jobs without one must not collide)
        max_length=200, null=True, blank=True, editable=False, help_text="The key that the client gave its request."
    )
    request_sha256 = models.CharField(max_length=64, blank=True, default="", editable=False)
    search_text = FoldedField(of=["name", "sample", "note"], help_text="Its texts, folded for the search.")

    objects = JobQuerySet.as_manager()

    class Meta:
        db_table = "jobs"
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["state", "id"], name="jobs_state"),
            models.Index(fields=["anchor_at"], name="jobs_begun"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "idempotency_key"],
                name="jobs_user_idempotency_key",
                condition=Q(idempotency_key__isnull=False, instrument__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["user", "instrument", "idempotency_key"],
                name="jobs_instrument_idempotency_key",
                condition=Q(idempotency_key__isnull=False, instrument__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def sample(self) -> str:
        return self._read_wish("sample")

    @property
    def note(self) -> str:
        return self._read_wish("note")

    def _read_wish(self, name: str) -> str:
        """Return a text from the plan, or "" if the plan does not have it: people can change plans in the database."""
        part: Any = self.plan
        for key in ("metadata", "microscope", name):
            part = part.get(key) if isinstance(part, dict) else None
        return part if isinstance(part, str) else ""

    @property
    def is_active(self) -> bool:
        return self.state in Job.ACTIVE

    @property
    def has_begun(self) -> bool:
        """True if it holds the camera: it has begun and not ended."""
        return self.is_active and self.anchor_at is not None

    @property
    def is_waiting(self) -> bool:
        return self.state in Job.WAITING

    @property
    def has_ended(self) -> bool:
        return self.state in Job.ENDED

    @property
    def decided(self) -> int:
        """How many slots are stored or missed. Slots are decided in order, so this is also the next one."""
        return self.stored + self.missed

    @property
    def place(self) -> int:
        """Its place in the queue while it waits: larger for those that begin later."""
        return self.pk if self.queue_place is None else self.queue_place

    @property
    def rest(self) -> int:
        """How many slots are not decided yet."""
        return max(self.expected - self.decided, 0)


class JobGap(models.Model):
    """A run of slots that were missed for one reason. Gaps of a job never overlap, and contain no stored slot."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="gaps", db_index=False)
    first_slot = models.PositiveBigIntegerField()
    last_slot = models.PositiveBigIntegerField()
    reason = models.CharField(max_length=100, help_text="Why the slots were missed, as people see it.")
    since = models.DateTimeField(help_text="When the first of these slots was due.")
    until = models.DateTimeField(help_text="When the last of these slots could no longer be taken.")
    detail = models.TextField(blank=True, default="", help_text="The message of the camera or the disk.")

    class Meta:
        db_table = "job_gaps"
        default_permissions = []
        ordering = ["first_slot"]
        constraints = [
            models.UniqueConstraint(fields=["job", "first_slot"], name="job_gaps_first_slot"),
            models.CheckConstraint(condition=Q(first_slot__lte=F("last_slot")), name="job_gaps_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first_slot}-{self.last_slot} {self.reason}"
