"""How originals are named and filed: by the moment of their capture, in the folder of their day."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from images.errors import ImpossibleName

TEMPORARY_SUFFIX = ".part"
MAX_IN_ONE_MILLISECOND = 10_000
NAME = re.compile(r"capture_(\d{4})(\d{2})(\d{2})_\d{6}_\d{3}(_\d{1,4})?(\.ome\.tif|\.\w{1,8})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """Where a file lies in the archive: in which folder, and under which name. `folder` is relative to the archive: a
    day such as `2025-01-16`, an empty text, or, for a file that somebody moved, any other folder. Only the archive
    knows where that is on the disk."""

    folder: str
    name: str

    def beside(self, name: str) -> "Location":
        """Return the location of a file with this name in the same folder."""
        return Location(self.folder, name)

    def __str__(self) -> str:
        return f"{self.folder}/{self.name}" if self.folder else self.name


def location_of(filename: str) -> Location:
    """Return where the original with that name belongs, even if there is none. Raises ImpossibleName if the name is not
    one of this program."""
    named = NAME.fullmatch(filename)
    if named is None:
        raise ImpossibleName(f"{filename} is not how this program names an image.")
    return Location(f"{named[1]}-{named[2]}-{named[3]}", filename)


def name_for(taken_at: datetime, attempt: int = 1) -> str:
    """Return `capture_20250116_103045_123` (UTC). Later attempts, for the same millisecond, end with _2, _3 and so
    on."""
    moment = taken_at.astimezone(UTC)
    suffix = "" if attempt == 1 else f"_{attempt}"
    return f"capture_{moment:%Y%m%d_%H%M%S}_{moment.microsecond // 1000:03d}{suffix}"


def day_of(taken_at: datetime) -> str:
    """Return the name of the folder for captures of this moment: its day in UTC."""
    return f"{taken_at.astimezone(UTC):%Y-%m-%d}"


def is_day(name: str) -> bool:
    """Return True if a folder of this name is that of a day."""
    try:
        return date.fromisoformat(name).isoformat() == name
    except ValueError:
        return False
