"""The sentences that say who controls the camera."""

from datetime import datetime
from typing import Any

from django.utils import timezone

from camera.errors import ControlRefused
from images.control.lease import PATIENCE_S, Kind, Lease

ADVICE = "Ask for control, or keep the picture that you see."


def describe_holder(lease: Lease) -> str:
    """Return for example "Ada Lovelace", "Ada's script night_scan.py"."""
    holder = lease.holder
    if holder.kind is Kind.PERSON:
        return holder.name
    what = "job" if holder.kind is Kind.JOB else "script"
    # People know a job by its name, not by its number.
    named = lease.note if holder.kind is Kind.JOB and lease.note else holder.label
    return f"{holder.name}'s {what} {named}" if holder.name else f"The {what} {named}"


def describe_lease(lease: Lease) -> str:
    """Return a sentence that says who controls the camera, until when and why."""
    until = f" until {show_time(lease.until)}" if lease.until else ""
    note = f": {lease.note}" if lease.note and lease.holder.kind is not Kind.JOB else ""
    return f"{describe_holder(lease)} controls the camera{until}{note}."


def initials_of(name: str) -> str:
    """Return at most two letters that stand for a name: "AL" for Ada Lovelace."""
    words = name.split()
    return ("".join(word[0] for word in (words[0], words[-1])) if len(words) > 1 else name[:2]).upper()


def show_time(moment: datetime) -> str:
    """Return the time of day; with the day, if that is not today."""
    local = timezone.localtime(moment)
    return local.strftime("%H:%M" if local.date() == timezone.localdate() else "%d %b %H:%M")


def outline(lease: Lease | None) -> dict[str, Any]:
    """Describe the lease for a program that was refused."""
    if lease is None:
        return {"state": "free", "holder": None, "kind": None, "until": None, "note": ""}
    holder = lease.holder
    return {
        "state": "held",
        "holder": {"userId": holder.user_id, "name": holder.name, "label": holder.label},
        "kind": str(holder.kind),
        "until": lease.until.isoformat() if lease.until else None,
        "note": lease.note,
    }


def explain(cause: type[ControlRefused], lease: Lease | None, advice: str = ADVICE) -> ControlRefused:
    """Return the error that says who controls the camera. `advice`: a sentence that says what one can do."""
    if lease is None:
        text = "You do not control the camera any more; it is free. Take control again."
        return cause(text, {"control": outline(None)})
    said = " ".join(filter(None, [describe_lease(lease), _describe_end(lease), advice]))
    return cause(said, {"control": outline(lease)})


def _describe_end(lease: Lease) -> str:
    """Return a sentence that says when the camera will be free."""
    if lease.until:
        return ""
    if lease.holder.kind is Kind.JOB:
        return "It is free when the job is over."
    return f"It is free {PATIENCE_S:.0f} seconds after the last change."
