"""The page on which managers see what `manage.py verify` found last."""

from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.views.generic import TemplateView

from images.facts import format_bytes
from images.models import Finding, Verification
from images.rights import DELETE_ANY
from images.verification import KEPT_OF_A_KIND, UNFINISHED, is_silent
from images.views import read_zone

SHOWN_OF_A_KIND = 100
MEANINGS = {
    Finding.Kind.MISSING: "The row is there and its original is not.",
    Finding.Kind.CHANGED: "The bytes are not those that were kept, or cannot be read.",
    Finding.Kind.UNKNOWN: "A file that is none of ours, or damaged, or a copy.",
    Finding.Kind.ORPHANED: "An original without a row. The next start of the server lists it.",
    Finding.Kind.STRAY: "Left over: a temporary file, or what was said of an image that is gone.",
}


class VerificationPage(PermissionRequiredMixin, TemplateView):
    template_name = "images/verification.html"
    permission_required = DELETE_ANY

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        latest = Verification.objects.first()
        return super().get_context_data(
            run=latest,
            state=describe_state(latest) if latest else "",
            kinds=describe_kinds(latest) if latest else [],
            finding_count=latest.finding_count if latest else 0,
            duration=describe_duration(latest.seconds) if latest else "",
            size=format_bytes(latest.byte_count) if latest else "",
            before=find_last_finished(latest),
            zone=read_zone(self.request),
            shown=SHOWN_OF_A_KIND,
            kept=KEPT_OF_A_KIND,
            **context,
        )


def describe_state(run: Verification) -> str:
    """`running`, `interrupted`, `finished` or `given up`; a run that was killed counts as interrupted."""
    return str(Verification.State.INTERRUPTED if is_silent(run) else run.state)


def describe_kinds(run: Verification) -> list[dict[str, Any]]:
    """Every kind with its count and its first findings."""
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
    """The result that still counts while a newer run has not come to its end."""
    if latest is None or latest.state not in UNFINISHED:
        return None
    return Verification.objects.filter(state=Verification.State.FINISHED).first()


def describe_duration(seconds: float) -> str:
    """`42 s`, `12 min` or `3 h 20 min`"""
    minutes = round(seconds / 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
