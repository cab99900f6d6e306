"""The pages of jobs: the list, and one job. Their scripts renew what the server rendered, and play pictures."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from django.contrib.auth import get_user_model
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils import timezone
from django.views import View
from django.views.generic import TemplateView

from camera.absent.uses_camera import UsesCamera
from camera.registry import the_camera
from folding import alphabetical
from images.api.jobs.serializers import MoveSerializer
from images.errors import BadQuery
from images.jobs.control import continue_job, find_job, may_control, pause_job, stop_job, take_next_plane
from images.jobs.queue.order import move_job
from images.models import MAX_ID, Image, Job
from images.pages.display_fields import format_bytes
from images.pages.jobs.details import describe_job_page
from images.pages.jobs.export import describe_exports
from images.pages.jobs.filters import describe_filters, read_job_filters
from images.pages.jobs.timeline import describe_timeline
from images.pages.jobs.words import (
    describe_cause,
    describe_verdict_of,
    describe_what,
    find_gaps,
    find_times,
    read_plan_if_possible,
)
from images.pages.parts import PartsView
from images.permissions import CAPTURE, CHANGE_ANY, VIEW

ENDED_PER_PAGE = 25
MAX_WAITING = 100
MAX_PEOPLE = 500
PARTS_OF_LIST = ("running", "queued", "ended")
PARTS_OF_JOB = ("verdict", "actions", "film", "timeline", "next", "gaps", "progress", "events")


class JobListPage(PermissionRequiredMixin, TemplateView):
    """Running, queued, ended."""

    template_name = "images/jobs.html"
    permission_required = VIEW

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        names = get_user_model()._default_manager.values_list("username", flat=True)
        return super().get_context_data(
            **describe_lists(self.request),
            may_plan=self.request.user.has_perm(CAPTURE) and not the_camera().is_absent,
            people=sorted(names, key=alphabetical)[:MAX_PEOPLE],
            **context,
        )


class JobPage(PermissionRequiredMixin, TemplateView):
    """One job. `?no=628` shows that picture; else the newest is shown."""

    template_name = "images/job.html"
    permission_required = VIEW

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        job = find_job(self.kwargs["job_id"])
        exports = describe_exports(job, read_plan_if_possible(job))
        page = describe_job_page(job, self.request)
        return super().get_context_data(**page, exports=exports, share_query=f"job={job.pk}", **context)


class JobListPartsView(PartsView):
    folder, parts = "images/jobs", PARTS_OF_LIST

    def describe(self, request: HttpRequest, **where: Any) -> dict[str, Any]:
        return describe_lists(request)


class JobPartsView(PartsView):
    folder, parts = "images/job", PARTS_OF_JOB

    def describe(self, request: HttpRequest, **where: Any) -> dict[str, Any]:
        return describe_job_page(find_job(where["job_id"]), request)


class ButtonView(PermissionRequiredMixin, UsesCamera, View):
    """A button of a job, for browsers without a script; others ask the API."""

    http_method_names = ["post"]

    def has_permission(self) -> bool:
        return any(map(self.request.user.has_perm, (CAPTURE, CHANGE_ANY)))


class JobActView(ButtonView):
    acts: ClassVar[dict[str, Callable[..., Job]]] = {
        "pause": pause_job,
        "continue": continue_job,
        "stop": stop_job,
        "next-plane": take_next_plane,
    }

    def post(self, request: HttpRequest, job_id: int, act: str) -> HttpResponse:
        if act == "continue" and request.POST.get("withCameraAsItIs"):
            continue_job(job_id, request.user, with_camera_as_it_is=True)
        else:
            self.acts[act](job_id, request.user)
        return redirect("job", job_id)


class JobMoveView(ButtonView):
    """`before`: the id of the job that is to come after this one; empty: move it to the end."""

    def post(self, request: HttpRequest, job_id: int) -> HttpResponse:
        asked = MoveSerializer(data={"before": request.POST.get("before") or None})
        if not asked.is_valid():
            raise BadQuery("This place in the queue cannot be read. Load the page again.")
        move_job(job_id, request.user, asked.validated_data["before"])
        return redirect("jobs")


def describe_lists(request: HttpRequest) -> dict[str, Any]:
    jobs, filters = Job.objects.with_plan().select_related("user"), read_job_filters(request.GET)
    active = list(filters.keep_active(jobs).order_by("id")[:MAX_WAITING])
    # Two more than the page shows: the steps of the last one depend on those after it.
    waiting = list(filters.keep_waiting(jobs)[: MAX_WAITING + 2])
    ended = list(filters.keep_ended(jobs).filter(id__lt=_read_cursor(request.GET))[: ENDED_PER_PAGE + 1])
    return {
        "running": [describe_row(job, request) for job in active],
        "queued": [describe_row(job, request) | places for job, places in _find_moves(waiting, bool(filters.asked))],
        "ended": [describe_row(job, request) for job in ended[:ENDED_PER_PAGE]],
        "next_cursor": ended[ENDED_PER_PAGE - 1].pk if len(ended) > ENDED_PER_PAGE else None,
        "is_continued": "before" in request.GET,
        **describe_filters(filters),
        "is_over": False,
        "now": timezone.now(),
        "user": request.user,
    }


def _find_moves(waiting: Sequence[Job], is_filtered: bool) -> Iterator[tuple[Job, dict[str, Any]]]:
    """Yield each job with its steps up and down. A step is the id of the job that would come next, an empty text for
    the end of the queue, or None if there is no step. With filters there are no steps, because a user would not see
    where they lead."""
    ids = [job.pk for job in waiting]
    for place, job in enumerate(waiting[:MAX_WAITING]):
        if is_filtered:
            yield job, {"is_fixed": True}
            continue
        is_last = place + 1 == len(ids)
        down = None if is_last else ids[place + 2] if place + 2 < len(ids) else ""
        yield job, {"up": ids[place - 1] if place else None, "down": down}


def _read_cursor(asked: QueryDict) -> int:
    text = asked.get("before", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 17 else MAX_ID


def describe_row(job: Job, request: HttpRequest) -> dict[str, Any]:
    plan, gaps = read_plan_if_possible(job), find_gaps(job) if job.missed else []
    pictures = Image.objects.not_binned().filter(job=job).newest_first().defer("metadata")
    newest = pictures.first() if job.stored else None
    return {
        "job": job,
        "what": describe_what(job, plan),
        "verdict": describe_verdict_of(job, gaps),
        "cause": describe_cause(job),
        "timeline": describe_timeline(job, plan, gaps),
        "image": newest,
        "may_control": may_control(request.user, job),
        "rest": job.rest,
        "size": format_bytes((job.estimate or {}).get("bytesPerPicture", 0) * job.expected),
        **find_times(job, plan),
    }
