"""Makes the beat of this instrument from the settings."""

from django.conf import settings

from images.archive.archive import Archive
from images.edit.removal import finish_removals
from images.instruments.beat import InstrumentBeat, the_beat
from images.instruments.describe import describe_instrument
from images.instruments.lease import InstrumentLease
from images.library import the_library
from images.own_instrument import own_instrument_id
from images.spool.rows import is_burst_running


def make_beat(archive: Archive) -> InstrumentBeat:
    """Return a beat that has not begun. Touches neither disk nor database."""
    return InstrumentBeat(make_lease, settings.INSTRUMENT_NAME, lambda: describe_instrument(archive), follow_others)


def make_lease() -> InstrumentLease:
    """Return the lease of this instrument. Raises StorageUnavailable, or OSError, if its id cannot be read."""
    instrument_id = own_instrument_id()
    assert instrument_id
    return InstrumentLease(instrument_id)


def follow_others() -> None:
    """Take up what people did on other PCs: changed objectives, and deletions. Raises Django's DatabaseError."""
    the_library().optics.refresh()
    finish_removals()


def is_held_back() -> bool:
    """Return True while nothing may go to the store: a burst needs the disk, or another PC works under this id."""
    beat = the_beat()
    return is_burst_running() or bool(beat and beat.problem)
