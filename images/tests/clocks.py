"""A clock whose time is set by the test."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class SetClock:
    def __init__(self, now: datetime = START) -> None:
        self.time = now
        self.seconds = self.awake_seconds = 1000.0

    def now(self) -> datetime:
        return self.time

    def elapsed_s(self) -> float:
        return self.seconds

    def awake_s(self) -> float:
        return self.awake_seconds

    def run(self, span: timedelta) -> None:
        """Time passes."""
        self.time += span
        self.seconds += span.total_seconds()
        self.awake_seconds += span.total_seconds()

    def sleep(self, span: timedelta) -> None:
        """The PC sleeps."""
        self.run(span)
        self.awake_seconds -= span.total_seconds()

    def jump(self, span: timedelta) -> None:
        """Somebody sets the clock."""
        self.time += span
