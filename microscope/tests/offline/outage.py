"""A database that does not answer, and a clock that tests set."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import OperationalError, connection

from images.run_days import Clock


@contextmanager
def database_away() -> Iterator[None]:
    """Every question to the database fails in this thread."""

    def refuse(*_: Any) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    with connection.execute_wrapper(refuse):
        yield


class SetClock(Clock):
    """`wall` can be set wrong; `passed_s` cannot, except that it begins anew with the PC."""

    def __init__(self) -> None:
        self.wall = datetime.now(UTC)
        self.passed_s = 50_000.0

    def now(self) -> datetime:
        return self.wall

    def elapsed_s(self) -> float:
        return self.passed_s

    def pass_by(self, **time: float) -> None:
        passed = timedelta(**time)
        self.wall += passed
        self.passed_s += passed.total_seconds()
