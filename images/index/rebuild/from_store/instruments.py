"""Finds the instrument of originals and jobs by the ids in keys and files. Only this module decides it."""

from uuid import UUID

from django.db import IntegrityError, transaction

from images.models import Instrument


class InstrumentFinder:
    """Finds the rows of instruments, and makes missing ones. It remembers the rows that it has seen."""

    def __init__(self, alone_id: UUID | None) -> None:
        """`alone_id`: the id of this PC if it shares its library with no other: then its rows have no instrument."""
        self._found: dict[UUID, UUID | None] = {alone_id: None} if alone_id else {}

    def find(self, instrument_id: UUID) -> UUID | None:
        """Return the value of the column `instrument` for this id. Raises Django's DatabaseError."""
        if instrument_id not in self._found:
            self._require_row(instrument_id)
            self._found[instrument_id] = instrument_id
        return self._found[instrument_id]

    def _require_row(self, instrument_id: UUID) -> None:
        """Make the row of an unknown instrument, with a provisional name. The instrument writes its own name when it
        runs again."""
        for name in (f"Instrument {str(instrument_id)[:8]}", f"Instrument {instrument_id}"):
            if Instrument.objects.filter(pk=instrument_id).exists():
                return
            # The name may be taken, or another process may be faster.
            try:
                with transaction.atomic():
                    Instrument.objects.create(id=instrument_id, name=name)
            except IntegrityError:
                continue
