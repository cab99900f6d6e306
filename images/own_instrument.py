"""Tells which instrument this process is. The rows of images, jobs and removals name their instrument."""

from collections.abc import Callable
from functools import cache
from uuid import UUID


def be_alone() -> UUID | None:
    """Return None: a PC that shares its library with no other has no id, and a library without a camera has none
    either."""
    return None


_readers: list[Callable[[], UUID | None]] = [be_alone]


def register_own_instrument(read: Callable[[], UUID | None]) -> None:
    """Set the function that returns the id of this process's instrument. It is called once, at the first use."""
    _readers[:] = [cache(read)]


def own_instrument_id() -> UUID | None:
    """Return the id of this instrument. None for a PC that is alone, whose rows have no instrument. None also for a
    library without a camera: there every row has one, so none is its own. Raises what reading the id raises:
    StorageUnavailable, or OSError."""
    return _readers[0]()
