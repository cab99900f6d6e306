"""The call that exports a whole job."""

from typing import Any

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from camera.api.serializers import StrictSerializer
from camera.live.admission import close_database_connections
from images.api.images import choose_content_type
from images.export.convert import CONTENT_TYPE_OF_BYTES
from images.jobs.control import find_job
from images.jobs.export.make import KINDS, plan_export
from images.jobs.export.order import AXIS_WORDS, ExportOrder
from images.jobs.plan.limits import MAX_SLOTS

CONTENT_TYPES = [*dict.fromkeys(kind.content_type for kind in KINDS.values()), CONTENT_TYPE_OF_BYTES]
BLANK, SKIP = "blank", "skip"
MAX_FRAMES_PER_S = 60
PARAMETERS = [
    OpenApiParameter(
        "as",
        str,
        enum=list(KINDS),
        required=False,
        default="csv",
        description="`csv`: the table of slots. `zip`: originals, plan and table. `hyperstack`: for ImageJ and Fiji. "
        "`ome-tiff`: for QuPath, OMERO and napari. `webp`, `gif`, and `mp4` if the server has ffmpeg: movies.",
    ),
    OpenApiParameter(
        "gaps",
        str,
        enum=[BLANK, SKIP],
        required=False,
        default=BLANK,
        description="Missed slots in stacks and movies: black and named, or left out.",
    ),
    *(
        OpenApiParameter(word, int, description=f"In stacks and movies: only this {word} of the plan, from 0.")
        for word in AXIS_WORDS.values()
    ),
    OpenApiParameter("scaleBar", bool, default=True, description="In movies, if the scale is known: a scale bar."),
    OpenApiParameter(
        "timeStamp",
        bool,
        default=True,
        description="In movies: number and time of each picture. A simulated one is marked always.",
    ),
    OpenApiParameter("rate", int, default=10, description=f"Frames a second of movies, 1 to {MAX_FRAMES_PER_S}."),
]


class JobExportView(APIView):
    needs = {"GET": "view"}
    media_types = {"GET": CONTENT_TYPES}

    @extend_schema(
        operation_id="jobs_export",
        tags=["jobs"],
        summary="Download a whole job, made from its originals while it is sent",
        description="Any format but CSV has a type of its own, or application/octet-stream if you accept only that. "
        "The export of a running job ends at the newest picture.",
        parameters=PARAMETERS,
        responses={(200, "text/csv"): OpenApiTypes.BINARY, (200, CONTENT_TYPE_OF_BYTES): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, job_id: int) -> HttpResponseBase:
        query = ExportQuerySerializer(data=request.query_params.dict())
        query.is_valid(raise_exception=True)
        order = query.order
        content_type = choose_content_type(request, KINDS[order.kind].content_type)
        return send_export(job_id, order, content_type, is_head=request.method == "HEAD")


def send_export(job_id: int, order: ExportOrder, content_type: str, *, is_head: bool = False) -> HttpResponseBase:
    """Return the answer that is the export. Raises JobMissing, and as plan_export."""
    export = plan_export(find_job(job_id), order)
    # An export can take hours to send. Meanwhile it must not keep a database connection from others.
    close_database_connections()
    headers = {
        "Content-Disposition": f'attachment; filename="{export.name}"',
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",  # nginx would else store the export before it sends the first byte
    }
    if export.length_bytes is not None:
        headers["Content-Length"] = str(export.length_bytes)
    if is_head:
        return HttpResponse(content_type=content_type, headers=headers)
    return StreamingHttpResponse(export.stream(), content_type=content_type, headers=headers)


class ExportQuerySerializer(StrictSerializer):
    """The parameters of the query. `as` is a keyword of Python, so `get_fields` adds that field."""

    gaps = serializers.ChoiceField([BLANK, SKIP], default=BLANK)
    scaleBar = serializers.BooleanField(default=True)
    timeStamp = serializers.BooleanField(default=True)
    rate = serializers.IntegerField(default=10, min_value=1, max_value=MAX_FRAMES_PER_S)

    def get_fields(self) -> dict[str, serializers.Field]:
        places = {
            word: serializers.IntegerField(required=False, min_value=0, max_value=MAX_SLOTS)
            for word in AXIS_WORDS.values()
        }
        return {"as": serializers.ChoiceField(list(KINDS), default="csv"), **places, **super().get_fields()}

    @property
    def order(self) -> ExportOrder:
        """Return the order of a valid query."""
        asked: dict[str, Any] = self.validated_data
        return ExportOrder(
            kind=asked["as"],
            leaves_out_missed=asked["gaps"] == SKIP,
            chosen={axis: asked[word] for axis, word in AXIS_WORDS.items() if word in asked},
            has_scale_bar=asked["scaleBar"],
            has_time_stamp=asked["timeStamp"],
            frames_per_s=asked["rate"],
        )
