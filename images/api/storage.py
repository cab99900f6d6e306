"""API of the disk: let originals leave it that the object store holds."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from camera.api.serializers import StrictSerializer
from images.api.fields import WholeNumberField
from images.errors import EvictionRefused
from images.spool.evict import Evictor
from images.spool.spool import the_spool

MAX_DAYS = 36_500


class EvictSerializer(StrictSerializer):
    olderThanDays = WholeNumberField(
        min_value=1, max_value=MAX_DAYS, help_text="At least the setting `KEEP_LOCAL_DAYS`, by the time of capture."
    )
    dryRun = serializers.BooleanField(required=False, default=False, help_text="Only count.")


class EvictedSerializer(serializers.Serializer):
    dryRun = serializers.BooleanField()
    count = serializers.IntegerField(help_text="How many originals left this PC; in a dry run, how many would.")
    sizeBytes = serializers.IntegerField()
    left = serializers.IntegerField(help_text="How many more may leave: a request moves some hundred at most.")


class EvictView(APIView):
    needs = {"POST": "oversee"}
    uses_camera = {"POST"}

    @extend_schema(
        operation_id="storage_evict",
        tags=["storage"],
        summary="Remove originals from this PC that were read back whole from the object store",
        description="They stay in the store, and are fetched from there when somebody wants them. Refused if the "
        "settings keep them for ever or longer, or if the store is in doubt.",
        request=EvictSerializer,
        examples=[OpenApiExample("Count only", {"olderThanDays": 90, "dryRun": True}, request_only=True)],
        responses=EvictedSerializer,
    )
    def post(self, request: Request) -> Response:
        asked = EvictSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        days, is_dry_run = asked.validated_data["olderThanDays"], asked.validated_data["dryRun"]
        done = require_evictor().evict(days, request.user, is_dry_run)
        described = {"count": done.count, "sizeBytes": done.size_bytes, "left": done.left}
        return Response({"dryRun": is_dry_run, **described})


def require_evictor() -> Evictor:
    """Raises EvictionRefused if no store is set."""
    spool = the_spool()
    if spool is None or spool.evictor is None:
        raise EvictionRefused("Originals stay on this PC: no object store is set.")
    return spool.evictor
