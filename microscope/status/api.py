"""GET /api/v1/status: the status page for programs."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from images.record.image import format_time
from microscope.status.line import BAD, FINE, UNKNOWN, WARN, Line
from microscope.status.read import read_status


class StatusLineSerializer(serializers.Serializer):
    name = serializers.CharField(help_text="What was looked at.")
    level = serializers.ChoiceField([FINE, WARN, BAD, UNKNOWN], help_text="unknown: it could not be measured.")
    state = serializers.CharField(help_text="How it is, in a word.")
    now = serializers.CharField(help_text="More about it.")
    names = serializers.CharField(help_text="Names of jobs, hosts and folders. The report leaves them out.")
    since = serializers.DateTimeField(allow_null=True)
    todo = serializers.CharField(help_text="What to do, in a sentence; empty if nothing.")


class StatusGroupSerializer(serializers.Serializer):
    name = serializers.CharField()
    lines = StatusLineSerializer(many=True)


class StatusSerializer(serializers.Serializer):
    readAt = serializers.DateTimeField()
    needYou = serializers.IntegerField(help_text="How many lines need somebody: warn and bad.")
    groups = StatusGroupSerializer(many=True)


class StatusView(APIView):
    needs = {"GET": "oversee"}

    @extend_schema(
        tags=["status"], summary="What is well, what needs somebody, and what to do", responses=StatusSerializer
    )
    def get(self, request: Request) -> Response:
        status = read_status(request._request)
        groups = [{"name": group.name, "lines": [describe(line) for line in group.lines]} for group in status.groups]
        return Response({"readAt": format_time(status.read_at), "needYou": status.need_you, "groups": groups})


def describe(line: Line) -> dict[str, str | None]:
    return {
        "name": line.name,
        "level": line.level,
        "state": line.state,
        "now": line.now,
        "names": line.names,
        "since": format_time(line.since) if line.since else None,
        "todo": line.todo,
    }
