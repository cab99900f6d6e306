"""Where pictures are kept, and where they could be kept: what the page of the second step shows."""

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from camera.errors import CameraError
from camera.registry import the_camera
from images.capture.trial import write_trial
from images.errors import LibraryError
from microscope.setup.disks import Disk, Measured, list_disks, measure

ELSEWHERE = "Microscope"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder for pictures. `pictures`: how many fit; None if nobody knows how large one is. `line`: what `.env` must
    say to use it."""

    folder: Path
    free_bytes: int
    bytes_per_s: float | None
    pictures: int | None
    why_not: str
    line: str


def find_places() -> tuple[Place, list[Place]]:
    """Return the place of this installation and the other ones of this PC. Blocks for some seconds: it writes to each
    disk, and takes a test picture, which is not kept."""
    picture_bytes = measure_picture()
    own = settings.IMAGE_SAVE_PATH
    own.mkdir(parents=True, exist_ok=True)
    here = _describe(measure(own, _reserve_bytes()), own, picture_bytes)
    others = [_look_at(disk, picture_bytes) for disk in list_disks() if not _holds(disk.root, own)]
    return here, others


def measure_picture() -> int | None:
    """Return how many bytes a picture of this camera takes, as it is set now. None if there is no camera or no
    folder."""
    try:
        return write_trial(the_camera().capture(), settings.IMAGE_FORMAT, settings.IMAGE_QUALITY)
    except (CameraError, LibraryError):
        return None


def _look_at(disk: Disk, picture_bytes: int | None) -> Place:
    folder = disk.root / ELSEWHERE
    if disk.is_network:
        why_not = "On the network: it can vanish while a picture is written. Keep backups there instead."
        return Place(folder, 0, None, None, why_not, "")
    return _describe(measure(disk.root, _reserve_bytes()), folder, picture_bytes)


def _describe(measured: Measured, folder: Path, picture_bytes: int | None) -> Place:
    room_bytes = max(measured.free_bytes - _reserve_bytes(), 0)
    pictures = room_bytes // picture_bytes if picture_bytes else None
    line = "" if measured.why_not else f"IMAGE_SAVE_PATH={folder}"
    return Place(folder, measured.free_bytes, measured.bytes_per_s, pictures, measured.why_not, line)


def _reserve_bytes() -> int:
    return settings.MINIMUM_FREE_MB * 10**6


def _holds(root: Path, folder: Path) -> bool:
    """Return True if the folder lies on this disk, and not on one that is mounted below it."""
    try:
        return root.stat().st_dev == folder.stat().st_dev
    except OSError:
        return False
