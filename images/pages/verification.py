"""The page that shows managers the findings of the last `manage.py verify`."""

from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.views.generic import TemplateView

from images.models import Finding, Verification
from images.pages.display_fields import format_bytes
from images.permissions import DELETE_ANY
from images.verification.run import KEPT_OF_A_KIND, UNFINISHED, is_silent

SHOWN_OF_A_KIND = 100
MEANINGS = {
    Finding.Kind.MISSING: "The image is in the database, but its original file is missing.",
    Finding.Kind.CHANGED: "The original was changed after the capture, or it cannot be read.",
    Finding.Kind.DIFFERS: "The database differs from the record in the original or from its sidecar, or the sidecar is "
    "missing.",
    Finding.Kind.UNKNOWN: "The file was not written by this program, is damaged, or is a copy.",
    Finding.Kind.ORPHANED: "An original that is not in the database. The server adds it at its next start.",
    Finding.Kind.STRAY: "A file that is left over: a temporary file, or the sidecar of an image that is gone.",
}


class VerificationPage(PermissionRequiredMixin, TemplateView):
    template_name = "images/verification.html"
    permission_required = DELETE_ANY

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        latest = Verification.objects.of_this_pc().first()
        return super().get_context_data(
            run=latest,
            state=describe_state(latest) if latest else "",
            kinds=describe_kinds(latest) if latest else [],
            finding_count=latest.finding_count if latest else 0,
            duration=describe_duration(latest.seconds) if latest else "",
            size=format_bytes(latest.byte_count) if latest else "",
            before=find_last_finished(latest),
            shown=SHOWN_OF_A_KIND,
            kept=KEPT_OF_A_KIND,
            **context,
        )


def describe_state(run: Verification) -> str:
    """Return `running`, `interrupted`, `finished` or `given up`. A run that was killed counts as interrupted."""
    return str(Verification.State.INTERRUPTED if is_silent(run) else run.state)


def describe_kinds(run: Verification) -> list[dict[str, Any]]:
    """Return each kind of finding with its count and its first findings."""
    return [
        {
            "kind": kind,
            "label": kind.label,
            "meaning": meaning,
            "count": run.counts.get(kind, 0),
            "findings": run.findings.filter(kind=kind).order_by("pk")[:SHOWN_OF_A_KIND],
        }
        for kind, meaning in MEANINGS.items()
    ]


def find_last_finished(latest: Verification | None) -> Verification | None:
    """Return the last finished run if the latest run is not finished, else None."""
    if latest is None or latest.state not in UNFINISHED:
        return None
    return Verification.objects.of_this_pc().filter(state=Verification.State.FINISHED).first()


def describe_duration(seconds: float) -> str:
    """Return a duration such as `42 s`, `12 min` or `3 h 20 min`."""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
