"""Counts the days on which the program ran, in the database, and tells whether the PC's clock can be trusted.

Things that are removed by age are removed by this count. A clock that jumps can add at most one day to it, so a wrong
clock destroys nothing.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from images.events import emit
from images.models import Image, RunDayCount
from images.permissions import Person
from images.power import read_awake_s

logger = logging.getLogger(__name__)

# The program did not exist before this date, so a clock that shows an earlier time is wrong.
FIRST_POSSIBLE = datetime(2020, 1, 1, tzinfo=UTC)
# How far the clock may be from what the elapsed seconds predict, while the program runs.
MAX_DRIFT = timedelta(hours=1)
# How long the program may have been off before the clock is doubted at its start.
MAX_TIME_OFF = timedelta(days=30)
MIN_RUN_S = 3600.0
DAY_S = 24 * 3600.0
# A tick adds at most this. A longer pause means that the PC slept, and the program did not run.
MAX_STEP_S = 3600.0


class Clock:
    """The clock of this PC, as an object that tests can replace."""

    def now(self) -> datetime:
        """Return the wall-clock time, in UTC. People and time servers can set it forward and back."""
        return datetime.now(UTC)

    def elapsed_s(self) -> float:
        """Return seconds since a fixed moment; nobody can set this clock. It counts the PC's sleep if the system can
        tell."""
        # Linux: CLOCK_MONOTONIC stops while the PC sleeps, CLOCK_BOOTTIME does not.
        boot_time = getattr(time, "CLOCK_BOOTTIME", None)
        return time.monotonic() if boot_time is None else time.clock_gettime(boot_time)

    def awake_s(self) -> float:
        """Return seconds since a fixed moment, without the PC's sleep if the system can tell."""
        return read_awake_s()


@dataclass(frozen=True, slots=True)
class Doubt:
    """The clock shows `now`, but it should show `expected` or a little more."""

    now: datetime
    expected: datetime

    def __str__(self) -> str:
        if self.now < self.expected:
            cause = f"but the program knows that it was {_in_lab(self.expected)} already"
        else:
            cause = f"{_in_words(self.now - self.expected)} more than the program expected"
        return (
            f"The clock of this PC may be wrong. It shows {_in_lab(self.now)}, {cause}. "
            "Set it right, or let a manager confirm it."
        )


def _in_lab(moment: datetime) -> str:
    return f"{timezone.localtime(moment, timezone.get_default_timezone()):%Y-%m-%d %H:%M %Z}"


def _plain(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


class RunDays:
    """Counts the days, and compares the clock with the elapsed seconds. One thread of the server calls `tick`."""

    def __init__(self, clock: Clock | None = None, may_count: Callable[[], bool] = lambda: True) -> None:
        """`may_count`: of several PCs that share the count, one counts. The others only watch their own clocks. It may
        raise Django's DatabaseError."""
        self._clock = clock or Clock()
        self._may_count = may_count
        self._was_in_doubt = False
        # The expected time, and the elapsed seconds at which it was expected; None before the first tick.
        self._expected: tuple[datetime, float] | None = None
        self._max_ahead = MAX_TIME_OFF
        self._days: int | None = None

    @property
    def days(self) -> int:
        """The number of counted days. The first call reads the database. Raises Django's DatabaseError."""
        if self._days is None:
            count = RunDayCount.objects.first()
            self._days = count.days if count else 0
        return self._days

    @property
    def doubt(self) -> Doubt | None:
        """Why the clock is in doubt now; None if it is not. Does not use the database."""
        now = self._clock.now()
        if self._expected is None:
            return Doubt(now, FIRST_POSSIBLE) if now < FIRST_POSSIBLE else None
        expected, at_s = self._expected
        expected += timedelta(seconds=self._clock.elapsed_s() - at_s)
        is_right = -MAX_DRIFT <= now - expected <= self._max_ahead and now >= FIRST_POSSIBLE
        return None if is_right else Doubt(now, max(expected, FIRST_POSSIBLE))

    @property
    def likely_now(self) -> datetime:
        """The time that the clock shows; if the clock is in doubt, the time that it should show."""
        doubt = self.doubt
        return doubt.expected if doubt else self._clock.now()

    def tick(self) -> bool:
        """Count the seconds since the last tick. Returns True if this completed a day. Raises Django's
        DatabaseError."""
        if self._clock.now() < FIRST_POSSIBLE and not RunDayCount.objects.exists():
            logger.warning("%s", self.doubt)
            return False  # on a new database nothing is known that such a clock could be compared with
        if not self._may_count():
            self._watch_clock()
            return False
        with transaction.atomic():
            count = self._hold_count()
            passed_s = self._follow(count)
            doubt = self.doubt
            count.ran_s += min(passed_s, MAX_STEP_S)
            is_full = self._is_day_full(count, doubt)
            if is_full:
                count.days, count.ran_s, count.counted_on = count.days + 1, 0, self._clock.now().date()
            self._note_doubt(count, doubt)
            count.save()
        self._days = count.days
        return is_full

    def _watch_clock(self) -> None:
        """Compare the clock with the elapsed seconds, and write nothing: another PC counts, by its own clock."""
        count = RunDayCount.objects.first()
        if count is None:
            return
        self._days, count.is_clock_in_doubt = count.days, self._was_in_doubt
        self._follow(count)
        self._note_doubt(count, self.doubt)
        self._was_in_doubt = count.is_clock_in_doubt

    def read_again(self) -> None:
        """Read the count, which another process increases. For a process that does not count itself. Raises Django's
        DatabaseError."""
        self._days = None
        _ = self.days

    def confirm_clock(self, by: Person) -> None:
        """Accept the time that the clock shows, because a user says that it is right. Does nothing if the clock is not
        in doubt, or shows a time before the program existed. Raises Django's DatabaseError."""
        doubt = self.doubt
        if doubt is None or doubt.now < FIRST_POSSIBLE:
            return
        with transaction.atomic():
            count = self._hold_count()
            emit("clock_confirmed", by=by, details={"shown": _plain(doubt.now), "expected": _plain(doubt.expected)})
            count.expected_at, count.is_clock_in_doubt = doubt.now, False
            if self._may_count():
                count.save()
        self._expected, self._max_ahead = (doubt.now, self._clock.elapsed_s()), MAX_DRIFT
        logger.info("The clock of this PC was confirmed.")

    def _hold_count(self) -> RunDayCount:
        # A new count starts no earlier than the newest image: the program ran then, so it was that late already.
        newest = Image.objects.newest_first().values_list("captured_at", flat=True).first()
        now = self._clock.now()
        first = {"expected_at": max(now, newest or now), "counted_on": now.date()}
        RunDayCount.objects.get_or_create(id=1, defaults=first)
        return RunDayCount.objects.select_for_update().get(id=1)

    def _follow(self, count: RunDayCount) -> float:
        """Advance the expected time by the elapsed seconds. Returns the seconds since the last tick."""
        elapsed_s = self._clock.elapsed_s()
        expected, at_s = self._expected or (count.expected_at, elapsed_s)
        self._expected = (expected + timedelta(seconds=elapsed_s - at_s), elapsed_s)
        return elapsed_s - at_s

    def _is_day_full(self, count: RunDayCount, doubt: Doubt | None) -> bool:
        """Return True if a day is complete. Normally that is an hour of running on a new calendar day. If the clock is
        in doubt, the calendar is not used: 24 hours of running are a day."""
        if doubt:
            return count.ran_s >= DAY_S
        return count.ran_s >= MIN_RUN_S and self._clock.now().date() != count.counted_on

    def _note_doubt(self, count: RunDayCount, doubt: Doubt | None) -> None:
        if doubt and not count.is_clock_in_doubt:
            logger.warning("%s", doubt)
        if not doubt:
            if count.is_clock_in_doubt:
                logger.info("The clock of this PC is right again.")
            self._expected = (self._clock.now(), self._clock.elapsed_s())
            self._max_ahead = MAX_DRIFT
        count.is_clock_in_doubt = doubt is not None
        if self._expected:
            count.expected_at = self._expected[0]


def _in_words(span: timedelta) -> str:
    return f"{span.days} days" if span.days >= 2 else f"{span.total_seconds() / 3600:.0f} hours"


_run_days: list[RunDays] = []


def register_run_days(run_days: RunDays) -> RunDays:
    """Make these the run days of the process."""
    _run_days[:] = [run_days]
    return run_days


def the_run_days() -> RunDays:
    return _run_days[0]
