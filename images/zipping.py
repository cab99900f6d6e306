"""Many originals as one ZIP that is made while it is sent: no temporary file, one original open at a time.

Memory grows only by what stands at a ZIP's end, some hundred bytes an image: its table of contents, and our manifest,
which can tell the sums only once the bytes have passed.
"""

import csv
import hashlib
import io
import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from django.db import connections
from zipstream import ZipStream

from images.apps import the_library
from images.errors import LibraryError, NotAnOriginal
from images.exporting import Wanted, make_export
from images.models import Image, ImageQuerySet
from images.serving import BLOCK_BYTES

MANIFEST = "manifest.csv"
MANIFEST_COLUMNS = ["filename", "imageId", "sha256", "size", "status"]
EXPORT_COLUMNS = ["original", "originalSha256"]
READ_AT_ONCE = 500
OK, MISSING, CHANGED, NO_SCALE = "ok", "missing", "changed", "no scale bar: scale unknown"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ZIP is to hold: an image, or only a number that no image has (any more)."""

    image_id: int
    filename: str = ""
    sha256: str = ""

    @property
    def name(self) -> str:
        """Below the folder of its day, as in the archive. Empty where it has no file's name."""
        try:
            return f"{the_library().archive.path_of(self.filename).parent.name}/{self.filename}"
        except NotAnOriginal:
            return self.filename


class Selection:
    """Entries, some at a time: neither memory nor a connection is held for all of them. The first are read at once,
    so that a database that is away is told before the answer begins."""

    def __init__(self, entries: Iterator[list[Entry]]) -> None:
        self._entries = entries
        self._first = next(entries, [])

    def __iter__(self) -> Iterator[Entry]:
        some = self._first
        while some:
            yield from some
            some = next(self._entries, [])
            give_back_connections()


def select_by_filter(images: ImageQuerySet) -> Selection:
    return Selection(_read_by_filter(images.newest_first()))


def select_by_ids(image_ids: list[int]) -> Selection:
    return Selection(_read_by_ids(list(dict.fromkeys(image_ids))))


def stream_zip(selection: Selection) -> Iterator[bytes]:
    """The bytes of the ZIP. What cannot be read is left out and named in the manifest, which comes last."""
    zip_stream = ZipStream()
    manifest = io.StringIO()
    writer = csv.writer(manifest)
    writer.writerow(MANIFEST_COLUMNS)
    for entry in selection:
        file = _open(entry)
        read = (yield from _add(zip_stream, entry.name, file)) if file else None
        status = read.compare(entry) if read else MISSING
        sums = [read.sha256, read.size_bytes] if read else [entry.sha256, ""]
        writer.writerow([entry.name, entry.image_id, *sums, status])
    zip_stream.add(manifest.getvalue(), MANIFEST)
    yield from zip_stream.finalize()


def stream_zip_of_exports(selection: Selection, wanted: Wanted, username: str) -> Iterator[bytes]:
    """As `stream_zip`, of files made from the originals, one at a time."""
    zip_stream = ZipStream()
    manifest = io.StringIO()
    writer = csv.writer(manifest)
    writer.writerow(MANIFEST_COLUMNS + EXPORT_COLUMNS)
    for entry in selection:
        made = _make(entry, wanted, username)
        if made is None:
            writer.writerow([entry.name, entry.image_id, "", "", MISSING, entry.name, entry.sha256])
            continue
        read = yield from _add(zip_stream, made.name, made.file)
        row = [made.name, entry.image_id, read.sha256, read.size_bytes, made.status, entry.name, entry.sha256]
        writer.writerow(row)
    zip_stream.add(manifest.getvalue(), MANIFEST)
    yield from zip_stream.finalize()


def give_back_connections() -> None:
    """A download may take hours, and must not keep a database connection from others meanwhile."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


class Reading:
    """An original, block by block, summed up as it passes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._is_whole = True
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def compare(self, entry: Entry) -> str:
        return OK if self._is_whole and self.sha256 == entry.sha256 else CHANGED

    def __iter__(self) -> Iterator[bytes]:
        while block := self._read():
            self._digest.update(block)
            self.size_bytes += len(block)
            yield block

    def _read(self) -> bytes:
        """A fault in the middle ends this entry, not the ZIP: the manifest tells."""
        try:
            return self._file.read(BLOCK_BYTES)
        except OSError:
            self._is_whole = False
            return b""


@dataclass(frozen=True, slots=True)
class Made:
    """An export that is to be added. `status` says how it differs from what was asked for."""

    name: str
    file: BinaryIO
    status: str


def _add(zip_stream: ZipStream, name: str, file: BinaryIO) -> Generator[bytes, None, Reading]:
    with file:
        reading = Reading(file)
        zip_stream.add(reading, name, size=os.fstat(file.fileno()).st_size)
        yield from zip_stream.all_files()
    return reading


def _make(entry: Entry, wanted: Wanted, username: str) -> Made | None:
    image = Image.objects.filter(pk=entry.image_id).first()
    if image is None:
        return None
    export = wanted.as_far_as_known(image)
    try:
        file = make_export(image, export, username)
    except LibraryError:
        return None
    finally:
        give_back_connections()
    name = entry.name.removesuffix(entry.filename) + export.name_for(entry.filename)
    return Made(name, file, OK if export == wanted.of(image) else NO_SCALE)


def _open(entry: Entry) -> BinaryIO | None:
    try:
        return the_library().archive.open(entry.filename)
    except LibraryError:
        return None


def _read_by_filter(images: ImageQuerySet) -> Iterator[list[Entry]]:
    images = images.select_related(None).only("id", "filename", "sha256", "captured_at")
    some = list(images[:READ_AT_ONCE])
    while some:
        yield [_entry_of(image) for image in some]
        some = list(images.older_than(some[-1].captured_at, some[-1].pk)[:READ_AT_ONCE])


def _read_by_ids(image_ids: list[int]) -> Iterator[list[Entry]]:
    for first in range(0, len(image_ids), READ_AT_ONCE):
        some = image_ids[first : first + READ_AT_ONCE]
        images = Image.objects.only("id", "filename", "sha256").in_bulk(some)
        yield [_entry_of(images[image_id]) if image_id in images else Entry(image_id) for image_id in some]


def _entry_of(image: Image) -> Entry:
    return Entry(image.pk, image.filename, image.sha256)
