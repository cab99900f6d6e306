"""Brings the rows of files that wait to be removed. Without them, a deleted picture would come back."""

from uuid import UUID

from images.models import Removal


def bring_removals(source: str, target: str, was_of: UUID | None, is_of: UUID | None) -> int:
    """Bring the rows of the instrument `was_of` from the database `source` into `target`, for the instrument `is_of`.
    None stands for a PC that is alone. Returns the number of new rows. Raises Django's DatabaseError."""
    waiting = Removal.objects.using(source).filter(instrument=was_of)
    return sum(
        Removal.objects.using(target).get_or_create(
            record_id=old.record_id, defaults={"filename": old.filename, "instrument_id": is_of}
        )[1]
        for old in waiting
    )
