"""Small pictures for lists: made from the frame in hand at capture, or from the original when one is asked for.

They are derived: the folder may be emptied at any time.
"""

import os
import queue
import threading
from pathlib import Path

from PIL import Image as Picture
from PIL import UnidentifiedImageError

from camera.frame import Frame, to_display
from images.archive import Archive
from images.errors import OriginalMissing
from images.models import Image

LONGEST_SIDE_PX = 512
QUALITY = 85
MOST_WAITING = 2


class Thumbnails:
    """Safe to use from any thread."""

    def __init__(self, folder: Path, archive: Archive) -> None:
        self._folder = folder
        self._archive = archive
        self._waiting: queue.Queue[tuple[str, Frame]] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def make_soon(self, thumbnail_path: str, frame: Frame) -> None:
        """Have it made in the background. Does not block: when too many wait, it is made once it is asked for."""
        try:
            self._waiting.put_nowait((thumbnail_path, frame))
        except queue.Full:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._make_waiting, name="thumbnails", daemon=True)
                self._thread.start()

    def open(self, image: Image) -> Path:
        """The thumbnail's file, made from the original if it is not there. Raises OriginalMissing."""
        path = self._folder / image.thumbnail_path
        if not path.exists():
            self._write(image.thumbnail_path, self._read_original(image))
        return path

    def remove(self, thumbnail_path: str) -> None:
        (self._folder / thumbnail_path).unlink(missing_ok=True)

    def _make_waiting(self) -> None:
        while True:
            thumbnail_path, frame = self._waiting.get()
            pixels = to_display(frame.pixels, frame.descriptor.significant_bits)
            del frame  # its buffer is wanted for the next one
            try:
                self._write(thumbnail_path, Picture.fromarray(pixels))
            except OSError:
                continue  # made once it is asked for, and then the fault is told

    def _read_original(self, image: Image) -> Picture.Image:
        try:
            with self._archive.open(image.filename) as file, Picture.open(file) as picture:
                picture.load()
        except (UnidentifiedImageError, OSError, Picture.DecompressionBombError) as problem:
            raise OriginalMissing(f"The file {image.filename} cannot be read as a picture.") from problem
        if picture.mode.startswith("I"):
            picture = _deep_to_display(picture, image)
        return picture

    def _write(self, thumbnail_path: str, picture: Picture.Image) -> None:
        path = self._folder / thumbnail_path
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{threading.get_ident()}.part")
        with temporary.open("wb") as file:
            shrink(picture).save(file, "JPEG", quality=QUALITY)
        os.replace(temporary, path)


def shrink(picture: Picture.Image) -> Picture.Image:
    """At most 512 pixels along the longer side: by whole factors, which is fast, then to size."""
    factor = max(picture.size) // LONGEST_SIDE_PX
    reduced = picture.reduce(factor) if factor > 1 else picture
    reduced.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    return reduced


def _deep_to_display(picture: Picture.Image, image: Image) -> Picture.Image:
    import numpy as np

    bits = image.metadata["actual"]["significantBits"]
    return Picture.fromarray(to_display(np.asarray(picture, dtype=np.uint16), bits))
