"""Small pictures for lists: made from the frame in hand at capture, or from the original when one is asked for.

They are derived: the folder may be emptied at any time.
"""

import contextlib
import os
import queue
import threading
import time
from pathlib import Path
from typing import BinaryIO

from PIL import Image as Picture

from camera.frame import Frame, to_display
from images.archive import TEMPORARY_SUFFIX, Archive
from images.errors import NotAnOriginal, OriginalMissing
from images.formats import FORMATS
from images.formats.jpeg_strips import END_OF_IMAGE
from images.formats.whole import demand_end, read_reduced
from images.models import Image
from images.storage import lock, remove_if_orphaned, telling_faults

LONGEST_SIDE_PX = 512
QUALITY = 85
MOST_WAITING = 2
# An original as large as any camera's takes some hundred megabytes while it is read.
MOST_DEVELOPING = 2
QUIET_S = 0.1
LONGEST_WAIT_S = 1.0


class Thumbnails:
    """Safe to use from any thread."""

    def __init__(self, folder: Path, archive: Archive) -> None:
        self._folder = folder
        self._archive = archive
        self._waiting: queue.Queue[tuple[str, Frame]] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._developing = threading.BoundedSemaphore(MOST_DEVELOPING)
        self._last_asked_s = float("-inf")

    def make_soon(self, thumbnail_path: str, frame: Frame) -> None:
        """Have it made in the background, once captures pause. Does not block: when too many wait, it is made once
        it is asked for."""
        self._last_asked_s = time.monotonic()
        try:
            self._waiting.put_nowait((thumbnail_path, frame))
        except queue.Full:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._make_waiting, name="thumbnails", daemon=True)
                self._thread.start()

    def open(self, image: Image) -> BinaryIO:
        """The thumbnail, open for reading, made from the original if it is not there; the caller closes it. Raises
        OriginalMissing, or a StorageUnavailable."""
        path = self._path_of(image.thumbnail_path)
        with telling_faults():
            try:
                return path.open("rb")
            except FileNotFoundError:
                self._write(image.thumbnail_path, self._read_original(image))
                return path.open("rb")

    def remove(self, thumbnail_path: str) -> None:
        self._path_of(thumbnail_path).unlink(missing_ok=True)

    def _path_of(self, thumbnail_path: str) -> Path:
        """Below the folder, whatever a row says. Raises NotAnOriginal."""
        path = self._folder / thumbnail_path
        if ".." in path.parts or self._folder not in path.parents:
            raise NotAnOriginal(f"{thumbnail_path} is not how this program names a thumbnail.")
        return path

    def remove_orphaned_temporaries(self) -> int:
        """Remove what writers that died left behind. Those still being written are locked, and stay."""
        return sum(remove_if_orphaned(path) for path in self._folder.glob(f"*/.*{TEMPORARY_SUFFIX}"))

    def _make_waiting(self) -> None:
        while True:
            thumbnail_path, frame = self._waiting.get()
            self._wait_for_quiet()
            pixels = to_display(frame.pixels, frame.descriptor.significant_bits)
            del frame  # its buffer is wanted for the next one
            try:
                self._write(thumbnail_path, Picture.fromarray(pixels))
            except OSError:
                continue  # made once it is asked for, and then the fault is told

    def _wait_for_quiet(self) -> None:
        """In a burst of captures their encoding comes first."""
        until_s = time.monotonic() + LONGEST_WAIT_S
        while (now_s := time.monotonic()) < until_s and now_s - self._last_asked_s < QUIET_S:
            time.sleep(self._last_asked_s + QUIET_S - now_s)

    def _read_original(self, image: Image) -> Picture.Image:
        self._archive.open(image.filename).close()  # tells what is the matter where it is not there
        with self._developing:
            try:
                return self._reduce(image) if image.image_format == "jpg" else self._develop(image)
            except (NotAnOriginal, OSError, ValueError, Picture.DecompressionBombError) as problem:
                raise OriginalMissing(f"The file {image.filename} cannot be read as a picture.") from problem

    def _reduce(self, image: Image) -> Picture.Image:
        """A JPEG can be decoded at a fraction of its size, in a fraction of the time."""
        return read_reduced(self._archive.path_of(image.filename), "JPEG", END_OF_IMAGE, LONGEST_SIDE_PX)

    def _develop(self, image: Image) -> Picture.Image:
        pixels = FORMATS[image.image_format].read_pixels(self._archive.path_of(image.filename))
        return Picture.fromarray(to_display(pixels, image.metadata["actual"]["significantBits"]))

    def _write(self, thumbnail_path: str, picture: Picture.Image) -> None:
        path = self._path_of(thumbnail_path)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}{TEMPORARY_SUFFIX}")
        try:
            with temporary.open("w+b") as file:
                with contextlib.suppress(OSError):  # where the file system knows no locks, nobody removes it either
                    lock(file)
                shrink(picture).save(file, "JPEG", quality=QUALITY)
                demand_end(file, END_OF_IMAGE)
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def shrink(picture: Picture.Image) -> Picture.Image:
    """At most 512 pixels along the longer side: by a whole factor, which is fast, then to size."""
    factor = max(picture.size) // LONGEST_SIDE_PX
    reduced = picture.reduce(factor) if factor > 1 else picture
    reduced.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    return reduced
