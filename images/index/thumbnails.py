"""Thumbnails: made from the frame at a capture, or from the original when one is requested.

They can be made again, so their folder may be emptied at any time.
"""

import contextlib
import os
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from PIL import Image as Picture

from camera.durable_files import replace_file
from camera.frame import Frame, to_display
from camera.memory import as_picture
from images.archive.archive import Archive
from images.archive.folder import lock, raising_storage_errors, remove_if_orphaned
from images.archive.names import TEMPORARY_SUFFIX
from images.errors import ImpossibleName, NotAnOriginal, OriginalAway, OriginalMissing
from images.formats import FORMATS
from images.formats.guarded_reading import read_reduced, require_end
from images.formats.jpeg_strips import END_OF_IMAGE
from images.index.opening import open_original, require_store, whereabouts_of
from images.models import Image
from images.store.errors import ObjectMissing, StoreError, StoreWrongBytes
from images.store.keys import key_of_thumbnail

MAX_SIDE_PX = 512
QUALITY = 85
# 512 pixels of JPEG have far fewer bytes. What is larger in the store is no thumbnail.
MAX_BYTES = 1_000_000
# The folder for thumbnails of pictures that other instruments captured.
OF_OTHERS = "of-others"
# The comment is within these first bytes of a thumbnail.
HEAD_BYTES = 512
# Each frame that waits keeps one of the camera's few buffers.
MAX_WAITING = 1
# A large original takes some hundred megabytes of memory while it is read.
MAX_DEVELOPING = 2
QUIET_S = 0.1
MAX_WAIT_S = 1.0
PATIENCE_S = 2.0


class Thumbnails:
    """The thumbnails on disk, and the thread that makes them ahead of time. Safe to use from any thread."""

    def __init__(self, folder: Path, archive: Archive, sync: Callable[[int], None] = os.fsync) -> None:
        """`sync` forces an open file to disk, by its descriptor."""
        self._folder = folder
        self._sync = sync
        self._archive = archive
        self._waiting: queue.Queue[tuple[str, Frame, str] | None] = queue.Queue(MAX_WAITING)
        self._thread: threading.Thread | None = None
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._developing = threading.BoundedSemaphore(MAX_DEVELOPING)
        self._last_asked_s = float("-inf")

    def make_soon(self, thumbnail_path: str, frame: Frame, sha256: str = "") -> None:
        """Make a thumbnail in the background, when captures pause. Does not block: if too many wait, it is made only
        when it is requested. `sha256` is the original's; without it, the thumbnail is made again when it is
        requested."""
        self._last_asked_s = time.monotonic()
        if self._ending.is_set():
            return
        try:
            self._waiting.put_nowait((thumbnail_path, frame, sha256))
        except queue.Full:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._make_waiting, name="thumbnails", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread, after its current thumbnail. Blocks for at most PATIENCE_S. The waiting ones are made when
        they are requested."""
        self._ending.set()
        with contextlib.suppress(queue.Full):  # then the thread does not wait for more
            self._waiting.put_nowait(None)
        if thread := self._thread:
            thread.join(PATIENCE_S)

    def open(self, image: Image) -> BinaryIO:
        """Open the thumbnail for reading; the caller closes it. If there is none of this original, fetches or makes it
        first. Raises OriginalMissing, OriginalChanged, OriginalAway, NotHereYet, or StorageUnavailable."""
        path = self._path_of(path_of_thumbnail(image))
        with raising_storage_errors():
            with contextlib.suppress(FileNotFoundError):
                file = path.open("rb")
                if _is_made_from(image.sha256, file):
                    return file
                file.close()
            if not self._fetch(image, path):
                self._write(path_of_thumbnail(image), shrink(self._read_original(image)), image.sha256)
            return path.open("rb")

    def read_if_there(self, image: Image) -> bytes | None:
        """Return the thumbnail, if one of this original was made already. Makes none. Raises OSError."""
        with contextlib.suppress(FileNotFoundError), self._path_of(path_of_thumbnail(image)).open("rb") as file:
            return file.read() if _is_made_from(image.sha256, file) else None
        return None

    def remove(self, thumbnail_path: str) -> None:
        self._path_of(thumbnail_path).unlink(missing_ok=True)

    def _path_of(self, thumbnail_path: str) -> Path:
        """Return the path of a thumbnail. It is always below the folder, whatever a row contains. Raises
        ImpossibleName."""
        path = self._folder / thumbnail_path
        if ".." in path.parts or self._folder not in path.parents:
            raise ImpossibleName(f"{thumbnail_path} is not how this program names a thumbnail.")
        return path

    def remove_orphaned_temporaries(self) -> int:
        """Delete the temporary files of writers that died, and return their number. Files that are still being written
        are locked, and stay."""
        return sum(remove_if_orphaned(path) for path in self._folder.glob(f"*/.*{TEMPORARY_SUFFIX}"))

    def _make_waiting(self) -> None:
        while (waiting := self._waiting.get()) and not self._ending.is_set():
            thumbnail_path, frame, sha256 = waiting
            # This tuple also holds the frame. Without `del`, its buffer would stay taken while the thread waits for the
            # next one.
            del waiting
            self._wait_for_quiet()
            with as_picture(to_display(frame.pixels, frame.descriptor.significant_bits)) as picture:
                small = shrink(picture)
            del frame  # frees its buffer for the next frame
            try:
                self._write(thumbnail_path, small, sha256)
            except OSError:
                continue  # it is made when it is requested, and then the error is reported

    def _wait_for_quiet(self) -> None:
        """Wait until captures pause, at most MAX_WAIT_S: in a burst, encoding the originals comes first."""
        until_s = time.monotonic() + MAX_WAIT_S
        while (now_s := time.monotonic()) < until_s and now_s - self._last_asked_s < QUIET_S:
            if self._ending.wait(self._last_asked_s + QUIET_S - now_s):
                return

    def _fetch(self, image: Image, path: Path) -> bool:
        """Fetch the thumbnail of another instrument's picture from the store: it is sent there before its original.
        Returns False if the store has no thumbnail of this original. Raises OSError, and OriginalAway."""
        where = whereabouts_of(image)
        if where.is_of_this_pc:
            return False
        store = require_store(where, self._archive).store
        try:
            content = store.read_bytes(key_of_thumbnail(image.record_id), MAX_BYTES)
        except (ObjectMissing, StoreWrongBytes):
            return False
        except StoreError as problem:
            raise OriginalAway(image.filename, str(problem)) from problem
        if _mark_of(image.sha256) not in content[:HEAD_BYTES]:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, content)
        return True

    def _read_original(self, image: Image) -> Picture.Image:
        with open_original(image, self._archive) as original, self._developing:
            try:
                read = self._reduce if image.image_format == "jpg" else self._develop
                picture = read(image, original.file)
                original.require_unchanged()
                return picture
            except (NotAnOriginal, OSError, ValueError, Picture.DecompressionBombError) as problem:
                raise OriginalMissing(f"The file {image.filename} cannot be read as a picture.") from problem

    def _reduce(self, image: Image, file: BinaryIO) -> Picture.Image:
        """Return a smaller picture of a JPEG, decoded at a fraction of its size in a fraction of the time."""
        return read_reduced(file, "JPEG", END_OF_IMAGE, MAX_SIDE_PX)

    def _develop(self, image: Image, file: BinaryIO) -> Picture.Image:
        pixels = FORMATS[image.image_format].read_pixels(file)
        return Picture.fromarray(to_display(pixels, image.metadata["actual"]["significantBits"]))

    def _write(self, thumbnail_path: str, picture: Picture.Image, sha256: str) -> None:
        path = self._path_of(thumbnail_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{TEMPORARY_SUFFIX}")
        try:
            with temporary.open("w+b") as file:
                # On a file system without locks, no sweep removes it either.
                with contextlib.suppress(OSError):
                    lock(file)
                picture.save(file, "JPEG", quality=QUALITY, comment=_mark_of(sha256))
                require_end(file, END_OF_IMAGE)
                file.flush()
                # Without this, a power cut could leave half a picture under the final name.
                self._sync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def path_of_thumbnail(image: Image) -> str:
    """Return the path of a thumbnail, relative to the folder. Instruments may give their pictures the same name, so
    those of others are filed by their records."""
    return image.thumbnail_path if whereabouts_of(image).is_of_this_pc else f"{OF_OTHERS}/{image.record_id}.jpg"


def shrink(picture: Picture.Image) -> Picture.Image:
    """Return a new picture of at most 512 pixels along the longer side. It is first reduced by a whole factor, which is
    fast, and then resized."""
    factor = max(picture.size) // MAX_SIDE_PX
    reduced = picture.reduce(factor) if factor > 1 else picture.copy()
    reduced.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX))
    return reduced


def _mark_of(sha256: str) -> bytes:
    """Return the comment that says which original a thumbnail shows."""
    return f"Thumbnail of the original {sha256}".encode()


def _is_made_from(sha256: str, file: BinaryIO) -> bool:
    """Return True if this thumbnail was made from the original with that sum. Leaves the file at its start."""
    head = file.read(HEAD_BYTES)
    file.seek(0)
    return _mark_of(sha256) in head
