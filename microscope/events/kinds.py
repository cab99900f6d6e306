"""The kinds of entries of the audit log that are events. Entries about sign-ins, users, roles, tokens and share links
are private, so only the kinds in this list are events."""

from django.db.models import Q

from microscope.models import AuditEntry

ABOUT_IMAGES = ("captured", "adopted", "changed", "binned", "restored", "removed")
ABOUT_JOBS = (
    *("job_planned", "job_begun", "job_paused", "job_continued", "job_resumed", "job_moved"),
    *("job_finished", "job_stopped", "job_failed", "job_deleted"),
)
ABOUT_CONTROL = tuple(what for what in AuditEntry.What.values if what.startswith("control_"))
KINDS = (*ABOUT_IMAGES, *ABOUT_JOBS, *ABOUT_CONTROL)

# As a filter for AuditEntry.
IS_EVENT = Q(what__in=KINDS)


def is_event(what: str) -> bool:
    return what in KINDS
