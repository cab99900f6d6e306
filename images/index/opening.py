"""Opens originals wherever they are: in the archive, or fetched from the object store. Every file that is served,
converted, shown, measured or packed is opened here, and its bytes are proved first.
"""

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from uuid import UUID

from images.archive.archive import Archive
from images.archive.names import location_of
from images.archive.paced_reader import StopRequested
from images.errors import (
    DATABASE_AWAY,
    OriginalAway,
    OriginalChanged,
    OriginalChangedInStore,
    OriginalLost,
    OriginalMissing,
)
from images.index.fetched import Fetched
from images.index.originals import OpenOriginal, open_checked, open_if_same
from images.index.others.wanted import ask_for
from images.models import Image, ImageQuerySet
from images.own_instrument import own_instrument_id
from images.store.errors import ObjectMissing, StoreError

logger = logging.getLogger(__name__)

Place = Image.Place


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where an original is, and what proves it: the values of its row."""

    filename: str
    size_bytes: int
    sha256: str
    place: str | None = None
    store_key: str | None = None
    instrument_id: UUID | None = None

    @property
    def is_of_this_pc(self) -> bool:
        return self.instrument_id == own_instrument_id()

    @property
    def is_here(self) -> bool:
        """Return True if the file is on this disk, by its row."""
        return self.is_of_this_pc and self.place != Place.STORE

    @property
    def is_on_its_way(self) -> bool:
        """Return True if the file is only on the disk of another instrument."""
        return not self.is_of_this_pc and not self.store_key


def whereabouts_of(image: Image) -> Whereabouts:
    proof = (image.filename, image.file_size, image.sha256)
    return Whereabouts(*proof, image.place, image.store_key, image.instrument_id)


def open_original(image: Image, archive: Archive) -> OpenOriginal:
    """Return the original of an image, checked and open; the caller closes it. If it is only in the store, it is
    fetched as a whole first, which blocks for the network.

    Raises OriginalMissing, OriginalLost, OriginalChanged, OriginalAway, NotHereYet, or StorageUnavailable.
    """
    return open_wherever(whereabouts_of(image), archive)


def open_wherever(wanted: Whereabouts, archive: Archive) -> OpenOriginal:
    """Do the same as `open_original`, without the row itself."""
    require_not_on_its_way(wanted)
    if wanted.is_here:
        try:
            return open_checked(archive, wanted.filename, wanted.size_bytes, wanted.sha256)
        except OriginalMissing:
            # It may have left this PC since the row was read. Or the file is gone here, and the store has it whole.
            if not wanted.store_key:
                raise
    with asking_store(wanted):
        original = _open_fetched(wanted, require_store(wanted, archive))
    _note_found(wanted)
    return original


def check_original(image: Image, archive: Archive) -> None:
    """Raise what `open_original` raises. Call it before a response that depends on the original."""
    open_original(image, archive).close()


def find_size(wanted: Whereabouts, archive: Archive) -> int:
    """Return the size of the file on disk, or that of the row if the original is rightly not here: the store is not
    asked. Raises OSError, or NotAnOriginal."""
    if not wanted.is_here:
        return wanted.size_bytes
    try:
        return archive.size_at(location_of(wanted.filename))
    except FileNotFoundError:
        # It may have left this disk since the row was read.
        if not wanted.store_key:
            raise
        return wanted.size_bytes


def make_store_link(wanted: Whereabouts, archive: Archive, content_type: str) -> str | None:
    """Return an address in the store at which a browser gets this original for a minute; None if the store does not
    confirm these bytes. Blocks for one request. Raises OriginalLost, or OriginalAway."""
    with asking_store(wanted):
        store = require_store(wanted, archive).store
        facts = store.head(wanted.store_key or "")
        # The browser gets these bytes past this program, which can then check nothing: the store must confirm them
        # first.
        if (facts.size_bytes, facts.sha256) != (wanted.size_bytes, wanted.sha256):
            return None
        return store.make_link(facts.key, wanted.filename, content_type)


def measure_in_store(wanted: Whereabouts, archive: Archive) -> tuple[int, str]:
    """Read the object as a whole, and return its size and SHA-256. Blocks. If they are not those of the row, the place
    becomes `conflict`. Raises OriginalLost, or OriginalAway."""
    with asking_store(wanted):
        found = require_store(wanted, archive).store.measure(wanted.store_key or "")
    if found == (wanted.size_bytes, wanted.sha256):
        _note_found(wanted)
    else:
        note_place(wanted, Place.CONFLICT)
    return found


def require_store(wanted: Whereabouts, archive: Archive) -> Fetched:
    """Return what fetches originals from the store. Raises OriginalAway if no store is set."""
    if archive.elsewhere is None:
        raise OriginalAway(wanted.filename, "No store is set: set S3_BUCKET and its keys again.")
    return archive.elsewhere


@contextlib.contextmanager
def asking_store(wanted: Whereabouts) -> Iterator[None]:
    """Within the block, turn errors of the store into errors of this original, and note in its row what the store has
    lost or changed. Raises OriginalLost, OriginalChangedInStore, OriginalAway, or NotHereYet."""
    require_not_on_its_way(wanted)
    try:
        yield
    except ObjectMissing as problem:
        if wanted.place == Place.BOTH and not wanted.is_of_this_pc:
            # Its instrument still has the file, and sends it again.
            _rows_of(wanted).filter(place=Place.BOTH).forget_store()
            require_not_on_its_way(replace(wanted, store_key=None))
        note_place(wanted, Place.LOST)
        raise OriginalLost(wanted.filename) from problem
    except OriginalChangedInStore:
        note_place(wanted, Place.CONFLICT)
        raise
    except StoreError as problem:
        raise OriginalAway(wanted.filename, str(problem)) from problem
    except StopRequested as problem:
        raise OriginalAway(wanted.filename, "The program ends.") from problem


def require_not_on_its_way(wanted: Whereabouts) -> None:
    """If the file is on the disk of another instrument alone, ask for it, and raise NotHereYet."""
    if wanted.is_on_its_way and wanted.instrument_id:
        raise ask_for(wanted.instrument_id, wanted.filename)


def note_place(wanted: Whereabouts, place: str) -> None:
    """Note in the row where the original is, as just seen. If the database is away, the next call that opens it notes
    it."""
    with contextlib.suppress(*DATABASE_AWAY):
        if _rows_of(wanted).exclude(place=place).update(place=place):
            logger.warning("The original %s: %s", wanted.filename, Place(place).label)


def _rows_of(wanted: Whereabouts) -> ImageQuerySet:
    """Return the row for an update, if it still names the same object."""
    return Image.objects.filter(instrument=wanted.instrument_id, filename=wanted.filename, store_key=wanted.store_key)


def _open_fetched(wanted: Whereabouts, fetched: Fetched) -> OpenOriginal:
    """Return an original that was fetched, or is fetched now. Raises OriginalChangedInStore, StoreError, StopRequested,
    or StorageUnavailable."""
    if original := _open_copy(wanted, fetched):
        return original
    with fetched.turn(wanted.sha256):
        # Another thread may have fetched it while this one waited for its turn.
        if original := _open_copy(wanted, fetched):
            return original
        file = fetched.fetch(wanted.store_key or "", wanted.filename, wanted.size_bytes, wanted.sha256)
        return open_if_same(file, wanted.filename, wanted.size_bytes, wanted.sha256)


def _open_copy(wanted: Whereabouts, fetched: Fetched) -> OpenOriginal | None:
    """Return an original that was fetched before; None if there is none. A copy that was damaged on this disk since
    then is removed: it says nothing about the store."""
    if kept := fetched.find(wanted.sha256):
        with contextlib.suppress(OriginalChanged):
            return open_if_same(kept, wanted.filename, wanted.size_bytes, wanted.sha256)
    return None


def _note_found(wanted: Whereabouts) -> None:
    """Note that an original is there and whole that was given up as lost or changed."""
    if wanted.place in (Place.LOST, Place.CONFLICT):
        note_place(wanted, Place.STORE)
