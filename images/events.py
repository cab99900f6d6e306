"""A signal that reports what happens to the library.

Receivers run in the caller's transaction: if one raises, the change is rolled back.
"""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.dispatch import Signal

# what: "captured", "adopted", "changed", "binned", "restored", "removed", "emptied", "evicted",
# "clock_confirmed", "job_planned", "job_paused", "job_continued", "job_moved",
# "job_stopped", "link_made", "link_opened", "link_revoked", or "control_" with "taken", "kept", "asked", "withdrawn",
# "given", "denied", "taken_over", "released" or "lapsed"
# images: pairs of row id and file name, or None if the event concerns no particular image
# user_id and username: who did it, or None and "" if that is unknown; details: anything that JSON can hold
library_changed = Signal()

# job: the row as it is now; what: "begun", "paused", "continued", "resumed", "finished", "stopped", "failed" or another
# event of a job; at: when; by: the user who did it, or "" for the program; reason, detail: why, in words, or ""
job_changed = Signal()

# After each capture of one image, whether it worked or not. seconds: from the request to the original on disk;
# error: the exception, or None. It is no part of the capture: what a receiver raises is logged.
capture_ended = Signal()


def emit(
    what: str,
    images: Iterable[tuple[int, str]] | None = None,
    by: AbstractBaseUser | AnonymousUser | None = None,
    *,
    user_id: int | None = None,
    username: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """Send `library_changed`. `what` is one of the words above. The user is `by`, or `user_id` and `username` if the
    caller has no user object. Raises what a receiver raises."""
    if by is not None:
        user_id, username = by.pk, by.get_username()
    library_changed.send(
        None,
        what=what,
        images=None if images is None else list(images),
        user_id=user_id,
        username=username,
        details=details or {},
    )
