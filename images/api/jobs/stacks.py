"""A job in lists of images: one image stands for all of its pictures of a day."""

from collections.abc import Iterable
from typing import Any

from rest_framework import serializers

from images.jobs.verdict import describe_verdicts
from images.search.stacks import Stack, Tile


class StackSerializer(serializers.Serializer):
    """The pictures of a job on one day that match the filters."""

    jobId = serializers.IntegerField()
    name = serializers.CharField()
    day = serializers.DateField(help_text="In the lab's time zone.")
    count = serializers.IntegerField(help_text="How many pictures these are.")
    more = serializers.BooleanField(help_text="true if there are more than `count`: they were not counted further.")
    verdict = serializers.CharField(help_text="What became of the whole job, in words.")


def describe_stacks(tiles: Iterable[Tile]) -> list[dict[str, Any] | None]:
    """Return the stack of each tile; None for an image without a stack."""
    stacks = [tile.stack for tile in tiles]
    verdicts = describe_verdicts({stack.job.pk: stack.job for stack in stacks if stack}.values())
    return [_describe(stack, verdicts[stack.job.pk]) if stack else None for stack in stacks]


def _describe(stack: Stack, verdict: str) -> dict[str, Any]:
    return {
        "jobId": stack.job.pk,
        "name": stack.job.name,
        "day": stack.day.isoformat(),
        "count": stack.count,
        "more": stack.is_more,
        "verdict": verdict,
    }
