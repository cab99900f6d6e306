"""Rows for originals: at once when all is well, later by themselves when the database was away, and for files found
without one. Always from the record inside the file, so that the database stays what it is: an index."""

import logging
import threading
from datetime import date
from pathlib import Path
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import DatabaseError, InterfaceError, close_old_connections

from images.archive import Archive, Kept
from images.errors import LibraryError, NotAnOriginal
from images.formats import format_of
from images.models import Image, Job, Removal
from images.record import parse_time

logger = logging.getLogger(__name__)

DATABASE_AWAY = (DatabaseError, InterfaceError)
RETRY_S = 2.0


def thumbnail_path_of(original: Path) -> str:
    """Where the thumbnail of an original belongs, below the folder of thumbnails."""
    return f"{original.parent.name}/{original.name}.jpg"


def list_original(kept: Kept, record: dict[str, Any], *, user_id: int | None, is_adopted: bool = False) -> Image:
    """Write the row of an original. Raises Django's DatabaseError when it cannot be written."""
    position, actual = record["position"], record["actual"]
    return Image.objects.create(
        job_id=(record["job"] or {}).get("id"),
        user_id=user_id,
        filename=kept.filename,
        thumbnail_path=thumbnail_path_of(kept.path),
        captured_at=parse_time(record["capturedAt"]),
        x_position=position["x"],
        y_position=position["y"],
        z_position=position["z"],
        exposure_ms=actual["exposureMs"],
        gain_db=actual["gainDb"],
        file_size=kept.size_bytes,
        width=record["image"]["width"],
        height=record["image"]["height"],
        metadata=record,
        record_id=record["id"],
        sha256=kept.sha256,
        image_format=record["file"]["format"],
        is_simulated=record["simulated"],
        is_adopted=is_adopted,
    )


class Registrar:
    """Adds rows that could not be written when their file was. One thread, alive while there is something to add."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._pending: list[Path] = []
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._is_ending = False

    @property
    def pending_count(self) -> int:
        """How many originals wait for their row."""
        return len(self._pending)

    def add_later(self, path: Path) -> None:
        """See to it that this original gets its row as soon as the database answers."""
        with self._lock:
            self._pending.append(path)
            if self._thread is None and not self._is_ending:
                self._thread = threading.Thread(target=self._add_pending, name="registrar", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop trying; what is pending is found again at the next start."""
        self._is_ending = True
        self._wake.set()

    def _add_pending(self) -> None:
        while not self._has_finished():
            close_old_connections()
            try:
                while self._pending:
                    adopt(self._archive, self._pending[0])
                    self._pending.pop(0)
            except DATABASE_AWAY as away:
                logger.warning("%d images wait for the database: %s", len(self._pending), away)
                self._wake.wait(RETRY_S)
            except (LibraryError, OSError):
                logger.exception("%s could not be listed; the next start tries again", self._pending[0].name)
                self._pending.pop(0)
        close_old_connections()

    def _has_finished(self) -> bool:
        with self._lock:
            if self._pending and not self._is_ending:
                return False
            self._thread = None
            return True


def adopt(archive: Archive, path: Path) -> Image | None:
    """Make the row of an original that has none, from its record. None where it has one, or is to be removed.

    Where its name belongs to the row of another image, whose file was lost, it gets a new one.
    Raises NotAnOriginal for a foreign or damaged file, and Django's DatabaseError.
    """
    image_format = format_of(path)
    if image_format is None:
        raise NotAnOriginal(f"{path.name} is no image of this program.")
    if Removal.objects.filter(filename=path.name).exists():
        return None
    record = image_format.read_record(path)
    if namesake := Image.objects.filter(filename=path.name).first():
        if str(namesake.record_id) == record["id"]:
            return None
        path = archive.rename_to_free(path, parse_time(record["capturedAt"]))
    if Image.objects.filter(record_id=record["id"]).exists():
        logger.warning("%s is a copy of an image that is listed already; it was left alone", path.name)
        return None
    kept = archive.measure(path)
    return list_original(kept, _with_job_that_exists(record), user_id=_find_user(record), is_adopted=True)


def adopt_unlisted(archive: Archive) -> int:
    """Adopt every original without a row. Damaged and foreign files are reported and left alone. Answers how many
    were adopted. Raises Django's DatabaseError."""
    adopted = 0
    for folder in archive.day_folders():
        listed = set(Image.objects.of_day(date.fromisoformat(folder.name)).values_list("filename", flat=True))
        for path in sorted(folder.glob("capture_*")):
            if path.name not in listed:
                adopted += _adopt_or_report(archive, path)
    return adopted


def _adopt_or_report(archive: Archive, path: Path) -> int:
    try:
        return int(adopt(archive, path) is not None)
    except (NotAnOriginal, OSError) as problem:
        logger.warning("Not adopted: %s", problem)
        return 0


def _find_user(record: dict[str, Any]) -> int | None:
    return get_user_model().objects.filter(username=record["user"]).values_list("id", flat=True).first()


def _with_job_that_exists(record: dict[str, Any]) -> dict[str, Any]:
    job = record["job"]
    if job is None or Job.objects.filter(id=job["id"]).exists():
        return record
    return {**record, "job": None}


def the_registrar() -> Registrar:
    return apps.get_app_config("images").registrar
