"""An instrument whose clock differs from that of the database: its pictures have wrong times."""

from images.errors import DATABASE_AWAY
from images.models import Instrument
from images.own_instrument import own_instrument_id
from images.roles import is_of_several

# Smaller differences come from the network.
MAX_OFFSET_MS = 2000


def is_clock_wrong(offset_ms: float | None) -> bool:
    return offset_ms is not None and abs(offset_ms) > MAX_OFFSET_MS


def describe_clock(offset_ms: float | None, whose: str = "Its clock") -> str:
    """Return `Its clock is 5 s ahead of the database's.` Empty if it is right, or if nobody knows."""
    if offset_ms is None or not is_clock_wrong(offset_ms):
        return ""
    offset_s = round(abs(offset_ms) / 1000)
    size = f"{offset_s} s" if offset_s < 600 else f"{round(offset_s / 60):,} min"
    return f"{whose} is {size} {'ahead of' if offset_ms > 0 else 'behind'} the database's."


def describe_own_clock() -> str:
    """Return the same of this PC, as its row said last. Empty on a PC alone, which has no other clock, and while the
    database is away."""
    own_id = own_instrument_id() if is_of_several() else None
    if own_id is None:
        return ""
    offsets = Instrument.objects.filter(pk=own_id).values_list("clock_offset_ms", flat=True)
    try:
        return describe_clock(offsets.first(), "The clock of this PC")
    except DATABASE_AWAY:
        return ""
