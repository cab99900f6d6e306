"""Sends one original into the store."""

import contextlib
import threading
from collections.abc import Callable
from datetime import date
from uuid import UUID

from images.archive.archive import Archive
from images.archive.names import location_of
from images.errors import ImpossibleName
from images.formats import FORMATS
from images.index.thumbnails import Thumbnails
from images.models import Image
from images.store.body import Pace
from images.store.client import Store
from images.store.errors import ObjectOfSomebodyElse
from images.store.keys import key_of_original, key_of_thumbnail


def key_of(image: Image, instrument_id: UUID) -> str:
    """Return the key of an original. Raises ImpossibleName if this program gives no image such a name."""
    day = date.fromisoformat(location_of(image.filename).folder)
    return key_of_original(instrument_id, day, image.record_id, image.filename)


class Uploader:
    """Puts originals and their thumbnails. Any thread may call it."""

    def __init__(
        self, store: Store, archive: Archive, thumbnails: Thumbnails, read_instrument_id: Callable[[], UUID], pace: Pace
    ) -> None:
        """`read_instrument_id` returns the lasting id of this instrument; it may raise StorageUnavailable."""
        self._store = store
        self._archive = archive
        self._thumbnails = thumbnails
        self._read_instrument_id = read_instrument_id
        self._pace = pace

    def upload(self, image: Image, stop: threading.Event) -> str:
        """Put the thumbnail of this image, then its original. Returns the key once the store has confirmed these bytes.
        Blocks. Raises StoreError, StopRequested, StorageUnavailable, OriginalMissing, or OriginalChanged: a changed
        file is not sent."""
        key = key_of(image, self._read_instrument_id())
        self._put_thumbnail(image)
        with self._archive.open(image.filename) as file:
            self._store.put_file(key, file, image.sha256, FORMATS[image.image_format].content_type, self._pace, stop)
        return key

    def _put_thumbnail(self, image: Image) -> None:
        """Put the thumbnail before the original: it is small, so people elsewhere see the picture at once."""
        # Any problem with it is ignored: a thumbnail can be made again from the original. If another version of the
        # encoder has put a different one there, that one is as good.
        with contextlib.suppress(OSError, ImpossibleName, ObjectOfSomebodyElse):
            if content := self._thumbnails.read_if_there(image):
                self._store.put_bytes(key_of_thumbnail(image.record_id), content, "image/jpeg")
