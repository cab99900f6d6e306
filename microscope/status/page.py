"""The status page, its parts that are loaded again, and the report to download."""

import socket
from datetime import datetime
from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views import View
from django.views.generic import TemplateView

from images.pages.parts import PartsView
from images.permissions import DELETE_ANY
from microscope.status.line import Line, Status
from microscope.status.read import read_status
from microscope.status.report import describe_age, write_report

# The names of the roles that accounts show: managers and administrators.
OVERSEE = DELETE_ANY
PARTS = ("head", "groups")


class StatusPage(PermissionRequiredMixin, TemplateView):
    template_name = "microscope/status.html"
    permission_required = OVERSEE

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(**describe_status(read_status(self.request)), **context)


class StatusPartsView(PartsView):
    permission_required = OVERSEE
    folder, parts = "microscope/status", PARTS

    def describe(self, request: HttpRequest, **where: Any) -> dict[str, Any]:
        return describe_status(read_status(request))


class StatusReportView(PermissionRequiredMixin, View):
    permission_required = OVERSEE

    def get(self, request: HttpRequest) -> HttpResponse:
        status = read_status(request)
        filename = f"microscope-status-{timezone.localtime(status.read_at):%Y-%m-%d-%H%M}.txt"
        headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
        return HttpResponse(write_report(status), content_type="text/plain; charset=utf-8", headers=headers)


def describe_status(status: Status) -> dict[str, Any]:
    """Return the context of the templates."""
    groups = [
        {"name": group.name, "rows": [{"line": line, "since": describe_since(line, status)} for line in group.lines]}
        for group in status.groups
    ]
    return {"status": status, "groups": groups, "computer": socket.gethostname()}


def describe_since(line: Line, status: Status) -> str:
    """Return `02:24:06, 43 min` for today, otherwise `14 October, 95 days`. Empty if the time is not known."""
    if line.since is None:
        return ""
    return f"{_name_moment(line.since, status.read_at)}, {describe_age(status.read_at - line.since)}"


def _name_moment(moment: datetime, now: datetime) -> str:
    local, local_now = timezone.localtime(moment), timezone.localtime(now)
    if local.date() == local_now.date():
        return f"{local:%H:%M:%S}"
    return f"{local.day} {local:%B}" if local.year == local_now.year else f"{local.day} {local:%B %Y}"
