"""The call that lists the instruments."""

from datetime import datetime
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from images.control.lease import Lease
from images.models import CameraControl, Job
from images.overview.read import InstrumentNow, read_instruments
from images.record.image import format_time
from images.roles import is_of_several

EXAMPLE = OpenApiExample(
    "One microscope",
    {
        "results": [
            {
                "id": "0a5f4f3c-8f5e-4c52-9f5e-0a1b2c3d4e5f",
                "name": "Inverted, room 214",
                "url": "https://lab-214.example.org/",
                "state": "streaming",
                "simulated": False,
                "problem": "",
                "seenAt": "2026-01-16T03:07:41.000Z",
                "isLost": False,
                "driving": {
                    "name": "Ada Lovelace",
                    "label": "job 41",
                    "kind": "job",
                    "note": "Wound 3, HeLa",
                    "until": "2026-01-16T06:39:00.000Z",
                },
                "job": {"id": 41, "name": "Wound 3, HeLa", "stored": 607, "missed": 21, "expected": 840},
                "freeBytes": 412000000000,
                "spool": {"count": 4, "bytes": 128000000, "oldestAt": "2026-01-16T03:04:41.000Z"},
                "clockOffsetMs": -12.5,
                "version": "1.0.0",
            }
        ]
    },
    response_only=True,
)


class DrivingSerializer(serializers.Serializer):
    name = serializers.CharField(help_text="Of the user.")
    label = serializers.CharField(  # type: ignore[assignment]  # the API's word, not the attribute of a field
        help_text="`browser`, the name of a script, or the job."
    )
    kind = serializers.ChoiceField(CameraControl.Kind.values)
    note = serializers.CharField(allow_blank=True, help_text="For what.")
    until = serializers.DateTimeField(allow_null=True, help_text="null: it ends when it is not used any more.")


class InstrumentJobSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    stored = serializers.IntegerField()
    missed = serializers.IntegerField()
    expected = serializers.IntegerField()


class SpoolSerializer(serializers.Serializer):
    count = serializers.IntegerField(help_text="Originals that are only on its disk, not yet in the store.")
    bytes = serializers.IntegerField()
    oldestAt = serializers.DateTimeField(allow_null=True, help_text="When the oldest of them was captured.")


class InstrumentSerializer(serializers.Serializer):
    """A microscope, as it was at `seenAt`."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    url = serializers.CharField(allow_blank=True, help_text="Its own live page.")
    state = serializers.CharField(
        allow_blank=True, help_text="State of its camera, as in `GET /api/v1/camera`; empty if not known."
    )
    simulated = serializers.BooleanField()
    problem = serializers.CharField(allow_blank=True, help_text="What is wrong with its camera; empty if nothing is.")
    seenAt = serializers.DateTimeField(allow_null=True, help_text="By the clock of the database; null: never.")
    isLost = serializers.BooleanField(help_text="It gave no sign for 30 seconds.")
    driving = DrivingSerializer(allow_null=True, help_text="Who controls it; null: nobody, or it is lost.")
    job = InstrumentJobSerializer(allow_null=True, help_text="The job that it carries out.")
    freeBytes = serializers.IntegerField(allow_null=True)
    spool = SpoolSerializer()
    clockOffsetMs = serializers.FloatField(
        allow_null=True, help_text="How far its clock is ahead of that of the database."
    )
    version = serializers.CharField(allow_blank=True)


class InstrumentListSerializer(serializers.Serializer):
    results = InstrumentSerializer(many=True)


class InstrumentListView(APIView):
    needs = {"GET": "view"}

    @extend_schema(
        operation_id="instruments_list",
        tags=["instruments"],
        summary="List the microscopes that share the library, by name",
        description="A PC that shares its library with no other lists none.",
        responses=InstrumentListSerializer,
        examples=[EXAMPLE],
    )
    def get(self, request: Request) -> Response:
        instruments = read_instruments() if is_of_several() else []
        return Response({"results": [describe_instrument(one) for one in instruments]})


def describe_instrument(now: InstrumentNow) -> dict[str, Any]:
    row = now.row
    return {
        "id": str(row.pk),
        "name": row.name,
        "url": row.url,
        "state": now.camera.state,
        "simulated": now.camera.is_simulated,
        "problem": now.camera.problem,
        "seenAt": _format(row.last_seen_at),
        "isLost": now.is_lost,
        "driving": now.lease and describe_driving(now.lease),
        "job": now.job and describe_job_under_way(now.job),
        "freeBytes": row.free_bytes,
        "spool": {"count": row.spool_count, "bytes": row.spool_bytes, "oldestAt": _format(row.oldest_local_at)},
        "clockOffsetMs": row.clock_offset_ms,
        "version": row.version,
    }


def describe_driving(lease: Lease) -> dict[str, Any]:
    holder = lease.holder
    return {
        "name": holder.name,
        "label": holder.label,
        "kind": str(holder.kind),
        "note": lease.note,
        "until": _format(lease.until),
    }


def describe_job_under_way(job: Job) -> dict[str, Any]:
    counts = {"stored": job.stored, "missed": job.missed, "expected": job.expected}
    return {"id": job.pk, "name": job.name, **counts}


def _format(moment: datetime | None) -> str | None:
    return format_time(moment) if moment else None
