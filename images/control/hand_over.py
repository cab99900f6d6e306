"""How control passes from one user to another: ask, answer, take. Each of these is one entry of the audit log."""

from datetime import datetime

from camera.engine.requests import Permit
from camera.errors import ControlHeld
from images.control.control import Control
from images.control.errors import AskedByOther, LineFull, MayNotTake, NothingAsked, NotYoursToGive, ReasonMissing
from images.control.lease import ANSWER_WITHIN_S, MAX_TEXT, Ask, Holder, Kind, Lease, Terms
from images.control.line import MAX_IN_LINE, Line, find_ask, find_place, join_line, leave_line
from images.control.rows import Change
from images.control.words import explain

# "." is no reason, and "no" is hardly one.
LEAST_REASON = 3


def ask(control: Control, who: Holder, message: str, *, may_queue: bool = False) -> Lease | None:
    """Ask the holder for control. Returns a lease if no answer is needed: the camera is free, `who` has it already, or
    the holder has changed nothing for long. With `may_queue`, `who` stands in line behind others. Without it, or if the
    line is full, raises AskedByOther or LineFull."""
    with control.changing:
        lease, line = control.current(), control.current_line()
        # No ask is needed. With `take`, the free camera or the own lease is taken like by a change.
        if lease is None or lease.belongs_to(who):
            return control.take(who)
        known = find_ask(line, who.user_id)
        # Only the first in line: otherwise a later one would jump the queue.
        if lease.is_idle(control.now_s) and (not line or line[0] is known):
            taken = control.pass_on(who, "control_taken", who, why="idle")
            control.notices.note(lease.holder.user_id, "taken", control.now, who.name, message)
            return taken
        if known is None:
            _require_place(line, may_queue=may_queue)
        # A repeated ask keeps its time and its place; only message and sign of life are new.
        at, at_s = (known.at, known.at_s) if known else (control.now, control.now_s)
        asked = Ask(who, message, at, at_s, control.now_s)
        joined = join_line(line, asked)
        details = {"message": message, "place": find_place(joined, asked)}
        control.set_line(joined, Change("control_asked", who, details))
        return None


def _require_place(line: Line, *, may_queue: bool) -> None:
    if line and not may_queue:
        raise AskedByOther(line)
    if len(line) >= MAX_IN_LINE:
        raise LineFull(line)


def withdraw(control: Control, who: Holder) -> None:
    """Withdraw a request for control. Does nothing if `who` does not ask."""
    with control.changing:
        line = control.current_line()
        if find_ask(line, who.user_id):
            control.set_line(leave_line(line, who.user_id, control.now_s), Change("control_withdrawn", who))


def find_answerable(control: Control, who: Holder) -> Lease:
    """Return the lease for which `who` has to answer. Raises NothingAsked or NotYoursToGive."""
    lease = control.current()
    if lease is None or control.current_ask() is None:
        raise NothingAsked
    if lease.holder.user_id != who.user_id:
        raise NotYoursToGive
    return lease


def give(control: Control, who: Holder) -> None:
    """Give control to the first who asks. Raises NothingAsked or NotYoursToGive."""
    with control.changing:
        find_answerable(control, who)
        asked = control.current_ask()
        assert asked
        control.pass_on(asked.who, "control_given", who)
        control.notices.note(asked.who.user_id, "received", control.now, who.name)


def refuse(control: Control, who: Holder, message: str) -> None:
    """Refuse the first who asks. Raises NothingAsked or NotYoursToGive."""
    with control.changing:
        find_answerable(control, who)
        asked = control.current_ask()
        assert asked
        details = {"message": message, "asker": asked.who.username}
        left = leave_line(control.current_line(), asked.who.user_id, control.now_s)
        control.set_line(left, Change("control_denied", who, details))
        control.notices.note(asked.who.user_id, "denied", control.now, who.name, message)


def may_take(control: Control, lease: Lease, who: Holder) -> bool:
    """Return True if `who` may take control without a reason: it is their own, or they asked, had no answer, and the
    holder is away. Nobody may take a job of somebody else this way."""
    if lease.holder.user_id == who.user_id:
        return True
    asked = control.current_ask()
    # A job of another user must not end because nobody looks at a page in the night.
    if lease.holder.kind is Kind.JOB or asked is None or asked.who.user_id != who.user_id:
        return False
    return control.now_s - asked.at_s >= ANSWER_WITHIN_S and lease.is_away(control.now_s)


def require_takeable(control: Control, who: Holder, reason: str, *, is_manager: bool) -> Lease | None:
    """Return the lease that `who` may take; None if the camera is free. Raises MayNotTake or ReasonMissing."""
    lease = control.current()
    if lease is None or lease.belongs_to(who) or may_take(control, lease, who):
        return lease
    if not is_manager:
        raise MayNotTake
    if sum(one.isalpha() for one in reason) < LEAST_REASON:
        raise ReasonMissing
    return lease


def take_over(
    control: Control,
    who: Holder,
    reason: str,
    *,
    is_manager: bool,
    instead_of: int | None,
    minutes: float | None = None,
) -> Lease:
    """Take control from its holder. `instead_of`: the fence that was in force when the user decided; 0 if the camera
    was free. Raises MayNotTake, ReasonMissing, or ControlHeld if control has passed to somebody else meanwhile."""
    with control.changing:
        lease = require_takeable(control, who, reason, is_manager=is_manager)
        if lease is None or lease.belongs_to(who):
            return control.take(who)
        # The reason was written for the holder whom the user saw. It must not hit another one.
        if instead_of is not None and lease.fence != instead_of:
            raise control.refuse(ControlHeld, who.user_id)
        is_own = lease.holder.user_id == who.user_id
        what = "control_taken" if is_own else "control_taken_over"
        taken = control.pass_on(who, what, who, reason=reason)
        if not is_own:
            control.notices.note(lease.holder.user_id, "taken", control.now, who.name, reason, lease.holder.job_id)
        return taken


def hold_for_job(control: Control, who: Holder, name: str, until: datetime | None) -> Permit:
    """Hold control for a job that this process runs, until it is released. If the user of the job has control, it
    passes to the job. Raises ControlHeld."""
    with control.changing:
        lease = control.current()
        # A job of the same user does not take the camera from another job, and no job takes it from another user.
        if lease is not None and not lease.belongs_to(who):
            if lease.holder.kind is Kind.JOB or lease.holder.user_id != who.user_id:
                raise explain(ControlHeld, lease)
            lease = None
        # A lease that this job has already is only made lasting again: its fence stays, so no frame is lost.
        lease = lease or control.pass_on(who, "control_taken", who, Terms(note=name[:MAX_TEXT]))
        return control.make_lasting(lease, until)


def require_start_now(control: Control, user_id: int | None) -> None:
    """Raise ControlHeld, or TooManyRefusals, if another person or script controls the camera: then a job of this user
    cannot start now. If a job controls it, the new job simply waits behind that one."""
    if find_other_holder(control, user_id):
        raise control.refuse(ControlHeld, user_id, "Ask for control, or add the job to the queue.")


def find_other_holder(control: Control, user_id: int | None) -> Lease | None:
    """Return the lease of another person or script; None if the camera is free, the user's own, or a job's."""
    lease = control.current()
    is_other = lease is not None and lease.holder.kind is not Kind.JOB and lease.holder.user_id != user_id
    return lease if is_other else None


def may_begin(control: Control, user_id: int | None) -> bool:
    """Return True if a job of this user may begin: nobody else controls the camera."""
    lease = control.current()
    return lease is None or (lease.holder.kind is not Kind.JOB and lease.holder.user_id == user_id)
