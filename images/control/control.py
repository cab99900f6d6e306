"""Control of the camera in this process: who has it, who may use the camera, and how control passes on. The process
that has the camera decides from its memory (images/control/state.py). When control passes on, the row in the database
has the last word (images/control/rows.py): if another process has written it, that one counts."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from camera.engine.requests import Permit
from camera.errors import ControlHeld, ControlLost, ControlRefused
from images.control.lease import Ask, Holder, Lease, Terms, keep_lease, make_lease, make_lease_last
from images.control.line import Line, ask_new_holder, drop_silent
from images.control.notices import Notices
from images.control.refusals import Refusals
from images.control.rows import WRITE_EVERY_S, Change, ControlRow
from images.control.state import ControlState
from images.control.words import ADVICE, explain
from images.run_days import Clock

FREE_SOON = Terms()


class Control:
    """Control of this process's camera. Any thread may use it. A change of holder happens under `_changing`, and may
    wait for the database."""

    def __init__(self, clock: Clock | None = None, row: ControlRow | None = None) -> None:
        self._clock = clock or Clock()
        self._row = row or ControlRow()
        self._changing = threading.RLock()
        self._state = ControlState(self._clock.elapsed_s)
        self.notices = Notices()
        self._is_read = False
        self._written_at_s = float("-inf")
        self._refusals = Refusals(self._clock.elapsed_s)
        self.note_sight = self._state.note_sight
        self.note_asker = self._state.note_asker
        self.wait_until_passed = self._state.wait_until_passed

    # What everybody may read

    @property
    def now(self) -> datetime:
        return self._clock.now()

    @property
    def now_s(self) -> float:
        return self._clock.elapsed_s()

    def current(self) -> Lease | None:
        """Return the lease that is in force; None if the camera is free."""
        self._read_once()
        if self._has_ended():
            self._let_lapse()
        # Another process may have let control pass on, and only the row says so.
        return None if self._has_ended() else self._state.lease

    def current_line(self) -> Line:
        """Return those who ask for control, in their order; empty if the camera is free."""
        if self.current() is None:
            return ()
        if len(drop_silent(self._state.asks, self.now_s)) < len(self._state.asks):
            self._let_asks_lapse()
        return drop_silent(self._state.asks, self.now_s)

    def current_ask(self) -> Ask | None:
        """Return the request for control that the holder has to answer; None if nobody asks."""
        return next(iter(self.current_line()), None)

    @property
    def named_users(self) -> set[int]:
        """Return the ids of the users who have control or ask for it."""
        return self._state.named_users

    # Guarded acts

    def admit(self, who: Holder) -> Permit:
        """Let `who` change the camera. If the camera is free, `who` takes control. Returns the permit that the camera's
        thread asks when the turn of the change comes. Raises ControlHeld, ControlLost, or TooManyRefusals."""
        return self._permit(self._admit(who).fence)

    @contextmanager
    def admit_whole(self, who: Holder) -> Iterator[Permit]:
        """Like `admit`, for a change in several steps: once the camera's thread has begun the first one, control passes
        on only after the block. Raises ControlHeld, ControlLost, or TooManyRefusals."""
        act = object()
        try:
            yield self._permit(self._admit(who).fence, act)
        finally:
            self._state.end_act(act)

    def admit_to_keep(self, who: Holder, is_streaming: Callable[[], bool]) -> Permit:
        """Let `who` keep the next frame with the present settings. While somebody else controls the camera, this is
        allowed if the stream runs and the holder shares the pictures. Raises ControlHeld."""

        def require() -> None:
            lease = self._state.lease
            is_free = lease is None or lease.has_ended(self.now_s) or lease.belongs_to(who)
            if not is_free and not (lease and lease.share and is_streaming()):
                raise explain(ControlHeld, lease, "No live picture to keep: ask for control.")

        self._read_once()
        require()
        return require

    # Taking and giving back

    def take(self, who: Holder, terms: Terms = FREE_SOON) -> Lease:
        """Take control on these terms. If `who` has it already, lease and fence stay the same. Raises ControlHeld,
        ControlLost, or TooManyRefusals."""
        with self._changing:
            lease = self._use(who)
            return self._begin(who, terms) if lease is None else self._keep(lease, who, terms)

    def renew(self, who: Holder, **changed: Any) -> Lease:
        """Note a sign of life of `who`, and change the given fields of the terms. Raises ControlLost."""
        with self._changing:
            lease = self._use(who, is_change=False)
            if lease is None:
                raise self.refuse(ControlLost, who.user_id)
            terms = Terms(None, lease.note, lease.share)
            return self._keep(lease, who, replace(terms, **changed)) if changed else lease

    def release(self, who: Holder, **details: str) -> None:
        """Make the camera free. Does nothing if `who` does not control it. `details`: for the audit log."""
        with self._changing:
            lease = self.current()
            if lease and lease.belongs_to(who):
                self._pass_on(None, Change("control_released", who, {**lease.as_details(), **details}))

    def make_lasting(self, lease: Lease, until: datetime | None) -> Permit:
        """Let a job keep its lease as long as this process runs the job."""
        self._state.change_lease(lease.fence, lambda now: make_lease_last(now, until))
        return self._permit(lease.fence)

    def pass_on(self, who: Holder, what: str, by: Holder, terms: Terms = FREE_SOON, **details: Any) -> Lease:
        """Let control pass to `who` from anybody who has it. `what` and `by`: for the audit log. Raises ControlHeld if
        another process was faster."""
        with self._changing:
            before = self._state.lease
            lease = self._make(who, terms)
            former = before.holder.as_former() if before else {}
            if not self._pass_on(lease, Change(what, by, {**lease.as_details(), **former, **details})):
                raise self.refuse(ControlHeld, who.user_id)
            return lease

    # For images/control/hand_over.py

    @property
    def changing(self) -> AbstractContextManager[bool]:
        """Return the lock for code that decides something and then changes it."""
        return self._changing

    def set_line(self, line: Line, change: Change) -> None:
        """Set the line of those who ask. Call it under `changing`."""
        self._state.set_asks(line)
        self._write(change)

    def refuse(self, cause: type[ControlRefused], user_id: int | None, advice: str = ADVICE) -> Exception:
        """Return the error for a refused act, and count it: a script that tries again and again gets another error."""
        return self._refusals.count(user_id) or explain(cause, self.current(), advice)

    # Within

    def _admit(self, who: Holder) -> Lease:
        used = self._use(who)
        if used is None:
            used = self._begin(who)
        self._write_sometimes()
        return used

    def _use(self, who: Holder, *, is_change: bool = True) -> Lease | None:
        """Note that the holder lives; with `is_change`, also that the camera is used. Returns None if `who` is not the
        holder."""
        lease = self.current()
        return self._state.use(lease, is_change=is_change) if lease and lease.belongs_to(who) else None

    def _begin(self, who: Holder, terms: Terms = FREE_SOON) -> Lease:
        with self._changing:
            if (used := self._use(who)) is not None:
                return used
            if who.lease_id is not None:
                raise self.refuse(ControlLost, who.user_id)
            lease = self._make(who, terms)
            is_free = self._state.lease is None
            if not is_free or not self._pass_on(lease, Change("control_taken", who, lease.as_details())):
                raise self.refuse(ControlHeld, who.user_id)
            return lease

    def _keep(self, lease: Lease, who: Holder, terms: Terms) -> Lease:
        """Change the terms of one's own lease. Its fence stays."""
        kept = keep_lease(lease, who, terms, self.now, self.now_s)
        self._state.change_lease(lease.fence, lambda _: kept)
        if not self._write(Change("control_kept", who, kept.as_details())):
            raise self.refuse(ControlLost, who.user_id)
        return kept

    def _make(self, who: Holder, terms: Terms) -> Lease:
        return make_lease(self._state.fence + 1, who, terms, self.now, self.now_s)

    def _pass_on(self, lease: Lease | None, change: Change) -> bool:
        """Let control pass on. Call it under `_changing`. Returns False if another process was faster: then its holder
        counts from now on."""
        fence = lease.fence if lease else self._state.fence
        line = ask_new_holder(self._state.asks, lease.holder.user_id, self.now_s) if lease else ()
        # The row comes first: if another process has written it, control must not pass on here.
        self._written_at_s = self.now_s
        if not self._row.write(fence, lease, next(iter(line), None), self.now, change):
            self._follow_row()
            return False
        self._state.pass_on(lease, fence, line)
        if lease is not None:
            self.notices.forget(lease.holder.user_id)
        return True

    def _write(self, *changes: Change) -> bool:
        """Write the row; the holder stays. Call it under `_changing`. Returns False if another process was faster: then
        its holder counts from now on."""
        self._written_at_s, state = self.now_s, self._state
        if self._row.write(state.fence, state.lease, next(iter(state.asks), None), self.now, *changes):
            return True
        self._follow_row()
        return False

    def _write_sometimes(self) -> None:
        if self.now_s - self._written_at_s > WRITE_EVERY_S and self._changing.acquire(blocking=False):
            try:
                self._write()
            finally:
                self._changing.release()

    def _has_ended(self) -> bool:
        lease = self._state.lease
        return lease is not None and lease.has_ended(self.now_s)

    def _let_lapse(self) -> None:
        """Write into the row that a lease has ended by itself. Does nothing if another thread is changing control: that
        thread does it."""
        if not self._changing.acquire(blocking=False):
            return
        try:
            lease = self._state.lease
            if lease is None or not self._has_ended():
                return
            if not self._pass_on(None, Change("control_lapsed", lease.holder, lease.as_details())):
                return
            if lease.is_kept:
                self.notices.note(lease.holder.user_id, "ended", self.now, job_id=lease.holder.job_id)
        finally:
            self._changing.release()

    def _let_asks_lapse(self) -> None:
        if not self._changing.acquire(blocking=False):
            return
        try:
            before = self._state.asks
            left = drop_silent(before, self.now_s)
            gone = [one.who for one in before if all(one.who is not stays.who for stays in left)]
            self._state.set_asks(left)
            self._write(*(Change("control_withdrawn", who, {"why": "no page was open any more"}) for who in gone))
        finally:
            self._changing.release()

    def _read_once(self) -> None:
        """Read what the row says of the time before this process; only once."""
        if self._is_read:
            return
        with self._changing:
            if not self._is_read:
                self._follow_row()

    def _follow_row(self) -> None:
        """Take over what the row says. Call it under `_changing`. Fences never fall, whatever the row says."""
        stored = self._row.read(self.now, self.now_s)
        if stored is None:
            return
        state, known, lease = self._state, self._state.lease, stored.lease
        is_passed_on = (known and known.lease_id) != (lease and lease.lease_id)
        fence = max(stored.fence, state.fence + 1 if self._is_read and is_passed_on else state.fence)
        kept = None if self._is_read else known
        self._is_read = True
        state.pass_on(kept or (lease and replace(lease, fence=fence)), fence, ())

    def _permit(self, fence: int, act: object = None) -> Permit:
        return lambda: self._state.require(fence, act)


_controls: list[Control] = []


def register_control(control: Control) -> None:
    """Make this the control of the process. It replaces an earlier one."""
    _controls[:] = [control]


def the_control() -> Control:
    return _controls[0]
