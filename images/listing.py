"""Rows for originals: at once when all is well, later by themselves when the database was away, and for files found
without one. Always from the record inside the file, so that the database stays what it is: an index."""

import logging
import threading
from collections import deque
from datetime import date
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import DatabaseError, DataError, InterfaceError, close_old_connections, connections

from images.apps import the_library
from images.archive import Archive, Kept
from images.errors import NotAnOriginal, StorageUnavailable
from images.formats import format_of
from images.models import Image, Job, Removal
from images.record import parse_time

logger = logging.getLogger(__name__)

DATABASE_AWAY = (DatabaseError, InterfaceError)
RETRY_S = 2.0
PATIENCE_S = 2.0


def thumbnail_path_of(original: Path) -> str:
    """Where the thumbnail of an original belongs, below the folder of thumbnails."""
    return f"{original.parent.name}/{original.name}.jpg"


def list_original(
    kept: Kept, record: dict[str, Any], *, user_id: int | None, job_id: int | None, is_adopted: bool = False
) -> Image:
    """Write the row of an original. Raises Django's DatabaseError when it cannot be written, and for a record that
    comes from elsewhere also ValidationError."""
    position, actual = record["position"], record["actual"]
    image = Image(
        job_id=job_id,
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
        sample=record.get("sample") or "",
        note=record.get("note") or "",
        metadata=record,
        record_id=record["id"],
        sha256=kept.sha256,
        image_format=kept.path.suffix.removeprefix("."),
        is_simulated=record["simulated"],
        is_adopted=is_adopted,
    )
    if is_adopted:
        image.clean_fields(exclude=["user", "job"])
    image.save(force_insert=True)
    return image


class Registrar:
    """Adds rows that could not be written when their file was. One thread, alive while there is something to add."""

    def __init__(self, archive: Archive, retry_s: float = RETRY_S) -> None:
        self._archive = archive
        self._retry_s = retry_s
        self._pending: deque[Path] = deque()
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def pending_count(self) -> int:
        """How many originals wait for their row."""
        return len(self._pending)

    def add_later(self, path: Path) -> None:
        """See to it that this original gets its row as soon as the database answers."""
        with self._lock:
            self._pending.append(path)
            if self._thread is None and not self._ending.is_set():
                self._thread = threading.Thread(target=self._add_pending, name="registrar", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop trying; what is pending is found again at the next start."""
        self._ending.set()
        if thread := self._thread:
            thread.join(PATIENCE_S)

    def _add_pending(self) -> None:
        while not self._has_finished():
            close_old_connections()
            if self._is_settled(self._pending[0]):
                self._pending.popleft()
            else:
                self._pending.rotate(-1)
                self._ending.wait(self._retry_s)
        connections.close_all()

    def _is_settled(self, path: Path) -> bool:
        """Whether this original has its row now, or waiting cannot help it."""
        try:
            adopt(self._archive, path)
        except (*DATABASE_AWAY, StorageUnavailable) as away:
            logger.warning("%d images wait for their rows: %s", len(self._pending), away)
            return False
        except Exception:
            # The thread's boundary: one original that cannot be listed must not keep the others from it.
            logger.exception("%s could not be listed; the next start tries again", path.name)
        return True

    def _has_finished(self) -> bool:
        with self._lock:
            if self._pending and not self._ending.is_set():
                return False
            self._thread = None
            return True


def adopt(archive: Archive, path: Path) -> Image | None:
    """Make the row of an original that has none, from its record. None where it has one, or is to be removed.

    Where its name belongs to the row of another image, whose file was lost, it gets a new one.
    Raises NotAnOriginal for a foreign or damaged file, and Django's DatabaseError.
    """
    record = _read_record(archive, path)
    if Removal.objects.filter(record_id=record["id"]).exists():
        return None
    if listed := Image.objects.filter(record_id=record["id"]).first():
        if listed.filename != path.name:
            logger.warning("%s is a copy of %s; it was left alone", path.name, listed.filename)
        return None
    if Image.objects.filter(filename=path.name).exists():
        path = archive.rename_to_free(path, parse_time(record["capturedAt"]))
    kept = archive.measure(path)
    try:
        return list_original(kept, record, user_id=_find_user(record), job_id=_find_job(record), is_adopted=True)
    except (KeyError, TypeError, AttributeError, ValueError, ValidationError, DataError) as problem:
        raise NotAnOriginal(f"The record in {path.name} is damaged ({problem!r}).") from problem


def adopt_unlisted(archive: Archive) -> int:
    """Adopt every original without a row. Damaged and foreign files are reported and left alone. Answers how many
    were adopted. Raises Django's DatabaseError."""
    adopted = 0
    for folder in archive.day_folders():
        of_day = Image.objects.of_day(date.fromisoformat(folder.name))
        size_by_name = dict(of_day.values_list("filename", "file_size"))
        for path in sorted(folder.glob("capture_*")):
            adopted += _adopt_or_report(archive, path, size_by_name.get(path.name))
    return adopted


def _read_record(archive: Archive, path: Path) -> dict[str, Any]:
    image_format = format_of(path)
    if image_format is None or archive.path_of(path.name) != path:
        raise NotAnOriginal(f"{path.parent.name}/{path.name} is not how this program names and files an image.")
    return image_format.read_record(path)


def _adopt_or_report(archive: Archive, path: Path, listed_size_bytes: int | None) -> int:
    """Another size than the listed one is that of another image under the same name, or of a damaged one."""
    try:
        return int(path.stat().st_size != listed_size_bytes and adopt(archive, path) is not None)
    except (NotAnOriginal, OSError) as problem:
        logger.warning("Not adopted: %s", problem)
        return 0


def _find_user(record: dict[str, Any]) -> int | None:
    return get_user_model().objects.filter(username=record["user"]).values_list("id", flat=True).first()


def _find_job(record: dict[str, Any]) -> int | None:
    job = record["job"]
    return job and Job.objects.filter(id=job["id"]).values_list("id", flat=True).first()


def the_registrar() -> Registrar:
    return the_library().registrar
