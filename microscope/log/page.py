"""The page on which managers read the log."""

from typing import Any

from django.conf import settings
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.views.generic import TemplateView

from microscope.log.entries import LogFilter, find_entries
from microscope.start.log_file import log_files
from microscope.status.page import OVERSEE

CHOICES = [("", "All"), ("WARNING", "Warnings and errors"), ("ERROR", "Errors")]


class LogPage(PermissionRequiredMixin, TemplateView):
    """`?level=ERROR&text=camera&request=3fa2-17`, newest first."""

    template_name = "microscope/log.html"
    permission_required = OVERSEE

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        asked = self.request.GET
        wanted = LogFilter(
            level=asked.get("level", "") if asked.get("level") in dict(CHOICES) else "",
            text=asked.get("text", "").strip(),
            number=asked.get("request", "").strip(),
            before=asked.get("before", "").strip(),
        )
        files = log_files(settings.DATA_PATH)
        found = find_entries(files, wanted)
        older = asked.copy()
        older["before"] = found.reached
        return super().get_context_data(
            entries=found.entries,
            older=older.urlencode() if found.reached else "",
            wanted=wanted,
            levels=CHOICES,
            is_there=bool(files),
            **context,
        )
