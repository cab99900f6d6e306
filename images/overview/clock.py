"""Tells if the clock of an instrument differs from that of the database: then its pictures have wrong times."""

from images.errors import DATABASE_AWAY
from images.models import Instrument
from images.own_instrument import own_instrument_id
from images.roles import is_of_several

# Smaller differences come from the network.
MAX_OFFSET_MS = 2000


def is_clock_wrong(offset_ms: float | None) -> bool:
    return offset_ms is not None and abs(offset_ms) > MAX_OFFSET_MS


def describe_clock(offset_ms: float | None, whose: str = "Its clock") -> str:
    """Return `Its clock is 5 s ahead of the database's.` Empty if the clock is right, or if that is not known."""
    if offset_ms is None or not is_clock_wrong(offset_ms):
        return ""
    offset_s = round(abs(offset_ms) / 1000)
    size = f"{offset_s} s" if offset_s < 600 else f"{round(offset_s / 60):,} min"
    return f"{whose} is {size} {'ahead of' if offset_ms > 0 else 'behind'} the database's."


def describe_own_clock() -> str:
    """Return the same sentence about this PC, from its row. Empty while the database is away, and on a PC that shares
    its library with no other."""
    own_id = own_instrument_id() if is_of_several() else None
    if own_id is None:
        return ""
    offsets = Instrument.objects.filter(pk=own_id).values_list("clock_offset_ms", flat=True)
    try:
        return describe_clock(offsets.first(), "The clock of this PC")
    except DATABASE_AWAY:
        return ""
