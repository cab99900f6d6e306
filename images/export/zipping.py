"""Send many originals as one ZIP that is made while it is sent: no temporary file, one original open at a time.

All files are looked up first, so the length of the ZIP is known. Only the content of the first files is checked before
the ZIP starts, so even a large ZIP starts soon. Each other file is checked just before it is sent. If it has changed, a
text of the same length takes its place and says so. Memory grows by a few hundred bytes for each image.
"""

import contextlib
import csv
import io
import zlib
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO
from uuid import UUID

from django.utils import timezone

from camera.live.admission import close_database_connections
from images.archive.names import location_of
from images.errors import LibraryError, NotAnOriginal, OriginalAway, OriginalChanged
from images.export.convert import ExportRequest, make_export
from images.export.zip_layout import ZipLayout
from images.index.opening import Whereabouts, find_size, open_wherever
from images.index.originals import OpenOriginal, sum_up
from images.library import the_library
from images.models import Image
from images.permissions import Person

# The size of one read from the disk and one write to the client.
BLOCK_BYTES = 256 * 1024

MANIFEST = "manifest.csv"
MANIFEST_COLUMNS = ["filename", "imageId", "sha256", "size", "status"]
EXPORT_COLUMNS = ["original", "originalSha256"]
READ_AT_ONCE = 500
CHECKED_BEFORE_BYTES = 256_000_000
OK, MISSING, CHANGED, NO_SCALE = "ok", "missing", "changed", "no scale bar: scale unknown"
# It is in the store, which does not give it now.
AWAY = "away"
CHANGED_SINCE_CAPTURE = "changed since capture"
COLUMNS = (
    *("id", "filename", "sha256", "file_size", "captured_at", "is_simulated", "changed_since_capture"),
    *("place", "store_key", "instrument_id"),
)
INSTEAD = (
    "The original %s is %s, so it is not in this ZIP. This was found while the ZIP was being sent, so this text has "
    "the length of the original."
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a ZIP: an image, or only an id if no image has that id (any more)."""

    image_id: int
    filename: str = ""
    sha256: str = ""
    size_bytes: int = 0
    captured_at: datetime | None = None
    is_simulated: bool = False
    status_if_read: str = OK
    place: str | None = None
    store_key: str | None = None
    instrument_id: UUID | None = None

    @property
    def whereabouts(self) -> Whereabouts:
        return Whereabouts(self.filename, self.size_bytes, self.sha256, self.place, self.store_key, self.instrument_id)

    @property
    def name(self) -> str:
        """The path in the ZIP: the folder of the day and the file name, as in the archive. Empty if there is none."""
        try:
            return str(location_of(self.filename))
        except NotAnOriginal:
            return self.filename


@dataclass(slots=True)
class ZipPlan:
    """A ZIP of originals whose length is known. `statuses`: the status of each entry before the ZIP is sent. `texts`:
    name and content of further files, which come first."""

    entries: list[Entry]
    statuses: list[str]
    made_at: datetime
    comment: str = ""
    texts: Sequence[tuple[str, bytes]] = ()
    length_bytes: int = field(init=False)
    manifest_bytes: int = field(init=False)

    def __post_init__(self) -> None:
        # Lay out the whole ZIP without its content. The CRCs are unknown yet, but do not change the length.
        layout, manifest = ZipLayout(), Manifest(MANIFEST_COLUMNS)
        for name, content in self.texts:
            layout.add(name, len(content), 0, self.made_at)
        for entry, status in zip(self.entries, self.statuses, strict=True):
            if status == OK:
                layout.add(entry.name, entry.size_bytes, 0, entry.captured_at or self.made_at)
            manifest.add_original(entry, entry.status_if_read if status == OK else status)
        self.manifest_bytes = len(manifest.dump())
        layout.add(MANIFEST, self.manifest_bytes, 0, self.made_at)
        layout.end(self.comment)
        self.length_bytes = layout.position


class Manifest:
    """The CSV file in the ZIP that lists the status of each image."""

    def __init__(self, columns: list[str]) -> None:
        self._text = io.StringIO()
        self._writer = csv.writer(self._text)
        self._writer.writerow(columns)

    def add(self, *values: object) -> None:
        self._writer.writerow(values)

    def add_original(self, entry: Entry, status: str, is_late: bool = False) -> None:
        """Add a row. `is_late`: the status became known only while the ZIP was sent.

        A late row leaves out the SHA-256, so it never takes more room than planned.
        """
        is_read = status in (OK, CHANGED_SINCE_CAPTURE)
        sha256 = "" if is_late else entry.sha256
        self.add(entry.name, entry.image_id, sha256, entry.size_bytes if is_read else "", status)

    def dump(self, length_bytes: int = 0) -> bytes:
        """Return the table, filled up to `length_bytes` with empty lines, which CSV readers skip."""
        return self._text.getvalue().encode("utf-8").ljust(length_bytes, b"\n")


def read_by_ids(image_ids: list[int]) -> list[Entry]:
    entries = []
    image_ids = list(dict.fromkeys(image_ids))
    for first in range(0, len(image_ids), READ_AT_ONCE):
        some = image_ids[first : first + READ_AT_ONCE]
        # In batches: a database accepts a limited number of parameters.
        images = Image.objects.only(*COLUMNS).in_bulk(some)
        entries += [entry_of(images[image_id]) if image_id in images else Entry(image_id) for image_id in some]
    return entries


def entry_of(image: Image) -> Entry:
    status = CHANGED_SINCE_CAPTURE if image.changed_since_capture else OK
    fields = (image.sha256, image.file_size, image.captured_at, image.is_simulated)
    return Entry(image.pk, image.filename, *fields, status, image.place, image.store_key, image.instrument_id)


def plan_zip(entries: list[Entry], comment: str = "", texts: Sequence[tuple[str, bytes]] = ()) -> ZipPlan:
    """Look up every file, and check the content of the first ones. Raises nothing if a file is missing or changed.

    Blocks while it reads up to CHECKED_BEFORE_BYTES and one more file.
    """
    statuses, left_bytes = [], CHECKED_BEFORE_BYTES
    for entry in entries:
        status = _look_up(entry)
        if status == OK and left_bytes > 0:
            # Checked files are remembered (images/index/originals.py), so they are not read twice.
            left_bytes -= entry.size_bytes
            original, status = _open(entry)
            if original:
                original.close()
        statuses.append(status)
    return ZipPlan(entries, statuses, timezone.now(), comment, texts)


def stream_zip(plan: ZipPlan) -> Iterator[bytes]:
    """Yield the bytes of the ZIP, exactly `plan.length_bytes`.

    Missing or changed originals are left out and named in the manifest, which is the last file.
    """
    layout, manifest = ZipLayout(), Manifest(MANIFEST_COLUMNS)
    for name, content in plan.texts:
        yield layout.add(name, len(content), zlib.crc32(content), plan.made_at) + content
    for entry, known in zip(plan.entries, plan.statuses, strict=True):
        if known != OK:
            manifest.add_original(entry, known)
            continue
        original, status = _open(entry)
        moment = entry.captured_at or plan.made_at
        if original:
            yield layout.add(entry.name, entry.size_bytes, original.sums.crc32, moment)
            # The file can change between the check and its last block.
            is_whole = yield from _send(original)
            status = entry.status_if_read if is_whole else CHANGED
        else:
            # The length was promised in Content-Length, so the text is filled up or cut to the length of the original.
            text = (INSTEAD % (entry.filename, status)).encode().ljust(entry.size_bytes)[: entry.size_bytes]
            yield layout.add(_name_instead(entry), entry.size_bytes, zlib.crc32(text), moment) + text
        manifest.add_original(entry, status, is_late=status in (CHANGED, MISSING, AWAY))
    # The planned length: statuses may have changed since.
    yield from _end(layout, manifest.dump(plan.manifest_bytes), plan.made_at, plan.comment)


def stream_zip_of_exports(
    entries: list[Entry], wanted: ExportRequest, by: Person, comment: str = ""
) -> Iterator[bytes]:
    """Like `stream_zip`, but with exports, which are made one at a time. Nobody knows the length in advance."""
    layout, manifest, now = ZipLayout(), Manifest(MANIFEST_COLUMNS + EXPORT_COLUMNS), timezone.now()
    for entry in entries:
        made = _make(entry, wanted, by)
        if isinstance(made, str):
            manifest.add(entry.name, entry.image_id, "", "", made, entry.name, entry.sha256)
            continue
        with made.file:
            sums, size_bytes = sum_up(made.file), made.file.tell()
            yield layout.add(made.name, size_bytes, sums.crc32, entry.captured_at or now)
            made.file.seek(0)
            while block := made.file.read(BLOCK_BYTES):
                yield block
        manifest.add(made.name, entry.image_id, sums.sha256, size_bytes, made.status, entry.name, entry.sha256)
    yield from _end(layout, manifest.dump(), now, comment)


@dataclass(frozen=True, slots=True)
class Made:
    """An export to add to the ZIP. `status` says if it differs from the request. The ZIP closes `file`."""

    name: str
    file: BinaryIO
    status: str


def _send(original: OpenOriginal) -> Generator[bytes, None, bool]:
    """Yield the bytes of the original. Returns True if it stayed unchanged until its end. Closes it.

    If it changed, zeros fill the rest of its place. They do not match the CRC that was already sent, so every ZIP
    reader rejects this file and can continue with the next.
    """
    with original:
        left_bytes = original.size_bytes
        with contextlib.suppress(OSError, OriginalChanged):
            while left_bytes and (block := original.read(min(BLOCK_BYTES, left_bytes))):
                left_bytes -= len(block)
                yield block
        is_whole = not left_bytes
        while left_bytes:
            block = bytes(min(BLOCK_BYTES, left_bytes))
            left_bytes -= len(block)
            yield block
    return is_whole


def _end(layout: ZipLayout, manifest: bytes, moment: datetime, comment: str) -> Iterator[bytes]:
    yield layout.add(MANIFEST, len(manifest), zlib.crc32(manifest), moment) + manifest
    yield layout.end(comment)


def _make(entry: Entry, wanted: ExportRequest, by: Person) -> Made | str:
    """Return the export, or the status that says why there is none."""
    image = Image.objects.filter(pk=entry.image_id).first()
    if image is None:
        return MISSING
    export = wanted.for_image_if_known(image)
    try:
        file = make_export(image, export, by)
    except OriginalChanged:
        return CHANGED
    except OriginalAway:
        return AWAY
    except LibraryError:
        return MISSING
    finally:
        # A ZIP can take hours to send. Meanwhile it must not keep a database connection from others.
        close_database_connections()
    name = entry.name.removesuffix(entry.filename) + export.name_for(entry.filename)
    return Made(name, file, entry.status_if_read if export == wanted.for_image(image) else NO_SCALE)


def _look_up(entry: Entry) -> str:
    """Return the status of an original by its size on disk, without reading it."""
    if entry.whereabouts.is_on_its_way:
        return AWAY
    try:
        size_bytes = find_size(entry.whereabouts, the_library().archive)
    except (OSError, NotAnOriginal):
        return MISSING
    return OK if size_bytes == entry.size_bytes else CHANGED


def _open(entry: Entry) -> tuple[OpenOriginal | None, str]:
    """Return the original, opened and checked, or the status that says why there is none."""
    try:
        return open_wherever(entry.whereabouts, the_library().archive), OK
    except OriginalChanged:
        return None, CHANGED
    except OriginalAway:
        return None, AWAY
    except LibraryError:
        return None, MISSING
    finally:
        if entry.store_key:
            close_database_connections()  # what was found out about it may have been written down


def _name_instead(entry: Entry) -> str:
    """Return a name of the same length as the original's: `2025-01-16/changed_20250116_103045_123.txt`."""
    return f"{entry.name.replace('/capture_', '/changed_')[:-4]}.txt"
