"""The parts of a page that change: rendered again by the templates that made the page."""

from collections.abc import Sequence
from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.views import View

from images.permissions import VIEW
from images.record.image import format_time


class PartsView(PermissionRequiredMixin, View):
    """`describe` returns the context of the templates. With `is_over` in it, the page asks for no more parts."""

    permission_required = VIEW
    folder = ""
    parts: Sequence[str] = ()

    def describe(self, request: HttpRequest, **where: Any) -> dict[str, Any]:
        raise NotImplementedError

    def render(self, request: HttpRequest, context: dict[str, Any]) -> dict[str, str]:
        return {part: render_to_string(f"{self.folder}/{part}.html", context, request) for part in self.parts}

    def get(self, request: HttpRequest, **where: Any) -> HttpResponse:
        context = self.describe(request, **where)
        is_over = context.get("is_over", False)
        parts = self.render(request, context)
        return JsonResponse({"parts": parts, "now": format_time(timezone.now()), "isOver": is_over})
