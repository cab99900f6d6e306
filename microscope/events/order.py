"""Makes sure that a program that reads events by their numbers misses none.

An entry gets its number when it is written, and others see it when its transaction is committed. On PostgreSQL a lower
number may be committed later: a program that has read the higher one would never see it. So each transaction that
writes events holds a shared lock from before its first number until its end. Writers never wait for each other. A
reader looks which transactions hold the lock. Once all of these have ended, all numbers up to the one that it saw
before are final. To compare the numbers of transactions (xmin) is not enough: a transaction may begin later than
another, and write first. SQLite has one writer at a time, and a number that was rolled back was never seen.
"""

import time

from django.db import connection
from django.db.models import Max

from microscope.models import AuditEntry

# Any number below 2**32 that no other lock of the program uses.
LOCK = 0x6D736576
LOOK_AGAIN_S = 0.02
HOLDERS = """
    SELECT virtualtransaction FROM pg_locks
    WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid = 0 AND objid = %s AND objsubid = 1 AND pid <> pg_backend_pid()
"""


def hold_order() -> None:
    """Take the shared lock. Call it within the transaction, before an event is written. Never waits for other
    writers."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])


class Settling:
    """Finds the number up to which all is final: everything there is visible, and nothing comes later. Only for one
    thread, which must not be within a transaction that sees an older state."""

    def __init__(self) -> None:
        self._settled: int | None = None
        # A number, and the transactions that may still write a lower one.
        self._mark: tuple[int, set[str]] | None = None

    @property
    def is_behind(self) -> bool:
        """Return True if a transaction was in progress at the last look, so that another look is worth it soon."""
        return self._mark is not None

    def newest(self) -> int | None:
        """Return the number up to which all is final, or None if it is not known yet. Raises Django's DatabaseError."""
        # In this order: any transaction that will write a lower number than this one holds the lock already.
        number = AuditEntry.objects.aggregate(newest=Max("pk"))["newest"] or 0
        holders = _find_holders()
        if self._mark and not self._mark[1] & holders:
            self._settled, self._mark = self._mark[0], None
        if not holders:
            self._settled, self._mark = number, None
        elif self._mark is None:
            self._mark = number, holders
        return self._settled


def settle(within_s: float) -> int | None:
    """Return the number up to which all is final. Blocks for at most `within_s`, then returns None."""
    settling, until_s = Settling(), time.monotonic() + within_s
    while (number := settling.newest()) is None and time.monotonic() < until_s:
        time.sleep(LOOK_AGAIN_S)
    return number


def _find_holders() -> set[str]:
    if connection.vendor != "postgresql":
        return set()
    with connection.cursor() as cursor:
        cursor.execute(HOLDERS, [LOCK])
        return {holder for (holder,) in cursor.fetchall()}
