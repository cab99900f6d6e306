"""Control of the camera in this process: who has it, who may use it, and how it passes on.

The process that has the camera decides from its memory; the row follows (images/control/rows.py).
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime
from typing import Any

from camera.engine.requests import Permit
from camera.errors import ControlHeld, ControlLost, ControlRefused
from images.control.lease import Ask, Holder, Kind, Lease, Terms, keep_lease, make_lease
from images.control.notices import Notices
from images.control.refusals import Refusals
from images.control.rows import WRITE_EVERY_S, Change, ControlRow
from images.control.words import explain
from images.run_days import Clock

FREE_SOON = Terms()


class Control:
    """Safe to use from any thread.

    A change of holder is made under `_changing`, which may wait for the database. `_lock` guards the fields, and is
    never held for longer than it takes to read or set them: the camera's thread takes it, too.
    """

    def __init__(self, clock: Clock | None = None, row: ControlRow | None = None) -> None:
        self._clock = clock or Clock()
        self._row = row or ControlRow()
        self._changing = threading.RLock()
        self._lock = threading.Lock()
        self._fence = 0
        self._lease: Lease | None = None
        self._ask: Ask | None = None
        self.notices = Notices()
        self._is_read = False
        self._written_at_s = float("-inf")
        self._refusals = Refusals(self._clock.elapsed_s)

    # What everybody may read

    @property
    def now_s(self) -> float:
        return self._clock.elapsed_s()

    def current(self) -> Lease | None:
        """Return the lease that is in force; None if the camera is free."""
        self._read_once()
        lease = self._lease
        if lease is None or not lease.has_ended(self.now_s):
            return lease
        self._let_lapse()
        return None

    def current_ask(self) -> Ask | None:
        return self._ask if self.current() else None

    @property
    def named_users(self) -> set[int]:
        """The users who have control or ask for it."""
        lease, ask = self._lease, self._ask
        named = {lease.holder.user_id if lease else None, ask.who.user_id if ask else None}
        return {one for one in named if one is not None}

    # Guarded acts

    def admit(self, who: Holder) -> Permit:
        """Let `who` change the camera; control is taken if it is free. Returns what the camera's thread asks when the
        turn of the change comes. Raises ControlHeld, ControlLost, or TooManyRefusals."""
        used = self._use(who)
        if used is None:
            if who.lease_id is not None:
                raise self.refuse(ControlLost, who)
            used = self._begin(who)
        self._write_sometimes()
        return self._permit(used.fence)

    def admit_to_keep(self, who: Holder, is_streaming: Callable[[], bool]) -> Permit:
        """Let `who` keep the next frame as the camera is set. While somebody else controls the camera, this is allowed
        if the stream runs and the holder shares it. Raises ControlHeld."""

        def require() -> None:
            lease = self._lease
            is_free = lease is None or lease.has_ended(self.now_s) or lease.belongs_to(who)
            if not is_free and not (lease and lease.share and is_streaming()):
                raise explain(ControlHeld, lease, "No live picture to keep")

        self._read_once()
        require()
        return require

    # Taking and giving back

    def take(self, who: Holder, terms: Terms = FREE_SOON) -> Lease:
        """Take control on these terms. Whoever has it already keeps lease and fence. Raises ControlHeld, ControlLost,
        or TooManyRefusals."""
        with self._changing:
            lease = self._use(who)
            if lease is None:
                if who.lease_id is not None:
                    raise self.refuse(ControlLost, who)
                return self._begin(who, terms)
            return self._keep(lease, who, terms)

    def renew(self, who: Holder, **changed: Any) -> Lease:
        """Give a sign of life, and change the given fields of the terms. Raises ControlLost."""
        with self._changing:
            lease = self._use(who, is_change=False)
            if lease is None:
                raise self.refuse(ControlLost, who)
            terms = Terms(None, lease.note, lease.share)
            return self._keep(lease, who, replace(terms, **changed)) if changed else lease

    def release(self, who: Holder, **details: str) -> None:
        """Make the camera free. Does nothing if `who` does not control it. `details`: for the audit log."""
        with self._changing:
            lease = self.current()
            if lease and lease.belongs_to(who):
                self._set(None, Change("control_released", who, {**lease.as_details(), **details}))

    def make_lasting(self, lease: Lease, until: datetime | None) -> Permit:
        """Let a job keep its lease as long as this process carries it out."""
        with self._lock:
            if self._lease is not None and self._lease.fence == lease.fence:
                self._lease = replace(self._lease, is_lasting=True, until=until, kept_until_s=None)
        return self._permit(lease.fence)

    def pass_on(self, who: Holder, what: str, by: Holder, terms: Terms = FREE_SOON, **details: Any) -> Lease:
        """Let control pass to `who`, from whoever has it. `what` and `by`: for the audit log."""
        with self._changing:
            before = self._lease
            lease = self._make(who, terms)
            former = before.holder.as_former() if before else {}
            self._set(lease, Change(what, by, {**lease.as_details(), **former, **details}))
            return lease

    # Signs of life

    def note_sight(self, user_id: int | None) -> None:
        """A page of this user is in sight."""
        lease = self._lease
        if lease is None or lease.holder.user_id != user_id or lease.holder.kind is not Kind.PERSON:
            return
        with self._lock:
            if self._lease is not None and self._lease.fence == lease.fence and not self._lease.has_ended(self.now_s):
                self._lease = replace(self._lease, last_seen_s=self.now_s)

    # Asks and notices, for images/control/hand_over.py

    def set_ask(self, ask: Ask | None, change: Change) -> None:
        with self._changing:
            with self._lock:
                self._ask = ask
            self._write(change)

    @property
    def changing(self) -> AbstractContextManager[bool]:
        """Held by whoever decides and then changes."""
        return self._changing

    @property
    def now(self) -> datetime:
        return self._clock.now()

    def refuse(self, cause: type[ControlRefused], who: Holder) -> Exception:
        """Return the error for a refused act, and count it: a script that tries again and again gets another one."""
        return self._refusals.count(who.user_id) or explain(cause, self.current())

    # Within

    def _use(self, who: Holder, *, is_change: bool = True) -> Lease | None:
        """Note that the holder lives, and with `is_change` that the camera is used. None if `who` does not hold it."""
        lease = self.current()
        if lease is None or not lease.belongs_to(who):
            return None
        now_s = self.now_s
        with self._lock:
            if self._lease is None or self._lease.fence != lease.fence:
                return None
            used_s = now_s if is_change else self._lease.last_used_s
            self._lease = replace(self._lease, last_seen_s=now_s, last_used_s=used_s)
            return self._lease

    def _begin(self, who: Holder, terms: Terms = FREE_SOON) -> Lease:
        with self._changing:
            if (used := self._use(who)) is not None:
                return used
            if self._lease is not None:
                raise self.refuse(ControlHeld, who)
            lease = self._make(who, terms)
            self._set(lease, Change("control_taken", who, lease.as_details()))
            return lease

    def _keep(self, lease: Lease, who: Holder, terms: Terms) -> Lease:
        """Change one's own lease; its fence stays."""
        kept = keep_lease(lease, who, terms, self.now, self.now_s)
        self._set(kept, Change("control_kept", who, kept.as_details()), is_same_holder=True)
        return kept

    def _make(self, who: Holder, terms: Terms) -> Lease:
        return make_lease(self._fence + 1, who, terms, self.now, self.now_s)

    def _set(self, lease: Lease | None, change: Change, *, is_same_holder: bool = False) -> None:
        """Under `_changing`. Whoever asked before has to ask the new holder, unless the holder is the same."""
        with self._lock:
            self._lease = lease
            self._fence = max(self._fence, lease.fence if lease else self._fence)
            if not is_same_holder:
                self._ask = None
        if lease is not None and not is_same_holder:
            self.notices.forget(lease.holder.user_id)
        self._write(change)

    def _write(self, *changes: Change) -> None:
        self._written_at_s = self.now_s
        self._row.write(self._fence, self._lease, self._ask, self._clock.now(), *changes)

    def _write_sometimes(self) -> None:
        if self.now_s - self._written_at_s > WRITE_EVERY_S and self._changing.acquire(blocking=False):
            try:
                self._write()
            finally:
                self._changing.release()

    def _let_lapse(self) -> None:
        """Write down that a lease has ended by itself. Another thread may be at it: then it is done there."""
        if not self._changing.acquire(blocking=False):
            return
        try:
            lease = self._lease
            if lease is None or not lease.has_ended(self.now_s):
                return
            self._set(None, Change("control_lapsed", lease.holder, lease.as_details()))
            if lease.is_kept:
                self.notices.note(lease.holder.user_id, "ended", self._clock.now(), job_id=lease.holder.job_id)
        finally:
            self._changing.release()

    def _read_once(self) -> None:
        """What the row says of the time before this process."""
        if self._is_read:
            return
        with self._changing:
            if self._is_read:
                return
            kept = self._row.read(self._clock.now(), self.now_s)
            if kept is None:
                return
            with self._lock:
                self._fence = max(self._fence, kept.fence)
                self._lease = self._lease or kept.lease
                self._is_read = True

    def _permit(self, fence: int) -> Permit:
        def require() -> None:
            with self._lock:
                lease = self._lease
                if lease is not None and lease.fence == fence:
                    self._lease = replace(lease, last_used_s=self.now_s, last_seen_s=self.now_s)
                    return
            raise explain(ControlLost, self._lease)

        return require


_controls: list[Control] = []


def register_control(control: Control) -> None:
    """Make this the one of the process. One that stood there is forgotten."""
    _controls[:] = [control]


def the_control() -> Control:
    return _controls[0]
