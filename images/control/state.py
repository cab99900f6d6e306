"""What this process knows of control: the lease in force, its fence, and who asks. The camera's thread reads it, so no
lock is held here for longer than it takes to read or set a field."""

import threading
from collections.abc import Callable
from dataclasses import replace

from camera.errors import ControlLost
from images.control.lease import Ask, Kind, Lease
from images.control.line import find_ask, join_line
from images.control.words import explain

# Control waits at most so long for a change in several steps that has begun, before it passes on.
PARTS_WITHIN_S = 10.0


class ControlState:
    """The state of control. Any thread may use it. Only `Control` changes the holder, and only one thread at a time."""

    def __init__(self, read_s: Callable[[], float]) -> None:
        self._read_s = read_s
        self._changed = threading.Condition(threading.Lock())
        self._unfinished: set[object] = set()
        self.fence = 0
        self.lease: Lease | None = None
        self.asks: tuple[Ask, ...] = ()

    def use(self, lease: Lease, *, is_change: bool = True) -> Lease | None:
        """Note that the holder of this lease lives; with `is_change`, also that the camera is used. Returns None if
        control has passed on."""
        with self._changed:
            if self.lease is None or self.lease.fence != lease.fence:
                return None
            used_s = self._read_s() if is_change else self.lease.last_used_s
            self.lease = replace(self.lease, last_seen_s=self._read_s(), last_used_s=used_s)
            return self.lease

    def require(self, fence: int, act: object = None) -> None:
        """Raise ControlLost if this fence is not in force any more. With `act`, control does not pass on from now until
        `end_act`. Called by the camera's thread."""
        with self._changed:
            lease = self.lease
            if lease is not None and lease.fence == fence:
                self.lease = replace(lease, last_used_s=self._read_s(), last_seen_s=self._read_s())
                if act is not None:
                    self._unfinished.add(act)
                return
        raise explain(ControlLost, lease)

    def end_act(self, act: object) -> None:
        with self._changed:
            self._unfinished.discard(act)
            self._changed.notify_all()

    def pass_on(self, lease: Lease | None, fence: int, asks: tuple[Ask, ...]) -> None:
        """Let control pass on. Waits at most PARTS_WITHIN_S for a change in several steps that has begun."""
        with self._changed:
            # Bounded: a change that hangs in the camera must not block a manager who takes control.
            self._changed.wait_for(lambda: not self._unfinished, PARTS_WITHIN_S)
            self.lease, self.fence, self.asks = lease, fence, asks
            self._changed.notify_all()

    def change_lease(self, fence: int, change: Callable[[Lease], Lease]) -> None:
        """Change the lease of this fence, if it is still in force. Its holder stays."""
        with self._changed:
            if self.lease is not None and self.lease.fence == fence:
                self.lease = change(self.lease)

    def set_asks(self, asks: tuple[Ask, ...]) -> None:
        with self._changed:
            self.asks = asks

    def note_sight(self, user_id: int | None) -> None:
        """Note that this user has a visible page."""
        now_s = self._read_s()
        with self._changed:
            lease = self.lease
            if lease is None or lease.holder.user_id != user_id or lease.holder.kind is not Kind.PERSON:
                return
            if not lease.has_ended(now_s):
                self.lease = replace(lease, last_seen_s=now_s)

    def note_asker(self, user_id: int | None) -> None:
        """Note that this user still waits for an answer, if they ask."""
        # Without the lock: every poll of every page comes here, and nearly always nobody asks.
        if not self.asks:
            return
        with self._changed:
            asked = find_ask(self.asks, user_id)
            if asked is not None:
                self.asks = join_line(self.asks, replace(asked, last_seen_s=self._read_s()))

    def wait_until_passed(self, fence: int, timeout_s: float) -> None:
        """Block until this fence is not in force any more, or for `timeout_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self.lease is None or self.lease.fence != fence, timeout_s)

    @property
    def named_users(self) -> set[int]:
        """Return the ids of the users who have control or ask for it."""
        lease = self.lease
        named = {lease.holder.user_id if lease else None, *(one.who.user_id for one in self.asks)}
        return {one for one in named if one is not None}
