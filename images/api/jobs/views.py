"""The calls about jobs: plan, show, pause, continue, move and stop."""

from typing import cast

from django.contrib.auth.models import AbstractBaseUser
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from images.api.image_list import next_address
from images.api.jobs.serializers import (
    MAX_SLOTS_AT_ONCE,
    ContinueSerializer,
    EstimateSerializer,
    JobPageSerializer,
    JobSerializer,
    MoveSerializer,
    NewJobSerializer,
    PlanSerializer,
    SlotPageSerializer,
    describe_estimate,
    describe_job,
    describe_slot,
    describe_summary,
)
from images.errors import BadQuery
from images.index.idempotency import read_idempotency_key
from images.jobs.control import continue_job, find_job, pause_job, stop_job, take_next_plane
from images.jobs.measures.estimate import estimate_plan
from images.jobs.queue.make import make_job, read_new_plan
from images.jobs.queue.order import move_job
from images.jobs.slots import list_slots
from images.jobs.stored_plan import read_plan
from images.models import MAX_ID, Job

MAX_PER_PAGE = 200
DEFAULT_PER_PAGE = 50
TIME_LAPSE = {
    "name": "Wound 3, HeLa",
    "plan": {
        "time_plan": {"interval": 600, "loops": 84},
        "metadata": {"microscope": {"format": "tiff", "sample": "HeLa, plate 12"}},
    },
}
AVERAGE = {
    "name": "Faint beads",
    "plan": {
        "channels": [{"config": "100 ms", "exposure": 100}],
        "metadata": {"microscope": {"average": 16, "sample": "beads, 0.1 µm"}},
    },
}
EXAMPLE = OpenApiExample("Every ten minutes for fourteen hours", TIME_LAPSE, request_only=True)
AVERAGE_EXAMPLE = OpenApiExample("The exact sum of sixteen frames", AVERAGE, request_only=True)
ESTIMATE_EXAMPLE = OpenApiExample("The same plan", {"plan": TIME_LAPSE["plan"]}, request_only=True)
CONTINUE_EXAMPLE = OpenApiExample("If nothing changed", {"withCameraAsItIs": False}, request_only=True)
MOVE_EXAMPLE = OpenApiExample("To the end of the queue", {"before": None}, request_only=True)
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    pattern="^[!-~]{1,200}$",
    description="Your own name for this job. The same request again under the same key makes no second job.",
)
PAGE_PARAMETERS = [
    OpenApiParameter("state", str, enum=Job.State.values, description="Only jobs in this state."),
    OpenApiParameter("cursor", int, description="From `next` of the page before."),
    OpenApiParameter("limit", int, description=f"Jobs a page, at most {MAX_PER_PAGE}."),
]
SLOT_PARAMETERS = [
    OpenApiParameter("from", int, description="The first slot; 0 if left out."),
    OpenApiParameter("to", int, description=f"The first slot behind them; at most {MAX_SLOTS_AT_ONCE} at once."),
]


class JobListView(APIView):
    needs = {"GET": "view", "POST": "capture"}
    uses_camera = {"POST"}

    @extend_schema(
        operation_id="jobs_list",
        tags=["jobs"],
        summary="Jobs, newest first",
        parameters=PAGE_PARAMETERS,
        responses=JobPageSerializer,
    )
    def get(self, request: Request) -> Response:
        # A plan can be large, and only that of the job that runs is needed here.
        jobs = Job.objects.with_plan().select_related("user").defer("plan", "events").order_by("-id")
        if state := request.query_params.get("state"):
            jobs = jobs.filter(state=state)
        cursor = _read_number(request, "cursor", MAX_ID)
        limit = min(max(_read_number(request, "limit", DEFAULT_PER_PAGE), 1), MAX_PER_PAGE)
        found = list(jobs.filter(id__lt=cursor)[: limit + 1])
        page = found[:limit]
        following = str(page[-1].pk) if len(found) > limit else None
        results = [describe_summary(job, request.user) for job in page]
        return Response({"results": results, "next": next_address(request, following)})

    @extend_schema(
        tags=["jobs"],
        summary="Plan a job; it begins now, behind other jobs, or at its time",
        description="While another person or script controls the camera, a job that is to begin now is refused: 409 "
        "with code `control_held`. With `queue` it waits.",
        parameters=[IDEMPOTENCY_KEY],
        request=NewJobSerializer,
        examples=[EXAMPLE, AVERAGE_EXAMPLE],
        responses={201: JobSerializer},
    )
    def post(self, request: Request) -> Response:
        asked = NewJobSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        details = asked.validated_data
        job = make_job(
            by=cast(AbstractBaseUser, request.user),
            name=details["name"],
            plan=details["plan"],
            starts_at=details.get("startsAt"),
            may_queue=details["queue"],
            asked=read_idempotency_key(request.headers.get("Idempotency-Key"), request.data),
        )
        return Response(describe_job(find_job(job.pk), request.user), status=201)


class JobEstimateView(APIView):
    needs = {"POST": "capture"}
    uses_camera = {"POST"}

    @extend_schema(
        operation_id="jobs_estimate",
        tags=["jobs"],
        summary="What a plan would cost, as measured on some test pictures; nothing is kept",
        request=PlanSerializer,
        examples=[ESTIMATE_EXAMPLE],
        responses={200: EstimateSerializer},
    )
    def post(self, request: Request) -> Response:
        asked = PlanSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        plan = read_new_plan(asked.validated_data["plan"])
        return Response(describe_estimate(plan, estimate_plan(plan)))


class JobView(APIView):
    needs = {"GET": "view"}

    @extend_schema(tags=["jobs"], summary="One job: its progress, and its missed slots", responses=JobSerializer)
    def get(self, request: Request, job_id: int) -> Response:
        return Response(describe_job(find_job(job_id), request.user))


class JobPauseView(APIView):
    needs = {"POST": "edit"}
    uses_camera = {"POST"}

    @extend_schema(
        tags=["jobs"], summary="Pause a job after the picture under way", request=None, responses=JobSerializer
    )
    def post(self, request: Request, job_id: int) -> Response:
        return Response(describe_job(pause_job(job_id, request.user), request.user))


class JobContinueView(APIView):
    needs = {"POST": "edit"}
    uses_camera = {"POST"}

    @extend_schema(
        tags=["jobs"],
        summary="Let a paused job go on at its next round",
        request=ContinueSerializer,
        examples=[CONTINUE_EXAMPLE],
        responses=JobSerializer,
    )
    def post(self, request: Request, job_id: int) -> Response:
        asked = ContinueSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        as_it_is = asked.validated_data["withCameraAsItIs"]
        return Response(describe_job(continue_job(job_id, request.user, with_camera_as_it_is=as_it_is), request.user))


class JobMoveView(APIView):
    needs = {"POST": "edit"}
    uses_camera = {"POST"}

    @extend_schema(
        tags=["jobs"],
        summary="Let a waiting job begin before another one, or last",
        request=MoveSerializer,
        examples=[MOVE_EXAMPLE],
        responses=JobSerializer,
    )
    def post(self, request: Request, job_id: int) -> Response:
        asked = MoveSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(describe_job(move_job(job_id, request.user, asked.validated_data["before"]), request.user))


class JobStopView(APIView):
    needs = {"POST": "edit"}
    uses_camera = {"POST"}

    @extend_schema(
        tags=["jobs"],
        summary="Stop a job for good after the picture under way",
        request=None,
        responses=JobSerializer,
    )
    def post(self, request: Request, job_id: int) -> Response:
        return Response(describe_job(stop_job(job_id, request.user), request.user))


class JobNextPlaneView(APIView):
    needs = {"POST": "edit"}
    uses_camera = {"POST"}

    @extend_schema(
        operation_id="jobs_next_plane",
        tags=["jobs"],
        summary="Say that stage and focus are set for the picture that the job waits for",
        request=None,
        responses=JobSerializer,
    )
    def post(self, request: Request, job_id: int) -> Response:
        return Response(describe_job(take_next_plane(job_id, request.user), request.user))


class JobSlotsView(APIView):
    needs = {"GET": "view"}

    @extend_schema(
        tags=["jobs"],
        summary="Slots of a job: when each is due, and what became of it",
        parameters=SLOT_PARAMETERS,
        responses=SlotPageSerializer,
    )
    def get(self, request: Request, job_id: int) -> Response:
        job = find_job(job_id)
        first = _read_number(request, "from", 0)
        end = min(_read_number(request, "to", first + MAX_SLOTS_AT_ONCE), first + MAX_SLOTS_AT_ONCE)
        return Response({"slots": [describe_slot(slot) for slot in list_slots(job, read_plan(job), first, end)]})


def _read_number(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 17 and int(text) <= MAX_ID):
        raise BadQuery(f"{name} must be a whole number.", {name: ["Must be a whole number."]})
    return int(text)
