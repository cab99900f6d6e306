"""Wakes whoever waits for events of this process. Events of other processes ring no bell here."""

import threading
from collections.abc import Callable


class Bell:
    """Safe to use from any thread."""

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self._times = 0
        self._is_closed = False
        self._listeners: list[Callable[[], object]] = []

    @property
    def times(self) -> int:
        """How often it has rung."""
        return self._times

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def add_listener(self, listener: Callable[[], object]) -> None:
        """Call this at each ring, on the thread that rings. It must neither block nor raise."""
        self._listeners.append(listener)

    def ring(self) -> None:
        """Say that an event is committed. Does not block."""
        with self._rung:
            self._times += 1
            self._rung.notify_all()
        for listener in self._listeners:
            listener()

    def wait(self, heard: int, timeout_s: float) -> None:
        """Block until it has rung more than `heard` times, until it is closed, or for so long."""
        with self._rung:
            self._rung.wait_for(lambda: self._times != heard or self._is_closed, timeout_s)

    def close(self) -> None:
        """Let nobody wait any more, for good."""
        with self._rung:
            self._is_closed = True
            self._rung.notify_all()


_bells = [Bell()]


def register_bell(bell: Bell) -> None:
    """Make this the one of the process."""
    _bells[:] = [bell]


def the_bell() -> Bell:
    return _bells[0]
