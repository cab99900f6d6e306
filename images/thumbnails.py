"""Small pictures for lists: made from the frame in hand at capture, or from the original when one is asked for.

They are derived: the folder may be emptied at any time.
"""

import os
import queue
import threading
import time
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image as Picture

from camera.frame import Frame, to_display
from images.archive import Archive
from images.errors import OriginalMissing
from images.formats.jpeg_strips import END_OF_IMAGE
from images.formats.whole import demand_end
from images.models import Image
from images.storage import telling_faults

LONGEST_SIDE_PX = 512
QUALITY = 85
MOST_WAITING = 2
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
        path = self._folder / image.thumbnail_path
        with telling_faults():
            try:
                return path.open("rb")
            except FileNotFoundError:
                self._write(image.thumbnail_path, self._read_original(image))
                return path.open("rb")

    def remove(self, thumbnail_path: str) -> None:
        (self._folder / thumbnail_path).unlink(missing_ok=True)

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
        with self._archive.open(image.filename) as file:
            try:
                picture: Picture.Image = Picture.open(file)
                # A JPEG can be decoded at a fraction of its size, in a fraction of the time.
                picture.draft(None, (LONGEST_SIDE_PX, LONGEST_SIDE_PX))
                picture.load()
            except (OSError, ValueError, Picture.DecompressionBombError) as problem:
                raise OriginalMissing(f"The file {image.filename} cannot be read as a picture.") from problem
        return _deep_to_display(picture, image) if picture.mode.startswith("I") else picture

    def _write(self, thumbnail_path: str, picture: Picture.Image) -> None:
        path = self._folder / thumbnail_path
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.part")
        try:
            with temporary.open("w+b") as file:
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


def _deep_to_display(picture: Picture.Image, image: Image) -> Picture.Image:
    bits = image.metadata["actual"]["significantBits"]
    return Picture.fromarray(to_display(np.asarray(picture, dtype=np.uint16), bits))
