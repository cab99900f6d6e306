"""Makes the spool of this process from the settings."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings

from images.archive.archive import Archive
from images.index.thumbnails import Thumbnails
from images.run_days import the_run_days
from images.spool.evict import Evictor
from images.spool.identity import read_or_make_instrument_id
from images.spool.rows import is_burst_running
from images.spool.side_files import SideFiles
from images.spool.spool import Spool, SpoolState
from images.spool.upload import Uploader
from images.store.body import Pace
from images.store.client import Store
from images.store.watch import the_store_watch

# While one original waits for the answer of the store, the other one travels.
SENT_AT_ONCE = 2
BYTES_PER_MEGABIT = 125_000


def make_spool(
    store: Store,
    archive: Archive,
    thumbnails: Thumbnails,
    report: Callable[[SpoolState, datetime], None],
    is_held_back: Callable[[], bool] = is_burst_running,
) -> Spool:
    """Return a spool that has not begun. Touches neither disk nor network. `report` and `is_held_back`: see Spool."""
    uploader = Uploader(store, archive, thumbnails, lambda: read_or_make_instrument_id(settings.DATA_PATH), make_pace())
    evictor = Evictor(store, archive, explain_doubt, settings.KEEP_LOCAL_DAYS, settings.EVICT_BELOW_MB * 10**6)
    beside = SideFiles(store, archive)
    return Spool(
        store,
        uploader,
        is_held_back,
        evictor=evictor,
        side_files=beside,
        sent_at_once=SENT_AT_ONCE,
        report=report,
    )


def make_pace() -> Pace:
    """Return the limit of the speed to and from the store, from the settings."""
    return Pace(settings.S3_MAX_MBPS * BYTES_PER_MEGABIT or None)


def explain_doubt() -> str:
    """Return why originals must not leave this disk now, in a sentence or two; empty if they may."""
    if doubt := the_run_days().doubt:
        return str(doubt)
    watch = the_store_watch()
    if watch is None or watch.latest is None:
        return "The store has not been tried out yet."
    return "" if watch.latest.may_evict else watch.latest.verdict
