"""Tells if somebody has set plane or position for a picture that waits for it."""

from images.jobs.plan import Slot
from images.models import Job

PLANE_SET = "plane_set"
# Somebody confirms the plane of the next picture, so the event is one of the last.
LAST_EVENTS = 20


def is_plane_set(job: Job, slot: Slot) -> bool:
    """Return True if somebody has confirmed the plane of exactly this picture, also if that was before the last
    start."""
    said = [event for event in job.events[-LAST_EVENTS:] if event["what"] == PLANE_SET]
    return bool(said) and said[-1]["slot"] == slot.number
