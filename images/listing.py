"""Rows for originals: at once when all is well, later by themselves when the database was away, and for files found
without one. Always from the record inside the file, so that the database stays what it is: an index."""

import logging
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import DataError, close_old_connections, connections, transaction
from django.utils import timezone

from images.apps import the_library
from images.archive import TEMPORARY_SUFFIX, Archive, Kept
from images.changes import SUFFIX, is_changes_file, move_changes, path_beside, read_changes
from images.changing import follow_changes
from images.errors import DATABASE_AWAY, DamagedChanges, NotAnOriginal, StorageUnavailable
from images.formats import format_of
from images.models import Image, Job, Removal
from images.record import parse_time
from images.restoring import link_calibrations, optics_columns, restore_optics
from images.signals import tell

logger = logging.getLogger(__name__)

RETRY_S = 2.0
IDEMPOTENCY_KEPT_FOR = timedelta(hours=24)
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
        image_format=_format_name(kept.path),
        is_simulated=record["simulated"],
        is_adopted=is_adopted,
        **optics_columns(record),
        idempotency_key=key_in_force(record, user_id),
    )
    if is_adopted:
        image.clean_fields(exclude=["user", "job", "objective", "calibration"])
    with transaction.atomic():
        image.save(force_insert=True)
        done = [(image.pk, image.filename)]
        if is_adopted:
            tell("adopted", done)
        else:
            tell("captured", done, user_id=user_id, username=record["user"])
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


def adopt(archive: Archive, path: Path, kept: Kept | None = None) -> Image | None:
    """Make the row of an original that has none, from its record. None where it has one, or is to be removed. `kept`
    spares to read it whole where that was done before.

    Where its name belongs to the row of another image, whose file was lost, it gets a new one.
    Raises NotAnOriginal for a foreign or damaged file, and Django's DatabaseError.
    """
    record = read_record(archive, path)
    if Removal.objects.filter(record_id=record["id"]).exists():
        return None
    if listed := Image.objects.filter(record_id=record["id"]).first():
        if listed.filename != path.name:
            logger.warning("%s is a copy of %s; it was left alone", path.name, listed.filename)
        else:
            follow_or_report(archive, listed)
        return None
    if Image.objects.filter(filename=path.name).exists():
        path = archive.rename_to_free(
            path, parse_time(record["capturedAt"]), lambda renamed: move_changes(path, renamed, record["id"])
        )
    kept = replace(kept, path=path) if kept else archive.measure(path)
    try:
        with transaction.atomic():
            restore_optics(record)
            image = list_original(
                kept, record, user_id=find_user(record["user"]), job_id=find_job(record), is_adopted=True
            )
            link_calibrations(image)
            if path_beside(path).exists() and follow_or_report(archive, image):
                image.refresh_from_db()
        return image
    except (KeyError, TypeError, AttributeError, ValueError, ValidationError, DataError) as problem:
        raise NotAnOriginal(f"The record in {path.name} is damaged ({problem!r}).") from problem


def key_in_force(record: dict[str, Any], user_id: int | None) -> str | None:
    """The key of the request, as long as it may be repeated, and unless it came to stand for another image."""
    key = record.get("idempotencyKey")
    is_young = parse_time(record["capturedAt"]) > timezone.now() - IDEMPOTENCY_KEPT_FOR
    if not isinstance(key, str) or len(key) > 200 or user_id is None or not is_young:
        return None
    return None if Image.objects.filter(user_id=user_id, idempotency_key=key).exists() else key


def adopt_unlisted(archive: Archive, newest_days: int | None = None) -> int:
    """Adopt every original without a row, and let file and row follow each other where a crash parted them; all of
    them, or only those of the newest days. Damaged and foreign files are reported and left alone. Answers how many
    were adopted. Raises Django's DatabaseError."""
    folders = archive.day_folders()
    folders = folders if newest_days is None else folders[-newest_days:]
    return sum(_adopt_or_report(archive, path) for folder in folders for path in find_unlisted(folder))


def find_unlisted(folder: Path, pattern: str = "capture_*") -> Iterator[Path]:
    """What of a day's folder the rows do not say as it is: originals without a row, or not of its size, or with other
    changes than it knows. Foreign files that fit the pattern are among them."""
    of_day = Image.objects.of_day(date.fromisoformat(folder.name))
    facts_by_name = {name: facts for name, *facts in of_day.values_list("filename", "file_size", "revision")}
    names = sorted(path.name for path in folder.glob(pattern) if not path.name.endswith(TEMPORARY_SUFFIX))
    known = set(names)
    for name in names:
        if not is_changes_file(name):
            has_changes = name + SUFFIX in known
            if not _is_listed(folder / name, facts_by_name.get(name), has_changes):
                yield folder / name


def follow_or_report(archive: Archive, image: Image) -> bool:
    """Whether file and row had parted. What cannot be understood is reported, and the row stays."""
    try:
        return follow_changes(archive, image.pk)
    except (DamagedChanges, StorageUnavailable) as problem:
        logger.warning("Not followed: %s", problem)
        return False


def _is_listed(path: Path, facts: list[Any] | None, has_changes: bool) -> bool:
    """Another size than the listed one is that of another image under the same name, or of a damaged one."""
    try:
        if facts is None or path.stat().st_size != facts[0]:
            return False
        changes = read_changes(path_beside(path)) if has_changes else None
        return (changes.revision if changes else 0) == (facts[1] or 0)
    except (DamagedChanges, OSError):
        return False


def read_record(archive: Archive, path: Path) -> dict[str, Any]:
    """The record inside an original. Raises NotAnOriginal for a foreign or damaged file, and OSError."""
    image_format = format_of(path)
    if image_format is None or archive.path_of(path.name) != path:
        raise NotAnOriginal(f"{path.parent.name}/{path.name} is not how this program names and files an image.")
    try:
        return image_format.read_record(path)
    except NotAnOriginal as problem:
        raise problem if path.name in str(problem) else NotAnOriginal(f"{path.name}: {problem}") from problem


def _adopt_or_report(archive: Archive, path: Path) -> int:
    try:
        return int(adopt(archive, path) is not None)
    except (NotAnOriginal, OSError) as problem:
        logger.warning("Not adopted: %s", problem)
        return 0


def _format_name(path: Path) -> str:
    known = format_of(path)
    if known is None:
        raise NotAnOriginal(f"{path.name} is of no format that this program writes.")
    return known.name


def find_user(username: Any) -> int | None:
    return get_user_model().objects.filter(username=username).values_list("id", flat=True).first()


def find_job(record: dict[str, Any]) -> int | None:
    """By its number, or by its name where the number has gone to another one."""
    job = record["job"]
    if not job:
        return None
    named = Job.objects.filter(name=job["name"]).order_by("id").values_list("id", flat=True)
    return named.filter(id=job["id"]).first() or named.first()


def the_registrar() -> Registrar:
    return the_library().registrar
