"""Asks another instrument for an original that is only on its disk: its spool then sends that one first."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Sum
from django.utils import timezone

from images.errors import NotHereYet
from images.models import NOT_STORED, WANTED, Image, Instrument

# So long it may take until its instrument sees the request: the spool looks every few seconds.
SEEN_AFTER_S = 3.0


def ask_for(instrument_id: UUID, filename: str) -> NotHereYet:
    """Note that somebody wants this original. Returns the error that says where it is, its place in the line, and when
    it may come. Raises Django's DatabaseError."""
    wanted = Image.objects.filter(instrument=instrument_id, filename=filename)
    now = timezone.now()
    # The first request counts: whoever asks again does not lose the place in line.
    wanted.filter(NOT_STORED, wanted_at=None).update(wanted_at=now)
    asked_at = wanted.values_list("wanted_at", flat=True).first() or now
    instrument = Instrument.objects.defer("picture").filter(pk=instrument_id).first()
    if instrument is None:
        return NotHereYet(f"{filename} is on the disk of an instrument that this library does not know.", {})
    before = _count_up_to(instrument_id, asked_at)
    if instrument.is_lost(now):
        seen = f" since {timezone.localtime(instrument.last_seen_at):%Y-%m-%d %H:%M}" if instrument.last_seen_at else ""
        message = (
            f"{filename} is only on the disk of {instrument.name}, which has given no sign{seen}. It comes once that "
            "PC is on and its network works."
        )
        return NotHereYet(message, _describe(instrument, before["count"], None))
    eta_s = _reckon(before["size_bytes"], instrument.spool_bytes_per_s)
    message = (
        f"{filename} is still on the disk of {instrument.name}. It is sent soon, as No. {before['count']} in line."
    )
    return NotHereYet(message, _describe(instrument, before["count"], eta_s))


def _count_up_to(instrument_id: UUID, asked_at: datetime) -> dict[str, Any]:
    """Return number and bytes of the originals of this instrument that were wanted before this moment, this one
    included."""
    line = Image.objects.filter(WANTED, instrument=instrument_id, wanted_at__lte=asked_at)
    found = line.aggregate(count=Count("pk"), size_bytes=Sum("file_size"))
    # It may have been sent since, and then it is not in the line any more.
    return {"count": max(found["count"], 1), "size_bytes": found["size_bytes"] or 0}


def _reckon(size_bytes: int, bytes_per_s: float | None) -> float | None:
    """Return in how many seconds so many bytes will be here; None if the speed of that PC is not known."""
    return round(SEEN_AFTER_S + size_bytes / bytes_per_s, 1) if bytes_per_s else None


def _describe(instrument: Instrument, position: int, eta_s: float | None) -> dict[str, Any]:
    named = {"id": str(instrument.pk), "name": instrument.name, "url": instrument.url}
    return {"instrument": named, "position": position, "etaS": eta_s}
