"""Counts refused acts, so that a script that does not stop at a refusal is slowed down."""

import threading
from collections import deque
from collections.abc import Callable

from images.control.errors import TooManyRefusals

MAX_A_MINUTE = 60
MINUTE_S = 60.0


class Refusals:
    """The refused acts of the last minute, by user. Any thread may use it."""

    def __init__(self, read_s: Callable[[], float]) -> None:
        self._read_s = read_s
        self._lock = threading.Lock()
        self._times_by_user: dict[int | None, deque[float]] = {}

    def count(self, user_id: int | None) -> TooManyRefusals | None:
        """Count a refused act. Returns an error if there were too many."""
        now_s = self._read_s()
        with self._lock:
            times = self._times_by_user.setdefault(user_id, deque(maxlen=MAX_A_MINUTE))
            is_too_much = len(times) == MAX_A_MINUTE and now_s - times[0] < MINUTE_S
            # An act that is refused because there were too many does not count. Otherwise waiting would never help.
            if not is_too_much:
                times.append(now_s)
                return None
            return TooManyRefusals(max(int(times[0] + MINUTE_S - now_s), 1))
