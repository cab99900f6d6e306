"""Whether somebody has set plane or position for a picture that waits for it."""

from images.jobs.plan import Slot
from images.models import Job

PLANE_SET = "plane_set"
LAST_EVENTS = 20


def is_plane_set(job: Job, slot: Slot) -> bool:
    """Return True if somebody said so for this very picture; that also holds after a start."""
    said = [event for event in job.events[-LAST_EVENTS:] if event["what"] == PLANE_SET]
    return bool(said) and said[-1]["slot"] == slot.number
