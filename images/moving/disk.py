"""The disk of a dead PC, mounted on this PC. The program writes to it only to complete what a crash left half done."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import UUID

from images.archive.archive import Archive
from images.archive.folder import MARKER
from images.archive.names import Location
from images.errors import NotAnOriginal, StorageUnavailable
from images.moving.errors import NotADataFolder
from images.spool.identity import FILE

DEFAULT_FOLDER = "images"


class DamagedDiskArchive(Archive):
    """An archive on a disk that may be damaged in places. A folder that cannot be read is reported once and left
    out."""

    def __init__(self, root: Path, memory: Path, report: Callable[[str], None]) -> None:
        super().__init__(root, 0, memory)
        self._report = report
        self._reported: set[str] = set()

    @property
    def unreadable_days(self) -> list[str]:
        return sorted(self._reported)

    def names_of(self, day: str) -> list[str]:
        try:
            return super().names_of(day)
        except OSError as problem:
            if day not in self._reported:
                self._reported.add(day)
                self._report(f"The folder {day} cannot be read ({problem}).")
            # One damaged folder must not keep the pictures of all other days on a disk that is dying.
            return []

    def has(self, location: Location) -> bool:
        try:
            return super().has(location)
        except OSError as problem:
            self._report(f"{location} cannot be looked for ({problem}).")
            return False

    def rename_to_free(
        self,
        location: Location,
        taken_at: datetime,
        take_along: Callable[[Location], object] = lambda renamed: None,
    ) -> Location:
        """Like Archive.rename_to_free. But if the disk cannot be written, only this original is left out, so it raises
        NotAnOriginal, not StorageUnavailable."""
        try:
            return super().rename_to_free(location, taken_at, take_along)
        except StorageUnavailable as problem:
            raise NotAnOriginal(
                f"{location.name} has the name of another picture, and stays so: {problem}"
            ) from problem


def read_dead_id(folder: Path, id_file: Path | None = None) -> UUID:
    """Return the id of the instrument that had this data folder. If there is none, none is made: the pictures would get
    the id of an instrument that never was. Raises NotADataFolder."""
    path = id_file or folder / FILE
    try:
        return UUID(path.read_text(encoding="ascii").strip())
    except OSError as problem:
        raise NotADataFolder(
            f"There is no file {path} ({problem.strerror}). Give the data folder of the dead PC. If only its folder of "
            "images is left, write its id into a file and give it with --id-file: the id is the first part of any key "
            "under originals/ in the store."
        ) from problem
    except ValueError as problem:
        raise NotADataFolder(f"The file {path} holds no id of an instrument.") from problem


def find_images_folder(folder: Path, asked: Path | None = None) -> Path:
    """Return the folder of images in this data folder, or `folder` itself if it is a folder of images. `asked`: the
    folder that the user named. Raises NotADataFolder if none of them has the marker."""
    candidates = [asked] if asked else [folder / DEFAULT_FOLDER, folder]
    for candidate in candidates:
        if (candidate / MARKER).is_file():
            return candidate
    raise NotADataFolder(
        f"{candidates[0]} is no folder of images: it lacks the file {MARKER}. If the dead PC had IMAGE_SAVE_PATH set, "
        "give that folder with --images."
    )
