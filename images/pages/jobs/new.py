"""The page on which a job is planned. Without a script its form works alone; the script estimates while one types."""

import hashlib
import json
import uuid
from typing import Any, cast

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.views import View
from django.views.generic import TemplateView
from rest_framework.exceptions import ValidationError

from camera.absent.uses_camera import UsesCamera
from camera.errors import CameraError
from images.api.jobs.serializers import NewJobSerializer
from images.errors import BadQuery, IdempotencyKeyReused, JobError, JobMissing, StorageUnavailable
from images.formats import FORMATS
from images.index.idempotency import IdempotencyKey
from images.jobs.control import find_job
from images.jobs.measures.estimate import estimate_plan
from images.jobs.plan.errors import PlanRefused
from images.jobs.queue.make import make_job, read_new_plan
from images.jobs.queue.order import describe_wait
from images.models import MAX_ID, Job
from images.pages.jobs.estimate import describe_estimate
from images.pages.jobs.form import FIRST_VALUES, KINDS, FieldInvalid, fill_in, name_problems, read_form, read_start
from images.pages.jobs.words import read_plan_if_possible
from images.permissions import CAPTURE, Person

KNOWN = (JobError, CameraError, StorageUnavailable, IdempotencyKeyReused)
PARTS = ("estimate", "preview", "primary")
# Which button the page had. If control has changed since then, the form comes back and says why.
START_NOW = "start"


class NewJobPage(PermissionRequiredMixin, UsesCamera, TemplateView):
    """`?from=7` fills in the plan of an earlier job."""

    template_name = "images/new-job.html"
    permission_required = CAPTURE

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        values = _fill_from(self.request.GET.get("from", ""))
        return super().get_context_data(**describe_form(values, self.request.user), **context)

    def post(self, request: HttpRequest) -> HttpResponse:
        values = _read_values(request.POST)
        if values.get("act") == "estimate":
            form = describe_form(values, request.user, **_estimate(values))
            return self.render_to_response(super().get_context_data(**form))
        try:
            job = _make(values, cast(AbstractBaseUser, request.user))
        except (FieldInvalid, PlanRefused, ValidationError) as problem:
            return self._ask_again(values, _describe_problem(problem, values), 400)
        except KNOWN as problem:
            return self._ask_again(values, {"form": str(problem)}, 409)
        return redirect("job", job.pk)

    def _ask_again(self, values: dict[str, str], problems: dict[str, str], status: int) -> HttpResponse:
        context = super().get_context_data(**describe_form(values, self.request.user, problems=problems))
        return self.render_to_response(context, status=status)


class NewJobEstimateView(PermissionRequiredMixin, UsesCamera, View):
    """What the page shows beside its form for the present values. No job is made."""

    permission_required = CAPTURE
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        values = _read_values(_read_typed(request))
        context = {**describe_form(values, request.user), **_estimate(values)}
        parts = {part: render_to_string(f"images/new-job/{part}.html", context, request) for part in PARTS}
        return JsonResponse({"parts": parts, "problems": context["problems"]})


def describe_form(values: dict[str, str], person: Person, **more: Any) -> dict[str, Any]:
    """Return the context of the form. `wait`: why a job cannot start now; then the form offers the queue, otherwise a
    start now."""
    return {
        "wait": describe_wait(person.pk),
        "values": values,
        "kinds": [{"value": kind.value, "label": label, "what": what} for kind, (label, what) in KINDS.items()],
        "formats": list(FORMATS),
        "problems": {},
        "estimate": None,
        **more,
    }


def _fill_from(text: str) -> dict[str, str]:
    values = {**FIRST_VALUES, "key": uuid.uuid4().hex}
    if not (text.isascii() and text.isdigit() and len(text) < 17 and int(text) <= MAX_ID):
        return values
    try:
        job = find_job(int(text))
    except JobMissing:
        return values
    plan = read_plan_if_possible(job)
    return values | {"name": job.name} | (fill_in(plan) if plan else {})


def _read_values(asked: QueryDict) -> dict[str, str]:
    return {name: str(value) for name, value in asked.items()}


def _read_typed(request: HttpRequest) -> QueryDict:
    """Return the values of the form, which the script sends as one text. Raises BadQuery."""
    try:
        body = json.loads(request.body or b"{}")
        return QueryDict(body.get("form", ""))
    except (ValueError, AttributeError, TypeError, RecursionError) as problem:
        raise BadQuery("The form could not be read.", {"form": ["Must be a form."]}) from problem


def _make(values: dict[str, str], by: AbstractBaseUser) -> Job:
    asked = NewJobSerializer(data={"name": values.get("name", ""), "plan": read_form(values)})
    asked.is_valid(raise_exception=True)
    details = asked.validated_data
    return make_job(
        by=by,
        name=details["name"],
        plan=details["plan"],
        starts_at=read_start(values),
        asked=_read_key(values),
        may_queue=values.get("act") != START_NOW,
    )


def _read_key(values: dict[str, str]) -> IdempotencyKey:
    """Return a key for these values: the same form sent twice makes one job, a changed form makes another one."""
    rest = {name: value for name, value in values.items() if name not in ("csrfmiddlewaretoken", "page_user")}
    digest = hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()
    return IdempotencyKey(f"page-{digest}", digest)


def _estimate(values: dict[str, str]) -> dict[str, Any]:
    """Return `estimate` and `problems`; one of them is empty."""
    try:
        starts_at = read_start(values)
        plan = read_new_plan(read_form(values))
        return {"estimate": describe_estimate(plan, estimate_plan(plan), starts_at), "problems": {}}
    except (FieldInvalid, PlanRefused) as problem:
        return {"estimate": None, "problems": _describe_problem(problem, values)}
    except KNOWN as problem:
        return {"estimate": None, "problems": {"form": str(problem)}}


def _describe_problem(problem: Exception, values: dict[str, str]) -> dict[str, str]:
    if isinstance(problem, FieldInvalid):
        return {problem.field: str(problem)}
    if isinstance(problem, PlanRefused):
        return name_problems(problem, values)
    assert isinstance(problem, ValidationError) and isinstance(problem.detail, dict)
    return {name: " ".join(map(str, texts)) for name, texts in problem.detail.items()}
