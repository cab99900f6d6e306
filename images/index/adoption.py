"""Finds originals that have no row, and gives them one."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import DataError, connection, transaction

from images.archive.archive import Archive, StoredFile
from images.archive.job_file import is_job_file
from images.archive.names import MAX_IN_ONE_MILLISECOND, TEMPORARY_SUFFIX, Location, location_of, name_for
from images.archive.paced_reader import go_on_always
from images.archive.sidecar import is_sidecar, move_sidecar, read_sidecar, sidecar_of
from images.errors import DamagedSidecar, NotAnOriginal, StorageUnavailable
from images.formats import format_of
from images.index.jobs import find_place
from images.index.listing import find_user, list_original
from images.index.originals import find_changed_since_capture
from images.index.rebuild.restore_optics import link_calibrations, restore_optics
from images.index.sync import sync_with_sidecar
from images.models import Image, ImageQuerySet, Removal
from images.older_versions import SIDECAR_SUFFIXES
from images.own_instrument import own_instrument_id
from images.record.image import parse_time
from images.run_days import the_run_days

logger = logging.getLogger(__name__)

# By its row, the original is not on this disk.
LEFT = (Image.Place.STORE, Image.Place.LOST)


def adopt(
    archive: Archive, original: Location, kept: StoredFile | None = None, elsewhere: dict[str, Any] | None = None
) -> Image | None:
    """Make the row of an original from its record. Returns None if it has a row already, or if it is to be removed.
    `kept` holds size and sum, if the caller has read the whole file. `elsewhere`: the columns that say where the
    original is, and of which instrument, if the file in this archive is only a copy for the moment.

    If the name belongs to the row of another image whose file was lost, the original gets a new name. Raises
    NotAnOriginal for a foreign or damaged file, OSError, StorageUnavailable, and Django's DatabaseError.
    """
    record = read_record(archive, original)
    # Its row was deleted on purpose. A crash came before the file was deleted.
    if Removal.objects.filter(record_id=record["id"]).exists():
        return None
    if listed := Image.objects.filter(record_id=record["id"]).first():
        if elsewhere is not None:
            logger.warning("%s has a row already", original.name)
        elif listed.instrument_id != own_instrument_id():
            logger.warning("%s was captured by another instrument; this copy was left alone", original.name)
        elif listed.filename != original.name:
            logger.warning("%s is a copy of %s; it was left alone", original.name, listed.filename)
        else:
            sync_or_report(archive, listed)
            if listed.place in LEFT:
                note_is_here(archive, listed.pk, original, kept)
        return None
    # A file that was renamed by a person or copied from another PC can have the name of another image.
    named = _find_names_beside(elsewhere["instrument_id"]) if elsewhere else Image.objects.of_this_pc()
    if named.filter(filename=original.name).exists():
        taken_at = parse_time(record["capturedAt"])
        if elsewhere:
            original = _find_free_name(named, original, taken_at)
        # The old name belongs to a row whose file was lost. That file may come back from a backup, so the name stays
        # free.
        else:
            original = archive.rename_to_free(
                original, taken_at, partial(move_sidecar, archive, original, record_id=record["id"])
            )
    # Read as a whole, also if it costs a second: the row must hold the sum of the bytes that are there now.
    kept = replace(kept, location=original) if kept else measure_found(archive, original, record)
    try:
        with transaction.atomic():
            # Objective and calibration come first, because the image's row refers to them. Drawn calibrations refer to
            # the image, so they come after it.
            restore_optics(record)
            place = find_place(record)
            image = list_original(
                kept, record, user_id=find_user(record), **place, is_adopted=True, elsewhere=elsewhere
            )
            link_calibrations(image)
            if image.changed_since_capture:
                logger.warning("%s was changed since capture: its record has the sum of other pixels", original.name)
            if archive.has(sidecar_of(archive, original)) and sync_or_report(archive, image):
                image.refresh_from_db()
        return image
    except (KeyError, TypeError, AttributeError, ValueError, ValidationError, DataError) as problem:
        raise NotAnOriginal(f"The record in {original.name} is damaged ({problem!r}).") from problem


def _find_names_beside(instrument_id: UUID | None) -> ImageQuerySet:
    """Return the rows whose names an original of this instrument must not have."""
    # In SQLite, names are unique among all: a library of several instruments is in PostgreSQL.
    is_unique_among_all = connection.vendor == "sqlite"
    return Image.objects.all() if is_unique_among_all else Image.objects.filter(instrument=instrument_id)


def _find_free_name(named: ImageQuerySet, original: Location, taken_at: datetime) -> Location:
    """Return the next name of this millisecond that no row among `named` has. Raises NotAnOriginal if there is none."""
    extension = "." + original.name.partition(".")[2]
    for attempt in range(2, MAX_IN_ONE_MILLISECOND):
        name = name_for(taken_at, attempt) + extension
        if not named.filter(filename=name).exists():
            return original.beside(name)
    raise NotAnOriginal(f"{original.name} has no free name: there are too many of the same millisecond.")


def note_is_here(archive: Archive, image_id: int, original: Location, kept: StoredFile | None = None) -> None:
    """Write down that an original is on this disk, though its row says that it left: a crash came before its file was
    removed, or somebody brought it back. Only its own bytes count. Nothing is removed. Raises OSError."""
    with transaction.atomic():
        # Locked, because the one who evicts it removes the file under the same lock.
        image = Image.objects.select_for_update().filter(pk=image_id, place__in=LEFT).first()
        if image is None:
            return
        found = kept or archive.measure(original)
        if (found.size_bytes, found.sha256) != (image.file_size, image.sha256):
            logger.warning("%s has left this disk, and the file of its name has other bytes", original.name)
            return
        if image.place == Image.Place.LOST:
            # It waits for the store again.
            image.place = image.store_key = image.stored_at = image.verified_at = None
        else:
            image.place = Image.Place.BOTH
        image.evicted_at = None
        image.save(update_fields=["place", "store_key", "stored_at", "verified_at", "evicted_at"])
        logger.info("%s is on this disk again", original.name)


def measure_found(archive: Archive, original: Location, record: dict[str, Any]) -> StoredFile:
    """Read a whole original that has no row. Returns its size and sum, and whether its pixels fit its record. Raises
    OSError."""
    with archive.open_at(original) as file:
        changed = find_changed_since_capture(file, record)
    return replace(archive.measure(original), changed_since_capture=changed)


def adopt_unlisted(archive: Archive, newest_days: int | None = None) -> int:
    """Adopt every original without a row, and bring sidecars and rows to the same revision if a crash separated them.
    `newest_days`: look only at so many of the newest days. Returns the number of adopted originals. Damaged and foreign
    files are logged and left alone. Raises Django's DatabaseError."""
    days = archive.days() if newest_days is None else find_newest_days(archive, newest_days)
    return sum(_adopt_or_report(archive, original) for day in days for original in find_unlisted(archive, day))


def find_newest_days(archive: Archive, count: int) -> list[str]:
    """Return so many of the newest days. Days in the future do not count among them: a clock that was ahead would hide
    the real ones."""
    days = archive.days()
    today = the_run_days().likely_now.date().isoformat()
    past = [day for day in days if day <= today]
    # Days in the future come after the past ones and are added to them.
    return days[max(len(past) - count, 0) :]


def find_unlisted(
    archive: Archive, day: str, beginning: str = "capture_", go_on: Callable[[], None] = go_on_always
) -> Iterator[Location]:
    """Yield the files in the folder of a day that do not match the rows: originals without a row, with another size,
    with a sidecar of another revision, or that have left this disk by their row. Also yields foreign files, if their
    names have this `beginning`. `go_on` is called for each file; what it raises is raised."""
    of_day = Image.objects.of_day(date.fromisoformat(day))
    columns = ("filename", "file_size", "revision", "place")
    fields_by_name = {name: fields for name, *fields in of_day.values_list(*columns)}
    # One listing and one query for the whole day. One query for each file would be slow with a million images.
    names = [
        name for name in archive.names_of(day) if name.startswith(beginning) and not name.endswith(TEMPORARY_SUFFIX)
    ]
    known = set(names)
    for name in names:
        go_on()
        if not is_sidecar(name) and not is_job_file(name):
            has_sidecar = any(name + suffix in known for suffix in SIDECAR_SUFFIXES)
            if not _is_listed(archive, Location(day, name), fields_by_name.get(name), has_sidecar):
                yield Location(day, name)


def is_foreign_file(archive: Archive, original: Location, record_id: UUID) -> bool:
    """Return True if the file with a listed name holds another image than the listed one, or no image. Returns False if
    the file is gone. Slow for many files: it reads the head of the file."""
    try:
        return read_record(archive, original)["id"] != str(record_id)
    except NotAnOriginal:
        return True
    except OSError:
        return False


def sync_or_report(archive: Archive, image: Image) -> bool:
    """Bring sidecar and row to the same revision. Returns True if they differed. A sidecar that cannot be read is
    logged, and the row stays."""
    try:
        return sync_with_sidecar(archive, image.pk)
    except (DamagedSidecar, NotAnOriginal, StorageUnavailable) as problem:
        logger.warning("Not followed: %s", problem)
        return False


def _is_listed(archive: Archive, original: Location, fields: list[Any] | None, has_sidecar: bool) -> bool:
    try:
        # With another size, the file is another image with the same name, or it is damaged.
        # LEFT: the row says that the file is not here, so the file that is here needs a look.
        if fields is None or archive.size_at(original) != fields[0] or fields[2] in LEFT:
            return False
        sidecar = read_sidecar(archive, original) if has_sidecar else None
        return (sidecar.revision if sidecar else 0) == (fields[1] or 0)
    except (DamagedSidecar, OSError):
        return False


def read_record(archive: Archive, original: Location) -> dict[str, Any]:
    """Return the record inside an original. Raises NotAnOriginal for a foreign or damaged file, and OSError."""
    name = original.name
    image_format = format_of(name)
    if image_format is None or location_of(name) != original:
        raise NotAnOriginal(f"{original} is not how this program names and files an image.")
    try:
        with archive.open_at(original) as file:
            return image_format.read_record(file)
    except NotAnOriginal as problem:
        raise problem if name in str(problem) else NotAnOriginal(f"{name}: {problem}") from problem


def _adopt_or_report(archive: Archive, original: Location) -> int:
    try:
        return int(adopt(archive, original) is not None)
    except (NotAnOriginal, OSError) as problem:
        logger.warning("Not adopted: %s", problem)
        return 0
