"""The place for a restore. It must be empty, and it stays marked until the restore is complete."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from camera.durable_files import create_file, sync_folder
from images.archive.folder import MARKER, raising_storage_errors
from images.archive.litter import is_litter
from images.backup.errors import PlaceNotEmpty

UNFINISHED = "unfinished-restore.json"
# Committed data can be in the "-wal" file alone, so an empty database file proves nothing.
SQLITE_PARTS = ("", "-wal", "-journal")


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of this installation, for a restore. Its database is the one that Django is set up for."""

    data_path: Path
    images_path: Path

    def begin(self, backup_id: str) -> bool:
        """Mark the place as unfinished. Returns True if an earlier restore of this backup continues. Raises
        PlaceNotEmpty and StorageUnavailable."""
        with raising_storage_errors():
            begun = self.begun_restore()
            if begun == backup_id:
                return True
            if begun is not None:
                raise PlaceNotEmpty(
                    f"A restore of {begun} was begun here and not finished. Restore that one, or empty the folders "
                    f"{self.data_path} and {self.images_path}, and the database."
                )
            self._require_empty()
            self.data_path.mkdir(parents=True, exist_ok=True)
            create_file(self.data_path / UNFINISHED, json.dumps({"backup": backup_id}).encode("ascii"))
        return False

    def finish(self) -> None:
        """Remove the mark, so that the program may start. Raises StorageUnavailable."""
        with raising_storage_errors():
            (self.data_path / UNFINISHED).unlink()
            sync_folder(self.data_path)

    def begun_restore(self) -> str | None:
        """Return the id of the backup whose restore was begun here and not finished, or None. Raises OSError."""
        try:
            return str(json.loads((self.data_path / UNFINISHED).read_bytes())["backup"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return "an unknown backup"

    def _require_empty(self) -> None:
        if self._has_images():
            raise PlaceNotEmpty(
                f"There are images in {self.images_path} already. A backup is restored only to an empty place: set "
                "DATA_PATH and IMAGE_SAVE_PATH to new folders, or move the old ones away."
            )
        if has_database():
            raise PlaceNotEmpty(
                f"There is a database already ({describe_database()}). A backup is restored only to an empty place: "
                "set DATA_PATH or DATABASE_URL to a new one, or move the old one away."
            )

    def _has_images(self) -> bool:
        with suppress(FileNotFoundError):
            return any(not is_litter(path.name) and path.name != MARKER for path in self.images_path.iterdir())
        return False


def has_database() -> bool:
    """Return True if the database has tables. Raises Django's DatabaseError if the server does not answer."""
    if connection.vendor != "sqlite":
        return bool(connection.introspection.table_names())
    return any(_size(Path(f"{sqlite_path()}{part}")) for part in SQLITE_PARTS)


def sqlite_path() -> Path:
    return Path(connection.settings_dict["NAME"])


def describe_database() -> str:
    named = connection.settings_dict
    return str(named["NAME"]) if connection.vendor == "sqlite" else f"{named['NAME']} on {named['HOST'] or 'this PC'}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
