"""Wakes the threads that wait for events of this process. Events of other processes ring no bell here."""

import threading
from collections.abc import Callable


class Bell:
    """The bell. Any thread may use it."""

    def __init__(self) -> None:
        self._rung = threading.Condition()
        self._times = 0
        self._is_closed = False
        self._listeners: list[Callable[[], object]] = []

    @property
    def times(self) -> int:
        """How often the bell has rung."""
        return self._times

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def add_listener(self, listener: Callable[[], object]) -> None:
        """Call this function at each ring, in the thread that rings. It must neither block nor raise."""
        self._listeners.append(listener)

    def ring(self) -> None:
        """Tell that an event is committed. Does not block."""
        with self._rung:
            self._times += 1
            self._rung.notify_all()
        for listener in self._listeners:
            listener()

    def wait(self, heard: int, timeout_s: float) -> None:
        """Block until the bell has rung more than `heard` times, until it is closed, or for `timeout_s`."""
        with self._rung:
            self._rung.wait_for(lambda: self._times != heard or self._is_closed, timeout_s)

    def close(self) -> None:
        """Wake all that wait, now and for ever."""
        with self._rung:
            self._is_closed = True
            self._rung.notify_all()


_bells = [Bell()]


def register_bell(bell: Bell) -> None:
    """Make this the bell of the process."""
    _bells[:] = [bell]


def the_bell() -> Bell:
    return _bells[0]
