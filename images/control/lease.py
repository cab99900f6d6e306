"""The lease of control: who holds it, and when it ends. Only values and rules, without threads and queries."""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from images.models import CameraControl

# A lease ends so long after the last sign of life of its holder.
PATIENCE_S = 90.0
# A holder counts as away after so long without a change, and so long without a visible page.
AWAY_AFTER_S = 120.0
OUT_OF_SIGHT_AFTER_S = 15.0
# If a person changed nothing for so long, the first who asks gets control at once.
IDLE_AFTER_S = 600.0
# If nobody answers for so long and the holder is away, the one who asks may take control.
ANSWER_WITHIN_S = 60.0
MAX_MINUTES = 480
MAX_TEXT = 80


Kind = CameraControl.Kind


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who controls the camera, or wants to. `username` goes into records; `name` is what others see. `label`
    tells apart what one user has: "browser", "night_scan.py", "job 41". `lease_id`: the text that a script sent to
    prove its lease, valid or not; None if it sent none."""

    user_id: int | None
    username: str
    name: str
    kind: Kind
    label: str
    job_id: int | None = None
    lease_id: str | None = None

    def as_former(self) -> dict[str, Any]:
        """Describe the former holder for an audit entry."""
        return {
            "from": self.label,
            "fromKind": str(self.kind),
            "fromJob": self.job_id,
            "fromUser": self.username,
            "fromUserId": self.user_id,
        }


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms on which somebody takes control. `minutes`: for how long; None: until nothing is changed for a while.
    `share`: others may keep the pictures that they see meanwhile."""

    minutes: float | None = None
    note: str = ""
    share: bool = True


@dataclass(frozen=True, slots=True)
class Lease:
    """A lease. Times that end in `_s` are seconds of a monotonic clock; `since` and `until` are for people.
    `kept_until_s` is None if a change took the lease by itself: then it ends when nothing is changed. A job's lease has
    `is_lasting` True: it lasts as long as the process runs the job."""

    fence: int
    lease_id: UUID
    holder: Holder
    since: datetime
    last_used_s: float
    last_seen_s: float
    kept_until_s: float | None = None
    until: datetime | None = None
    is_lasting: bool = False
    note: str = ""
    share: bool = True

    @property
    def is_kept(self) -> bool:
        return self.kept_until_s is not None or self.holder.kind is Kind.JOB

    @property
    def ends_at_s(self) -> float:
        """Return when the lease ends if its holder gives no further sign of life."""
        if self.is_lasting:
            return math.inf
        if not self.is_kept:
            return self.last_used_s + PATIENCE_S
        # Both may end it: no sign of life, and the time that was agreed.
        return min(self.last_seen_s + PATIENCE_S, math.inf if self.kept_until_s is None else self.kept_until_s)

    def as_details(self) -> dict[str, Any]:
        """Describe the lease for an audit entry."""
        return {
            "label": self.holder.label,
            "kind": str(self.holder.kind),
            "job": self.holder.job_id,
            "since": self.since.isoformat(),
            "until": self.until.isoformat() if self.until else None,
            "note": self.note,
            "fence": self.fence,
        }

    def has_ended(self, now_s: float) -> bool:
        return now_s >= self.ends_at_s

    def belongs_to(self, who: Holder) -> bool:
        """Return True if `who` may use this lease. A lease without `kept_until_s` serves everything that its user has,
        so a user who is alone never notices control."""
        if who.lease_id is not None:
            # A script that proves its lease gets exactly that one, also if its user has another.
            return str(self.lease_id) == who.lease_id
        mine = self.holder
        # A job is only itself: neither the page nor a script of its user may use its lease.
        if Kind.JOB in (mine.kind, who.kind):
            return (mine.kind, mine.job_id) == (who.kind, who.job_id)
        if mine.user_id is None or mine.user_id != who.user_id:
            return False
        return (mine.kind, mine.label) == (who.kind, who.label) or not self.is_kept

    def is_away(self, now_s: float) -> bool:
        """Return True if the holder changed nothing for a while and looks at no page."""
        if self.holder.kind is Kind.JOB or now_s - self.last_used_s < AWAY_AFTER_S:
            return False
        return now_s - self.last_seen_s >= OUT_OF_SIGHT_AFTER_S

    def is_idle(self, now_s: float) -> bool:
        return self.holder.kind is Kind.PERSON and now_s - self.last_used_s >= IDLE_AFTER_S


def make_lease(fence: int, who: Holder, terms: Terms, now: datetime, now_s: float) -> Lease:
    """Return a new lease, which begins now."""
    kept_until_s, until = _end_of(terms.minutes, now, now_s)
    return Lease(
        fence=fence,
        lease_id=uuid4(),
        # Without the id that the script sent: it belongs to an earlier lease.
        holder=replace(who, lease_id=None),
        since=now,
        last_used_s=now_s,
        last_seen_s=now_s,
        kept_until_s=kept_until_s,
        until=until,
        note=terms.note,
        share=terms.share,
    )


def keep_lease(lease: Lease, who: Holder, terms: Terms, now: datetime, now_s: float) -> Lease:
    """Return one's own lease with other terms. Without `minutes`, its end stays the same. Its fence stays."""
    kept_until_s, until = lease.kept_until_s, lease.until
    if terms.minutes is not None:
        kept_until_s, until = _end_of(terms.minutes, now, now_s)
    # If a page keeps the lease that a script of the same user began, the page is its holder from now on.
    holder = replace(lease.holder, kind=who.kind, label=who.label) if who.lease_id is None else lease.holder
    return replace(lease, holder=holder, kept_until_s=kept_until_s, until=until, note=terms.note, share=terms.share)


def make_lease_last(lease: Lease, until: datetime | None) -> Lease:
    """Return the lease of a job, which lasts as long as this process carries the job out. `until` is for people."""
    # No time ends it: a job that runs late must not lose the camera in its last round.
    return replace(lease, is_lasting=True, until=until, kept_until_s=None)


def _end_of(minutes: float | None, now: datetime, now_s: float) -> tuple[float | None, datetime | None]:
    if minutes is None:
        return None, None
    bounded = min(minutes, MAX_MINUTES)
    return now_s + 60 * bounded, now + timedelta(minutes=bounded)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request for control. `at_s`: since when the holder can answer it. `last_seen_s`: the last sign that the user
    still waits."""

    who: Holder
    message: str
    at: datetime
    at_s: float
    last_seen_s: float


@dataclass(frozen=True, slots=True)
class Notice:
    """The last thing that happened to one user's control. `what`: "ended", "taken", "received" or "denied". `picture`:
    the number of the picture after which a job was paused; 0 until that is known."""

    number: int
    what: str
    by_name: str
    text: str
    at: datetime
    job_id: int | None = None
    picture: int = 0
