"""When the rounds of a job are due, and until when each can be taken."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from images.jobs.plan import Plan

# The smallest step of a time: "due after this" is "due at this plus a tick or later".
TICK = timedelta(microseconds=1)


@dataclass
class Grid:
    """The due times of a job. They never drift: each is the anchor, plus the time in the plan, plus the shift of all
    rounds that are still to come. A round can be taken until the next one is due; without an interval there is no such
    end."""

    plan: Plan
    anchor_at: datetime
    shift: timedelta = field(default_factory=timedelta)

    def due_at(self, round_number: int) -> datetime:
        return self.anchor_at + self.shift + self.plan.due_of_round(round_number)

    def ends_at(self, round_number: int) -> datetime | None:
        """Return when it is too late for this round: then it is missed. None: never."""
        due = self.plan.due_of_round(round_number)
        following = self.plan.first_round_due_from(due + TICK)
        if following < self.plan.rounds:
            return self.due_at(following)
        # The last round has no following one, so it can be taken for as long as its interval lasts.
        return self.due_at(round_number) + self._last_interval if self._last_interval else None

    def first_open_round(self, now: datetime, start: int) -> int:
        """Return the first round from `start` on that can still be taken, due or not; the number of rounds if there is
        none. Takes the same time for any number of rounds in between."""
        elapsed = now - self.anchor_at - self.shift
        following = self.plan.first_round_due_from(elapsed + TICK)
        if following <= start:
            return start
        due = self.plan.due_of_round(following - 1)
        is_over = following == self.plan.rounds and self._last_interval and elapsed >= due + self._last_interval
        return self.plan.rounds if is_over else max(start, self.plan.first_round_due_from(due))

    @property
    def _last_interval(self) -> timedelta:
        return self.plan.time.phases[-1].interval if self.plan.time else timedelta()
