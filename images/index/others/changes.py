"""Reads and writes the changes that people made to an image. They are in the sidecar beside its original on this PC. If
another instrument captured the picture, they are in the store: each revision is an object of its own, which is never
overwritten. So if two programs make the same revision, one of them fails."""

import contextlib
from collections.abc import Iterable, Iterator

from images.archive.archive import Archive
from images.archive.folder import raising_storage_errors
from images.archive.names import location_of
from images.archive.paced_reader import StopRequested
from images.archive.sidecar import (
    MAX_BYTES,
    Sidecar,
    dump_sidecar,
    parse_sidecar,
    read_sidecar,
    write_sidecars,
)
from images.errors import ChangesAway, DamagedSidecar
from images.models import Image
from images.own_instrument import own_instrument_id
from images.store.client import Store
from images.store.errors import ObjectMissing, ObjectOfSomebodyElse, StoreError
from images.store.keys import key_of_change

JSON = "application/json"


class RevisionTaken(Exception):
    """This revision of an image is in the store already, and its row does not say so: a program was killed before it
    could write the row."""

    def __init__(self, image: Image, sidecar: Sidecar) -> None:
        super().__init__(f"revision {sidecar.revision} of {image.filename}")
        self.image_id = image.pk
        self.sidecar = sidecar


def is_of_this_pc(image: Image) -> bool:
    return image.instrument_id == own_instrument_id()


def read_own_sidecar(archive: Archive, image: Image) -> Sidecar | None:
    """Return the sidecar on this disk, or None if there is none. Raises DamagedSidecar or StorageUnavailable."""
    with raising_storage_errors():
        return _require_own(read_sidecar(archive, location_of(image.filename)), image)


def read_changes(archive: Archive, image: Image) -> Sidecar | None:
    """Return the newest changes of an image, or None if there are none. Blocks for the network if it was changed on
    another PC. Raises DamagedSidecar or StorageUnavailable."""
    if not is_of_this_pc(image):
        return _fetch(archive, image, image.revision) if image.revision else None
    sidecar = read_own_sidecar(archive, image)
    return read_made_elsewhere(archive, image, sidecar) or sidecar


def read_made_elsewhere(archive: Archive, image: Image, own: Sidecar | None) -> Sidecar | None:
    """Return the newest changes of a picture of this PC, if they were made on another PC: that sidecar has the whole
    history. Otherwise `own`, which is the sidecar on this disk. Raises DamagedSidecar or StorageUnavailable."""
    is_behind = (own.revision if own else 0) < (image.revision or 0)
    if image.revision and is_behind and archive.elsewhere and image.stored_revision == image.revision:
        return _fetch(archive, image, image.revision)
    return None


def write_changes(archive: Archive, changed: Iterable[tuple[Image, Sidecar]]) -> None:
    """Write each of these sidecars to its place, disk or store, and note in each image what is in the store, without
    saving it. On return they are safe. Raises StorageUnavailable, and RevisionTaken."""
    own = []
    for image, sidecar in changed:
        if is_of_this_pc(image):
            own.append((image.filename, sidecar))
        else:
            _put(archive, image, sidecar)
            image.stored_revision = sidecar.revision
    # Own sidecars come last: if the store cannot be reached, none of them is written.
    if own:
        write_sidecars(archive, own)


def _fetch(archive: Archive, image: Image, revision: int) -> Sidecar:
    with _asking(archive, image) as store:
        try:
            content = store.read_bytes(key_of_change(image.record_id, revision), MAX_BYTES)
        except ObjectMissing as problem:
            raise ChangesAway(
                f"The last change of {image.filename} was made at its microscope, and is not in the store yet. "
                "Nothing was saved. Try again in a minute."
            ) from problem
    sidecar = parse_sidecar(content, f"Revision {revision} of {image.filename}")
    _require_own(sidecar, image)
    return sidecar


def _put(archive: Archive, image: Image, sidecar: Sidecar) -> None:
    with _asking(archive, image) as store:
        key, content = key_of_change(image.record_id, sidecar.revision), dump_sidecar(sidecar, image.filename)
        try:
            store.put_bytes(key, content, JSON)
            return
        except ObjectOfSomebodyElse:
            pass
    raise RevisionTaken(image, _fetch(archive, image, sidecar.revision))


@contextlib.contextmanager
def _asking(archive: Archive, image: Image) -> Iterator[Store]:
    if archive.elsewhere is None:
        raise ChangesAway(f"{image.filename} belongs to another instrument, and no store is set: set S3_BUCKET.")
    try:
        yield archive.elsewhere.store
    except StoreError as problem:
        kept = f"The changes of {image.filename} are kept in the store."
        raise ChangesAway(f"{kept} {problem} Nothing was saved. Try again later.") from problem
    except StopRequested as problem:
        raise ChangesAway("The program ends.") from problem


def _require_own(sidecar: Sidecar | None, image: Image) -> Sidecar | None:
    if sidecar and sidecar.record_id != str(image.record_id):
        raise DamagedSidecar(f"The sidecar of {image.filename} belongs to another image.")
    return sidecar
