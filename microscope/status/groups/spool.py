"""Spool: the originals that are not yet in the object store, and the reason."""

from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from images.pages.display_fields import format_bytes
from images.spool.rows import Waiting, count_waiting, find_last_stored_at
from images.spool.spool import SpoolState, the_spool
from microscope.status.line import FINE, WARN, Line, not_measured
from microscope.status.running import Running

NAME = "Spool"
# Originals that wait for longer were captured before there was a store, or while it was away.
MAX_AGE = timedelta(hours=1)
BEHIND = "See what holds it up: a burst, S3_MAX_MBPS, or the network. Pictures stay safe on this PC meanwhile."
PUT_BACK = "Run manage.py verify: it names the originals that are missing or changed. Put them back from a backup."


def read_spool(running: Running) -> list[Line]:
    """Describe the spool; no line if no store is set. Raises Django's DatabaseError."""
    if not settings.S3_BUCKET:
        return []
    spool = the_spool() if running.is_here else None
    state = spool.state if spool else SpoolState(count_waiting())
    if state.last_stored_at is None:
        # The time that an earlier run, or another process, has written down.
        state = replace(state, last_stored_at=find_last_stored_at())
    return [describe_spool(state, timezone.now())]


def describe_spool(state: SpoolState, now: datetime) -> Line:
    waiting = state.waiting
    if waiting is None:
        return not_measured(NAME, "It has just begun")
    if not waiting.count:
        return Line(NAME, FINE, "Empty", "Every picture is in the store too")
    shown = _describe(waiting)
    if state.problem:
        return Line(NAME, WARN, "Waits", f"{shown}. {state.problem}", state.since, state.todo)
    if state.left_out:
        return Line(NAME, WARN, "Left out", f"{shown}. {state.left_out:,} cannot be sent", todo=PUT_BACK)
    is_old = waiting.oldest_at is not None and now - waiting.oldest_at > MAX_AGE
    if is_old and (state.last_stored_at is None or now - state.last_stored_at > MAX_AGE):
        return Line(NAME, WARN, "Behind", f"{shown}. None was stored in the last hour", waiting.oldest_at, BEHIND)
    return Line(NAME, FINE, "Catches up" if is_old else "Sends", shown, waiting.oldest_at)


def _describe(waiting: Waiting) -> str:
    noun = "picture" if waiting.count == 1 else "pictures"
    return f"{waiting.count:,} {noun} ({format_bytes(waiting.size_bytes)}) not yet in the store"
