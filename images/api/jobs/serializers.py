"""Requests and responses of the calls about jobs."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from camera.api.serializers import StrictSerializer
from images.api.fields import TextField
from images.jobs.control import may_control
from images.jobs.measures.bursts import BurstMeasured
from images.jobs.measures.estimate import Estimate, find_obstacles
from images.jobs.plan import Plan, Slot
from images.jobs.queue.order import find_place
from images.jobs.slots import STATES, SlotNow, next_due_at
from images.jobs.stored_plan import read_plan
from images.jobs.under_way import find_full_at
from images.models import MAX_ID, Image, Job, JobGap
from images.permissions import Person
from images.record.image import format_time

MAX_GAPS = 500
SHOWN_SLOTS = 5
MAX_SLOTS_AT_ONCE = 1000


@extend_schema_field({"type": "object", "additionalProperties": True})
class PlanField(serializers.Field):
    """A plan as JSON, or as text. If it is text, an error names the line that is wrong."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, dict | str):
            raise serializers.ValidationError("Must be a plan, or the text of one.")
        return data


class PlanSerializer(StrictSerializer):
    plan = PlanField(help_text="In the words of useq-schema: docs/api/plans.md.")


class NewJobSerializer(PlanSerializer):
    """A new job. For fields that are left out, the camera stays as it is set, and the settings of the program apply."""

    name = TextField(max_length=200)
    startsAt = serializers.DateTimeField(required=False, allow_null=True, help_text="Without it: now, after others.")
    queue = serializers.BooleanField(
        required=False, default=False, help_text="Wait also while another person or script controls the camera."
    )


class ContinueSerializer(StrictSerializer):
    withCameraAsItIs = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Go on even if the camera, its settings or the objective are not those from the beginning.",
    )


class SlotDueSerializer(serializers.Serializer):
    slot = serializers.IntegerField(help_text="From 0.")
    dueS = serializers.FloatField(help_text="Seconds since the first slot was due.")
    index = serializers.DictField(child=serializers.IntegerField(), help_text="Its place along each axis of the plan.")
    channel = serializers.CharField(allow_null=True)
    exposure = serializers.FloatField(allow_null=True, help_text="Milliseconds; null: as the camera is set.")


class BurstEstimateSerializer(serializers.Serializer):
    """What a burst needs, and how much camera and disk can do."""

    framesPerSecond = serializers.FloatField()
    bytesPerSecond = serializers.FloatField(help_text="What the camera gives.")
    diskBytesPerSecond = serializers.FloatField(help_text="What the disk takes.")
    secondsUntilFull = serializers.FloatField(
        allow_null=True, help_text="After so many seconds the memory is full; null: the disk keeps up."
    )


class EstimateSerializer(serializers.Serializer):
    """What a plan would cost. Sizes and times are those of the test pictures."""

    expected = serializers.IntegerField(help_text="Slots of the plan.")
    rounds = serializers.IntegerField()
    bytes = serializers.IntegerField(help_text="Of all pictures.")
    bytesPerPicture = serializers.IntegerField()
    seconds = serializers.FloatField(help_text="From the first picture to the last.")
    secondsPerRound = serializers.FloatField(help_text="How long a round takes.")
    shortestInterval = serializers.FloatField(allow_null=True, help_text="Seconds; null: there is no clock to keep.")
    testPictures = serializers.IntegerField(help_text="How many were taken for this; none was kept.")
    burst = BurstEstimateSerializer(allow_null=True, help_text="null unless the plan is a burst.")
    freeBytes = serializers.IntegerField()
    reserveBytes = serializers.IntegerField(help_text="With less left than this, captures are refused.")
    promisedBytes = serializers.IntegerField(help_text="What jobs that run or wait will still need.")
    fitsReserve = serializers.BooleanField()
    warnings = serializers.ListField(child=serializers.CharField(), help_text="Why the plan cannot begin as it is.")
    firstSlots = SlotDueSerializer(many=True)
    lastSlots = SlotDueSerializer(many=True)


class MoveSerializer(StrictSerializer):
    """The place in the queue that a job is to have."""

    before = serializers.IntegerField(
        min_value=0,
        max_value=MAX_ID,
        allow_null=True,
        help_text="Id of the job that is next then; null: at the end.",
    )


class GapSerializer(serializers.Serializer):
    """Slots in a row that were missed for one reason."""

    firstSlot = serializers.IntegerField()
    lastSlot = serializers.IntegerField()
    missed = serializers.IntegerField(help_text="How many slots these are.")
    reason = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    detail = serializers.CharField(allow_blank=True, help_text="The message of the camera or the disk.")


class JobEventSerializer(serializers.Serializer):
    at = serializers.DateTimeField()
    what = serializers.CharField()
    text = serializers.CharField(allow_blank=True)


class JobSummarySerializer(serializers.Serializer):
    """A job, as lists show it. `expected` is the sum of `stored`, `missed`, `toCome` and `notTaken`, always."""

    jobId = serializers.IntegerField()
    lastingId = serializers.UUIDField(help_text="Its permanent id, by which files name it.")
    name = serializers.CharField()
    kind = serializers.CharField()
    user = serializers.CharField()
    state = serializers.ChoiceField(Job.State.choices)
    reason = serializers.CharField(allow_blank=True, help_text="Why it is paused, or why it ended early.")
    detail = serializers.CharField(allow_blank=True, help_text="The message of the camera or the disk.")
    pauseCause = serializers.CharField(allow_blank=True)
    createdAt = serializers.DateTimeField()
    startsAt = serializers.DateTimeField(allow_null=True)
    anchorAt = serializers.DateTimeField(allow_null=True, help_text="When slot 0 was due; null until it begins.")
    endedAt = serializers.DateTimeField(allow_null=True)
    nextDueAt = serializers.DateTimeField(allow_null=True, help_text="null unless it is running.")
    expected = serializers.IntegerField(help_text="Slots of the plan.")
    stored = serializers.IntegerField()
    missed = serializers.IntegerField()
    toCome = serializers.IntegerField()
    notTaken = serializers.IntegerField(help_text="After a stop or a failure.")
    mayControl = serializers.BooleanField(help_text="Whether the user may pause and stop it.")


class JobSerializer(JobSummarySerializer):
    """A job, with everything about it."""

    plan = serializers.DictField()
    planSha256 = serializers.CharField()
    seat = serializers.DictField(allow_null=True, help_text="Camera, objective and geometry when it began.")
    estimate = serializers.DictField(allow_null=True)
    secondsToFull = serializers.FloatField(
        allow_null=True, help_text="Until the disk is full; null if all pictures to come have room, or nobody knows."
    )
    queuePlace = serializers.IntegerField(allow_null=True, help_text="From 1; null unless it waits.")
    lastImageId = serializers.IntegerField(allow_null=True)
    gapCount = serializers.IntegerField()
    gaps = GapSerializer(many=True, help_text=f"The last {MAX_GAPS}, in order.")
    events = JobEventSerializer(many=True, help_text="The newest last.")


class JobPageSerializer(serializers.Serializer):
    results = JobSummarySerializer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Address of the next page; null at the end.")


class SlotSerializer(serializers.Serializer):
    slot = serializers.IntegerField(help_text="From 0.")
    dueAt = serializers.DateTimeField(allow_null=True, help_text="null until the job has a time to begin at.")
    index = serializers.DictField(child=serializers.IntegerField(), help_text="Its place along each axis of the plan.")
    channel = serializers.CharField(allow_null=True)
    exposure = serializers.FloatField(allow_null=True, help_text="Milliseconds; null: as the camera was set.")
    gain = serializers.FloatField(allow_null=True, help_text="Decibels; null: as the camera was set.")
    state = serializers.ChoiceField(STATES)
    imageId = serializers.IntegerField(allow_null=True, help_text="null also while the row is still to come.")
    reason = serializers.CharField(allow_blank=True, help_text="Why it was missed.")


class SlotPageSerializer(serializers.Serializer):
    slots = SlotSerializer(many=True)


def describe_estimate(plan: Plan, estimate: Estimate) -> dict[str, Any]:
    return {
        **estimate.as_json(),
        "expected": plan.expected,
        "rounds": plan.rounds,
        "bytes": estimate.bytes,
        "seconds": round(estimate.seconds, 3),
        "shortestInterval": estimate.shortest_interval_s,
        "burst": _describe_burst(estimate.burst) if estimate.burst else None,
        "freeBytes": estimate.free_bytes,
        "reserveBytes": estimate.reserve_bytes,
        "promisedBytes": estimate.promised_bytes,
        "fitsReserve": estimate.is_room_there,
        "warnings": find_obstacles(plan, estimate),
        "firstSlots": [_describe_due(slot) for slot in plan.slots(0, SHOWN_SLOTS)],
        "lastSlots": [_describe_due(slot) for slot in plan.slots(plan.expected - SHOWN_SLOTS, plan.expected)],
    }


def _describe_burst(burst: BurstMeasured) -> dict[str, Any]:
    lasts_s = burst.seconds_until_full
    return {
        "framesPerSecond": round(1 / burst.seconds_per_frame, 3),
        "bytesPerSecond": round(burst.wanted_bytes_per_s),
        "diskBytesPerSecond": round(burst.disk_bytes_per_s),
        "secondsUntilFull": None if lasts_s is None else round(lasts_s, 1),
    }


def _describe_due(slot: Slot) -> dict[str, Any]:
    return {
        "slot": slot.number,
        "dueS": slot.due.total_seconds(),
        "index": dict(slot.index),
        "channel": slot.channel.name if slot.channel else None,
        "exposure": slot.exposure_ms,
    }


def describe_summary(job: Job, asking: Person, plan: Plan | None = None) -> dict[str, Any]:
    rest = job.rest
    plan = plan or (read_plan(job) if job.state == Job.State.RUNNING else None)
    return {
        "jobId": job.pk,
        "lastingId": str(job.lasting_id),
        "name": job.name,
        "kind": job.kind,
        "user": job.user.get_username(),
        "state": job.state,
        "reason": job.reason,
        "detail": job.detail,
        "pauseCause": job.pause_cause,
        "createdAt": format_time(job.created_at),
        "startsAt": job.starts_at and format_time(job.starts_at),
        "anchorAt": job.anchor_at and format_time(job.anchor_at),
        "endedAt": job.ended_at and format_time(job.ended_at),
        "nextDueAt": (due_at := plan and next_due_at(job, plan)) and format_time(due_at),
        "expected": job.expected,
        "stored": job.stored,
        "missed": job.missed,
        "toCome": 0 if job.has_ended else rest,
        "notTaken": rest if job.has_ended else 0,
        "mayControl": may_control(asking, job),
    }


def describe_job(job: Job, asking: Person) -> dict[str, Any]:
    full_at = find_full_at(job)
    newest = Image.objects.filter(job=job).newest_first().values_list("pk", flat=True)
    gaps = list(JobGap.objects.filter(job=job).order_by("-first_slot")[:MAX_GAPS])[::-1]
    return {
        **describe_summary(job, asking),
        "plan": job.plan,
        "planSha256": job.plan_sha256,
        "seat": job.seat,
        "estimate": job.estimate,
        "secondsToFull": max((full_at - timezone.now()).total_seconds(), 0.0) if full_at else None,
        "queuePlace": find_place(job),
        "lastImageId": newest.first(),
        "gapCount": job.gaps.count() if len(gaps) == MAX_GAPS else len(gaps),
        "gaps": [describe_gap(gap) for gap in gaps],
        "events": [{"at": event["at"], "what": event["what"], "text": event.get("text", "")} for event in job.events],
    }


def describe_gap(gap: JobGap) -> dict[str, Any]:
    return {
        "firstSlot": gap.first_slot,
        "lastSlot": gap.last_slot,
        "missed": gap.last_slot - gap.first_slot + 1,
        "reason": gap.reason,
        "since": format_time(gap.since),
        "until": format_time(gap.until),
        "detail": gap.detail,
    }


def describe_slot(slot: SlotNow) -> dict[str, Any]:
    return {
        "slot": slot.number,
        "dueAt": slot.due_at and format_time(slot.due_at),
        "index": dict(slot.index),
        "channel": slot.channel,
        "exposure": slot.exposure_ms,
        "gain": slot.gain_db,
        "state": slot.state,
        "imageId": slot.image_id,
        "reason": slot.reason,
    }
