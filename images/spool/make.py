"""Makes the spool of this process from the settings."""

from django.conf import settings

from images.archive.archive import Archive
from images.index.thumbnails import Thumbnails
from images.spool.identity import read_or_make_instrument_id
from images.spool.rows import is_burst_running
from images.spool.spool import Spool
from images.spool.upload import Uploader
from images.store.body import Pace
from images.store.client import Store

BYTES_PER_MEGABIT = 125_000


def make_spool(store: Store, archive: Archive, thumbnails: Thumbnails) -> Spool:
    """Return a spool that has not begun. Touches neither disk nor network."""
    pace = Pace(settings.S3_MAX_MBPS * BYTES_PER_MEGABIT or None)
    uploader = Uploader(store, archive, thumbnails, lambda: read_or_make_instrument_id(settings.DATA_PATH), pace)
    return Spool(store, uploader, is_burst_running)
