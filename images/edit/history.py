"""The history of an image, from its sidecar, in words for people: who changed what and when, and the value before."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from images.archive.sidecar import Sidecar
from images.editable_fields import EDITABLE_FIELDS, LABELS, describe_value, read_nested
from images.errors import DamagedSidecar, EditConflict
from images.index.others.changes import read_changes
from images.library import the_library
from images.models import Image
from images.record.image import parse_time

MAX_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class Change:
    """One change of an entry: a sentence, and the value before; empty if there was none."""

    sentence: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One revision in the history. `by` is a user name, empty if unknown."""

    revision: int
    at: datetime | None
    by: str
    changes: list[Change]


@dataclass(frozen=True, slots=True)
class History:
    """The newest entries, newest first. `left_out`: the number of older changes that are not among them."""

    entries: list[Entry]
    left_out: int = 0


def read_history(image: Image) -> History:
    """Read the history from the image's sidecar. Raises DamagedSidecar or StorageUnavailable."""
    sidecar = read_changes(the_library().archive, image)
    if sidecar is None:
        return History([], left_out=image.revision or 0)
    # The last MAX_ENTRIES entries, backwards.
    newest_first = sidecar.history[: -MAX_ENTRIES - 1 : -1]
    try:
        entries = [_describe_entry(entry) for entry in newest_first]
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as problem:
        raise DamagedSidecar(f"The history of {image.filename} is damaged ({problem!r}).") from problem
    return History(entries, max(sidecar.revision - len(entries), 0))


def edit_conflict(sidecar: Sidecar) -> EditConflict:
    """Return the error for a change of an older revision. It holds the current values, who set them, and when."""
    last = sidecar.history[-1] if sidecar.history else {}
    editable = read_nested(sidecar.values)
    current = {
        "revision": sidecar.revision,
        **{field.api_name: editable[field.column] for field in EDITABLE_FIELDS},
        "binnedAt": sidecar.values["binnedAt"],
        "changedBy": last.get("by"),
        "changedAt": last.get("at"),
    }
    who = last.get("by") or "Somebody"
    message = f"{who} changed this image after you last saw it. Nothing was saved. Read the present values, and decide."
    return EditConflict(message, current)


def _describe_entry(entry: dict[str, Any]) -> Entry:
    at = entry.get("at")
    changes = list(_describe_changes(entry.get("was")))
    return Entry(int(entry["revision"]), parse_time(at) if at else None, str(entry.get("by") or ""), changes)


def _describe_changes(was: dict[str, Any] | None) -> Iterator[Change]:
    if was is None:
        yield Change("The sidecar was missing or older. It was written again from the database.")
        return
    # Every other change replaces at least one value.
    if not was:
        yield Change("A calibration was drawn on this picture.")
    for key, label in LABELS.items():
        if key in was:
            before = describe_value(was[key])
            yield Change(f"{label} changed. Before:" if before else f"{label} written.", before)
    if "binnedAt" in was:
        # `was` holds the value before the change.
        yield Change("Taken out of the bin." if was["binnedAt"] else "Moved to the bin.")
