"""Gives the rows of a PC that was alone on this very database to its new instrument."""

from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, transaction

from images.archive.archive import Archive
from images.archive.names import location_of
from images.control.rows import name_of_row
from images.errors import ImpossibleName
from images.models import CameraControl, CurrentObjective, Image, Instrument, Job, Removal, Verification
from images.moving.errors import NotYourRows

# So many of the oldest and so many of the newest pictures are looked for on this disk.
SAMPLE = 25
# At least this share must be there. Not all: some may have been lost or changed since.
ENOUGH = 0.5
MODELS = (Image, Job, Removal, Verification)


def has_rows_of_nobody() -> bool:
    """Return True if the database has rows of a PC that was alone. Raises Django's DatabaseError."""
    return any(model._default_manager.filter(instrument=None).exists() for model in MODELS)


def claim_rows(archive: Archive, instrument_id: UUID) -> dict[str, int]:
    """Write the instrument into all rows without an instrument. It must have a row of its own. Returns the number of
    these rows by table. Changes everything or nothing. Raises NotYourRows, StorageUnavailable, and Django's
    DatabaseError."""
    archive.check_folder()
    with transaction.atomic():
        _require_that_they_are_ours(archive, instrument_id)
        counts = {
            model._meta.db_table: model._default_manager.filter(instrument=None).update(instrument_id=instrument_id)
            for model in MODELS
        }
        _claim_current_objective(instrument_id)
        _claim_control(instrument_id)
    return counts


def _require_that_they_are_ours(archive: Archive, instrument_id: UUID) -> None:
    if not require_files_here(archive) and Instrument.objects.exclude(pk=instrument_id).exists():
        raise NotYourRows(
            "The database has rows of a PC that was alone, and none of their originals is on a disk. Since there are "
            "other instruments, too, nobody can tell whose they are."
        )


def require_files_here(archive: Archive, database: str = DEFAULT_DB_ALIAS) -> int:
    """Look in this archive for some of the oldest and newest originals of the PC that was alone. Returns how many were
    looked for; 0 if its rows say that all of them are only in the store. Raises NotYourRows if most are not here."""
    of_nobody = Image.objects.using(database).filter(instrument=None)
    on_disk = of_nobody.exclude(place__in=(Image.Place.STORE, Image.Place.LOST))
    some = {
        one
        for images in (on_disk.oldest_first(), on_disk.newest_first())
        for one in images.values_list("filename", "file_size")[:SAMPLE]
    }
    found = sum(_is_here(archive, filename, size_bytes) for filename, size_bytes in some)
    if found < len(some) * ENOUGH:
        raise NotYourRows(
            f"These are the images of another PC: of {len(some)} that were looked for, {found} are in the folder of "
            "images of this one. Run this on the PC that has them, or correct IMAGE_SAVE_PATH."
        )
    return len(some)


def _is_here(archive: Archive, filename: str, size_bytes: int) -> bool:
    try:
        return archive.size_at(location_of(filename)) == size_bytes
    except (ImpossibleName, OSError):
        return False


def _claim_current_objective(instrument_id: UUID) -> None:
    chosen = CurrentObjective.objects.filter(instrument=None)
    if chosen.exists():
        CurrentObjective.objects.filter(instrument_id=instrument_id).delete()
        chosen.update(instrument_id=instrument_id)


def _claim_control(instrument_id: UUID) -> None:
    """Rename the row of control, so that its fences go on rising: an older fence must never count again."""
    alone = CameraControl.objects.filter(instrument=name_of_row(None))
    if alone.exists():
        CameraControl.objects.filter(instrument=name_of_row(instrument_id)).delete()
        alone.update(instrument=name_of_row(instrument_id))
