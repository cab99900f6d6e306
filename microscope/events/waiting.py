"""Lets programs wait for events. There are few places, because each keeps a thread of the server."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

from camera.live.admission import close_database_connections
from microscope.events.bell import Bell
from microscope.events.errors import TooManyWaiting
from microscope.events.feed import Page, read_page
from microscope.events.order import LOOK_AGAIN_S, Settling

MAX_WAITING = 8
MAX_WAIT_S = 25
# How often to look: events of other processes ring no bell, and nothing tells that a user has lost the permission.
LOOK_EVERY_S = 2.0
MAX_ANSWER_BYTES = 1_000_000


class WaitingRoom:
    """The programs that wait for events. Any thread may use it."""

    def __init__(self, most: int = MAX_WAITING, look_every_s: float = LOOK_EVERY_S) -> None:
        self.look_every_s = look_every_s
        self._most = most
        self._places = BoundedSemaphore(most)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Keep a place within the block. Raises TooManyWaiting at once if all places are taken."""
        if not self._places.acquire(blocking=False):
            raise TooManyWaiting(
                f"{self._most} programs wait for events already. Ask without wait, or again in a moment."
            )
        try:
            yield
        finally:
            self._places.release()


def find_page(
    after: int, most: int, wait_s: float, *, bell: Bell, room: WaitingRoom, require_right: Callable[[], None]
) -> Page:
    """Return the events after `after`. If there are none, block until there are, for at most `wait_s`, or until the
    program ends. Holds no connection to the database while it waits. `require_right` raises if the user may not see
    events any more. Raises that, TooManyWaiting, or Django's DatabaseError."""
    settling, until_s = Settling(), time.monotonic() + wait_s

    def look() -> Page:
        return read_page(after, settling.newest() or 0, most, MAX_ANSWER_BYTES)

    # Before the look: an event that is committed during the look rings once more.
    heard = bell.times
    page = look()
    if page.events or wait_s <= 0:
        return page
    with room.place():
        while not page.events and not bell.is_closed and (left_s := until_s - time.monotonic()) > 0:
            close_database_connections()
            bell.wait(heard, min(left_s, LOOK_AGAIN_S if settling.is_behind else room.look_every_s))
            heard = bell.times
            require_right()
            page = look()
    return page
