"""The job that is under way, as the status line and the control line of every page ask for it."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from images.jobs.heartbeat import JobSign
from images.jobs.under_way import seconds_to_next
from images.models import Job


class JobUnderWaySerializer(serializers.Serializer):
    """The job that has begun and not ended."""

    jobId = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.ChoiceField(Job.State.choices)
    expected = serializers.IntegerField(help_text="Slots of the plan.")
    stored = serializers.IntegerField()
    missed = serializers.IntegerField()
    secondsToNext = serializers.FloatField(
        allow_null=True, help_text="Until the next picture is due; negative if it is late; null unless it is running."
    )


def describe_under_way(job: JobSign) -> dict[str, Any]:
    return {
        "jobId": job.number,
        "name": job.name,
        "state": job.state,
        "expected": job.expected,
        "stored": job.stored,
        "missed": job.missed,
        "secondsToNext": seconds_to_next(job, timezone.now()),
    }
