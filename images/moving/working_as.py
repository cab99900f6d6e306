"""Lets a command work under the id of an instrument, while the program of that instrument does not run."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from filelock import FileLock, Timeout

from images.archive.paced_reader import StopRequested
from images.instruments.beat import Describe, InstrumentBeat
from images.instruments.lease import InstrumentLease
from images.moving.errors import LeaseLost, MovingError
from images.own_instrument import register_own_instrument


@contextmanager
def program_stopped(data_path: Path) -> Iterator[None]:
    """Keep the program from starting during the block. Raises MovingError if it runs."""
    try:
        # The program holds this lock as long as it runs.
        with FileLock(data_path / "jobs.lock").acquire(timeout=0):
            yield
    except Timeout as taken:
        raise MovingError("The program runs on this PC. Stop it, then try again.") from taken


@contextmanager
def working_as(
    instrument_id: UUID, name: str, stop: threading.Event, describe: Describe = dict
) -> Iterator[Callable[[], None]]:
    """Hold the lease of this instrument during the block, and let this process work as this instrument. Yields a
    function to call between steps: it raises StopRequested once `stop` is set, and LeaseLost once another process has
    the lease. Raises InstrumentTaken, NameTaken, and Django's DatabaseError."""
    register_own_instrument(lambda: instrument_id)
    lease = InstrumentLease(instrument_id)
    if not lease.take(name, stop):
        raise StopRequested
    beat = InstrumentBeat(lambda: lease, name, describe)
    beat.take()

    def go_on() -> None:
        if stop.is_set():
            raise StopRequested
        if beat.problem:
            raise LeaseLost

    beat.begin()
    try:
        yield go_on
    finally:
        beat.end()
