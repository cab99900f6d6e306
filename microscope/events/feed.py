"""Reads events, and describes them for the API."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from images.record.image import format_time
from microscope.events.kinds import IS_EVENT
from microscope.models import AuditEntry

# Without the address of the client, which is only for administrators.
COLUMNS = ("pk", "at", "what", "who", "image_id", "object", "details")
# The details of these kinds are left out, because the event itself says the same.
WITHOUT_DETAILS = ("captured", "adopted", "binned", "restored", "removed")


@dataclass(frozen=True, slots=True)
class Page:
    """Events in the order of their numbers. `next`: the number from which to go on."""

    events: list[dict[str, Any]] = field(default_factory=list)
    next: int = 0

    def as_json(self) -> dict[str, Any]:
        return {"events": self.events, "next": self.next}


def read_page(after: int, newest: int, most: int, most_bytes: int, kinds: Collection[str] = ()) -> Page:
    """Return the events after `after` and up to `newest`: as many as fit into `most` and `most_bytes`, but at least
    one. `kinds`: only these; empty means all. Raises Django's DatabaseError."""
    entries = AuditEntry.objects.filter(IS_EVENT, pk__gt=after, pk__lte=newest).order_by("pk")
    if kinds:
        entries = entries.filter(what__in=kinds)
    events: list[dict[str, Any]] = []
    size_bytes = 0
    for entry in entries.values(*COLUMNS)[:most]:
        event = describe_event(entry)
        size_bytes += len(json.dumps(event))
        if events and size_bytes > most_bytes:
            return Page(events, events[-1]["number"])
        events.append(event)
    # If no more events follow, everything up to `newest` was read.
    return Page(events, events[-1]["number"] if len(events) == most else max(after, newest))


def describe_event(entry: dict[str, Any]) -> dict[str, Any]:
    """Describe an event. `entry`: the columns of its entry in the audit log."""
    what, details = entry["what"], dict(entry["details"])
    job_id, name = None, ""
    # The details of a change are named like the fields of an image.
    if what != "changed":
        job_id, name = details.pop("job", None), details.pop("name", "")
    if what == "job_deleted":
        job_id = details.pop("number", None)
    return {
        "number": entry["pk"],
        "at": format_time(entry["at"]),
        "what": what,
        "by": entry["who"],
        "imageId": entry["image_id"],
        "object": entry["object"] or name,
        "jobId": job_id,
        "details": {} if what in WITHOUT_DETAILS else details,
    }
