"""Waits until the camera is free, and takes it. There are few places, because each keeps a thread of the server."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Condition

from camera.errors import ControlHeld
from camera.live.admission import close_database_connections
from images.control.control import Control
from images.control.errors import TooManyWaiting, WaitEnded
from images.control.lease import Holder, Lease, Terms

# Each wait keeps a thread of the server, so only a few of the threads may be used up like this.
MAX_WAITING = 4
MAX_WAIT_S = 30.0
# How often a wait looks if its client has hung up: no event tells it.
LOOK_EVERY_S = 0.5


class WaitingRoom:
    """The programs that wait for the camera. The one that waits longest gets it first. Any thread may use it."""

    def __init__(self, most: int = MAX_WAITING) -> None:
        self._most = most
        self._changed = Condition()
        self._line: list[object] = []
        self._is_closed = False

    @property
    def waiting(self) -> int:
        return len(self._line)

    @property
    def is_closed(self) -> bool:
        return self._is_closed

    def close(self) -> None:
        """End all waits, now and later. They end within LOOK_EVERY_S."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    @contextmanager
    def place(self) -> Iterator[Callable[[float], bool]]:
        """Keep a place within the block. Yields a function that blocks, for at most so many seconds, until nobody is
        left who has waited longer, and returns True if that is so. Raises TooManyWaiting at once if all places are
        taken."""
        mine = object()
        with self._changed:
            if len(self._line) >= self._most:
                raise TooManyWaiting(self._most)
            self._line.append(mine)
        try:
            yield lambda timeout_s: self._wait_until_first(mine, timeout_s)
        finally:
            with self._changed:
                self._line.remove(mine)
                self._changed.notify_all()

    def _wait_until_first(self, mine: object, timeout_s: float) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._line[0] is mine or self._is_closed, timeout_s)
            return self._line[0] is mine


def take_when_free(
    control: Control,
    who: Holder,
    terms: Terms,
    wait_s: float,
    *,
    room: WaitingRoom,
    require_right: Callable[[], None],
    has_hung_up: Callable[[], bool],
) -> Lease:
    """Take control once the camera is free. Blocks for at most `wait_s`, and holds no connection to the database
    meanwhile. `require_right` raises if the user may not have control any more.

    Raises that, TooManyWaiting, WaitEnded if the client has hung up or the program ends, or what `Control.take` raises.
    """
    if wait_s <= 0 or who.lease_id is not None or is_open_to(control, who):
        return control.take(who, terms)
    until_s = time.monotonic() + wait_s
    with room.place() as wait_until_first:
        while (left_s := until_s - time.monotonic()) > 0:
            # A wait of half a minute must not keep a connection from others.
            close_database_connections()
            step_s = min(left_s, LOOK_EVERY_S)
            is_open = wait_until_first(step_s) and _wait_until_open(control, who, step_s)
            if room.is_closed or has_hung_up():
                raise WaitEnded
            # Again, just before taking: the right may have been lost during the wait.
            if is_open:
                require_right()
                with suppress(ControlHeld):  # another program was faster
                    return control.take(who, terms)
    return control.take(who, terms)


def is_open_to(control: Control, who: Holder) -> bool:
    """Return True if the camera is free, or controlled by `who`."""
    lease = control.current()
    return lease is None or lease.belongs_to(who)


def _wait_until_open(control: Control, who: Holder, timeout_s: float) -> bool:
    lease = control.current()
    if lease is not None and not lease.belongs_to(who):
        # If a lease ends by itself, no event tells it.
        control.wait_until_passed(lease.fence, min(timeout_s, max(lease.ends_at_s - control.now_s, 0.0)))
    return is_open_to(control, who)


_rooms = [WaitingRoom()]


def register_waiting_room(room: WaitingRoom) -> None:
    """Make this the waiting room of the process."""
    _rooms[:] = [room]


def the_waiting_room() -> WaitingRoom:
    return _rooms[0]
