"""The lease of an instrument: one process works under its id, as long as it renews the lease.

All times are those of the database, so that the clocks of the PCs do not matter.
"""

import threading
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.db.models import DateTimeField, ExpressionWrapper, Q, Value
from django.db.models.functions import Now

from images.instruments.errors import InstrumentTaken, NameTaken
from images.models import Instrument
from images.own_instrument import own_instrument_id
from images.run_days import Clock

# Three beats long, so that the lease is not lost because one beat is late.
LEASE = timedelta(seconds=30)
ASK_EVERY_S = 1.0


def is_first_of_those_alive() -> bool:
    """Return True on only one of the instruments that live, for work that one PC does for all. Raises Django's
    DatabaseError."""
    alive = Instrument.objects.filter(lease_until__gt=Now()).order_by("pk").values_list("pk", flat=True)
    return alive.first() == own_instrument_id()


class InstrumentLease:
    """The lease that this process has, or wants. Only one thread at a time may call it."""

    def __init__(self, instrument_id: UUID) -> None:
        self.instrument_id = instrument_id
        self._lease_id = uuid4()

    def take(self, name: str, stop: threading.Event, ask_every_s: float = ASK_EVERY_S) -> bool:
        """Take the lease, and make the row of the instrument if there is none. If a process was killed, blocks until
        its lease ends. Returns False if `stop` is set first. Raises InstrumentTaken if the other process lives and
        renews it, NameTaken, and Django's DatabaseError."""
        self._make_row(name)
        first_seen_at = self._read_sign()
        while not self.renew(name=name):
            # Only a process that lives writes a new sign. The lease of one that was killed ends without any.
            if self._read_sign() != first_seen_at:
                raise InstrumentTaken(name)
            if stop.wait(ask_every_s):
                return False
        return True

    def renew(self, **columns: Any) -> bool:
        """Write these columns, and renew the lease for LEASE from now. Returns False if another process has the lease;
        then nothing is written. Raises NameTaken, and Django's DatabaseError."""
        is_free = Q(lease_id=self._lease_id) | Q(lease_id=None) | Q(lease_until__lt=Now())
        until = ExpressionWrapper(Now() + Value(LEASE), output_field=DateTimeField())
        row = Instrument.objects.filter(is_free, pk=self.instrument_id)
        try:
            with transaction.atomic():
                written = row.update(lease_id=self._lease_id, lease_until=until, last_seen_at=Now(), **columns)
        except IntegrityError as problem:
            raise NameTaken(columns.get("name", "")) from problem
        return bool(written)

    def release(self) -> None:
        """Let the next process have the lease at once. Raises Django's DatabaseError."""
        held = Instrument.objects.filter(pk=self.instrument_id, lease_id=self._lease_id)
        held.update(lease_id=None, lease_until=None)

    def measure_clock(self, clock: Clock) -> float | None:
        """Return by how many milliseconds the clock of this PC is ahead of that of the database. The result can be
        wrong by half the time of the query. Raises Django's DatabaseError."""
        before = clock.now()
        told = (
            Instrument.objects.filter(pk=self.instrument_id).annotate(now=Now()).values_list("now", flat=True).first()
        )
        middle = before + (clock.now() - before) / 2
        return (middle - told) / timedelta(milliseconds=1) if told else None

    def _make_row(self, name: str) -> None:
        try:
            with transaction.atomic():
                Instrument.objects.get_or_create(pk=self.instrument_id, defaults={"name": name})
        except IntegrityError as problem:
            raise NameTaken(name) from problem

    def _read_sign(self) -> datetime | None:
        return Instrument.objects.filter(pk=self.instrument_id).values_list("last_seen_at", flat=True).first()
