"""The row of control, and the audit entries of its changes. Memory comes first: while the database is away, control
works on, and the row follows later."""

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from images.control.lease import Ask, Holder, Kind, Lease
from images.errors import DATABASE_AWAY
from images.events import emit
from images.models import CameraControl
from images.own_instrument import own_instrument_id

# The name of the row on a PC that shares its library with no other.
ALONE = "camera"
# While a lease is used, its row is written this often.
WRITE_EVERY_S = 30.0
# So many changes wait while the database is away. Older ones are dropped.
MAX_PENDING = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """A change for the audit log. `what`: a word of images/events.py. `by`: the user who did it."""

    what: str
    by: Holder
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoredControl:
    """The row as the last process left it."""

    fence: int
    lease: Lease | None


@dataclass(frozen=True, slots=True)
class Version:
    """The row as this process read or wrote it last. As long as it is the same, no other process has written it."""

    fence: int
    last_used_at: datetime | None


class ControlRow:
    """The row of control. Only one thread at a time may use it. No method raises if the database is away."""

    def __init__(self) -> None:
        # Bounded: the database may be away for days.
        self._pending: deque[Change] = deque(maxlen=MAX_PENDING)
        self._known: Version | None = None

    def read(self, now: datetime, now_s: float) -> StoredControl | None:
        """Return the row. The rest of its lease counts from `now`. None if the database is away."""
        try:
            row, _ = CameraControl.objects.select_related("holder_user").get_or_create(instrument=_own_name())
        except DATABASE_AWAY:
            return None
        self._known = Version(row.fence, row.last_used_at)
        return StoredControl(row.fence, _read_lease(row, now, now_s))

    def write(self, fence: int, lease: Lease | None, ask: Ask | None, now: datetime, *changes: Change) -> bool:
        """Write the state and its changes, in one transaction. Returns False if another process has written the row
        since: then these changes did not happen, and `read` says what did."""
        if self._known is None:
            # The row was never read, because the database was away. It may hold a lease that counts, so it is read
            # first.
            self._pending.extend(changes)
            return True
        before = self._pending.copy()
        self._pending.extend(changes)
        # The time of the write is a part of the version, so two processes never write the same version.
        columns = {"fence": fence, "last_used_at": now, **_columns_of(lease), **_columns_of_ask(ask)}
        try:
            self._write_or_wait(columns)
        except _Overtaken:
            # The changes did not happen, so they must not be written by a later call.
            self._pending = before
            return False
        return True

    def _write_or_wait(self, columns: dict[str, Any]) -> None:
        """Write the row. If the database is away, the changes wait for the next write. Raises _Overtaken."""
        try:
            self._write(columns, {change.by.user_id for change in self._pending})
        # Before DATABASE_AWAY, which contains it: with this error the database is there, and a user was deleted
        # meanwhile.
        except IntegrityError:
            self._write_without_deleted_users(columns)
        except DATABASE_AWAY:
            return

    def _write(self, columns: dict[str, Any], users: Collection[int | None]) -> None:
        """`users`: the ids that the entries may name."""
        # The row and its audit entries change together, or not at all.
        with transaction.atomic():
            self._update(columns)
            for change in self._pending:
                user_id = change.by.user_id if change.by.user_id in users else None
                emit(change.what, user_id=user_id, username=change.by.username, details=change.details)
        self._pending.clear()
        self._known = Version(columns["fence"], columns["last_used_at"])

    def _write_without_deleted_users(self, columns: dict[str, Any]) -> None:
        """Write the row without the ids of deleted users. Their names stay in row and entries."""
        named = {change.by.user_id for change in self._pending}
        named |= {columns["holder_user_id"], columns["asked_by_id"]}
        try:
            there = set(get_user_model()._default_manager.filter(pk__in=named - {None}).values_list("pk", flat=True))
            for column in ("holder_user_id", "asked_by_id"):
                columns[column] = columns[column] if columns[column] in there else None
            self._write(columns, there)
        except DATABASE_AWAY:
            return

    def _update(self, columns: dict[str, Any]) -> None:
        """Change the row by one conditional statement: if two processes take control at once, the second one finds
        another version. Raises _Overtaken."""
        assert self._known
        known = CameraControl.objects.filter(
            instrument=_own_name(), fence=self._known.fence, last_used_at=self._known.last_used_at
        )
        if known.update(**columns):
            return
        # No such version: another process has written the row, or there is none yet.
        _, is_new = CameraControl.objects.get_or_create(instrument=_own_name(), defaults=columns)
        if not is_new:
            raise _Overtaken


def name_of_row(instrument_id: UUID | None) -> str:
    """Return the name by which the row of this instrument is found; None stands for a PC that shares its library with
    no other."""
    return str(instrument_id or ALONE)


def _own_name() -> str:
    return name_of_row(own_instrument_id())


class _Overtaken(Exception):
    """Another process has written the row."""


def look_at_lease(now: datetime) -> Lease | None:
    """Return the lease that the server wrote down last, for another process; None if it cannot be in force any more.
    Writes nothing. Raises Django's DatabaseError."""
    row = CameraControl.objects.select_related("holder_user").filter(instrument=_own_name()).first()
    return _look_at(row, now) if row else None


def look_at_leases(instrument_ids: Iterable[UUID], now: datetime) -> dict[UUID, Lease]:
    """Return the leases of these instruments, each as `look_at_lease` does. Asks the database once."""
    ids = {name_of_row(instrument_id): instrument_id for instrument_id in instrument_ids}
    rows = CameraControl.objects.select_related("holder_user").filter(instrument__in=ids)
    leases = {ids[row.instrument]: _look_at(row, now) for row in rows}
    return {instrument_id: lease for instrument_id, lease in leases.items() if lease}


def _look_at(row: CameraControl, now: datetime) -> Lease | None:
    lease = _read_lease(row, now, 0.0)
    if lease is None:
        return None
    # Counted back from 0.0, the moment of the look, because this process has no monotonic time of the server.
    unused_s = (now - row.last_used_at) / timedelta(seconds=1) if row.last_used_at else 0.0
    # The server may have used it since then, and not yet written so.
    return None if replace(lease, last_used_s=-unused_s).has_ended(-WRITE_EVERY_S) else lease


def _columns_of(lease: Lease | None) -> dict[str, Any]:
    if lease is None:
        return {
            "lease_id": None,
            "holder_user_id": None,
            "holder_name": "",
            "label": "",
            "kind": "",
            "job_id": None,
            "since": None,
            "until": None,
            "note": "",
        }
    holder = lease.holder
    return {
        "lease_id": lease.lease_id,
        "holder_user_id": holder.user_id,
        "holder_name": holder.name,
        "label": holder.label,
        "kind": str(holder.kind),
        "job_id": holder.job_id,
        "since": lease.since,
        "until": lease.until,
        "share": lease.share,
        "note": lease.note,
    }


def _columns_of_ask(ask: Ask | None) -> dict[str, Any]:
    if ask is None:
        return {"asked_by_id": None, "asked_at": None, "ask_message": ""}
    return {"asked_by_id": ask.who.user_id, "asked_at": ask.at, "ask_message": ask.message}


def _read_lease(row: CameraControl, now: datetime, now_s: float) -> Lease | None:
    if row.lease_id is None or row.since is None:
        return None
    username = row.holder_user.get_username() if row.holder_user else ""
    holder = Holder(row.holder_user_id, username, row.holder_name, Kind(row.kind), row.label, row.job_id)
    # A job's lease has no end of its own. Its `until` is only for people.
    left_s = (row.until - now) / timedelta(seconds=1) if row.until and holder.kind is not Kind.JOB else None
    # The clock starts again: after a restart, the holder has the usual time for a sign of life. A job must take its
    # lease up again too.
    return Lease(
        fence=row.fence,
        lease_id=row.lease_id,
        holder=holder,
        since=row.since,
        last_used_s=now_s,
        last_seen_s=now_s,
        kept_until_s=None if left_s is None else now_s + left_s,
        until=row.until,
        note=row.note,
        share=row.share,
    )
