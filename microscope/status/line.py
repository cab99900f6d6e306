"""One line of the status: what was looked at, how it is, since when, and what to do."""

from dataclasses import dataclass
from datetime import datetime

FINE, WARN, BAD, UNKNOWN = "fine", "warn", "bad", "unknown"
NOT_MEASURED = "Not measured"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the status. `level`: one of the words above. `state` is a word, `now` says more. Neither names a
    person, a sample, a job, a host or a folder, because strangers read the report. `names` may hold such names; only
    managers see it. `todo`: a sentence that begins with the verb; empty if there is nothing to do."""

    name: str
    level: str
    state: str
    now: str = ""
    since: datetime | None = None
    todo: str = ""
    names: str = ""

    @property
    def needs_you(self) -> bool:
        return self.level in (WARN, BAD)


def not_measured(name: str, why: str, todo: str = "") -> Line:
    return Line(name, UNKNOWN, NOT_MEASURED, why, todo=todo)


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Status:
    read_at: datetime
    groups: tuple[Group, ...]

    @property
    def lines(self) -> list[Line]:
        return [line for group in self.groups for line in group.lines]

    @property
    def need_you(self) -> int:
        """How many lines need somebody."""
        return sum(line.needs_you for line in self.lines)

    @property
    def is_bad(self) -> bool:
        return any(line.level == BAD for line in self.lines)

    @property
    def summary(self) -> str:
        """Return `2 of 19 need you.` or `All 19 are fine.`"""
        lines = self.lines
        unknown = sum(line.level == UNKNOWN for line in lines)
        if self.need_you:
            return f"{self.need_you} of {len(lines)} need{'s' if self.need_you == 1 else ''} you."
        return (
            f"{len(lines) - unknown} of {len(lines)} are fine, {unknown} not measured."
            if unknown
            else (f"All {len(lines)} are fine.")
        )
