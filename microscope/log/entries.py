"""Reads the log from its end, in blocks: never a whole file at once."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

BLOCK_BYTES = 65_536
# All files of the log together are a few times as large. A user who looks further back asks again.
MAX_READ_BYTES = 8_000_000
MAX_ENTRIES = 100
MAX_TEXT = 20_000
LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
ENTRY = re.compile(r"(\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z) ([A-Z]+) (\S+) ([^\s:]+): (.*)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the log. `text` may have many lines. `number`: of the request, or a dash."""

    key: str
    level: str
    number: str
    part: str
    text: str

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.key.removesuffix("Z")).replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """`level`: this one and worse. `before`: the key of an entry; only older ones are wanted."""

    level: str = ""
    text: str = ""
    number: str = ""
    before: str = ""

    def fits(self, entry: Entry) -> bool:
        if LEVELS.get(entry.level, 0) < LEVELS.get(self.level, 0):
            return False
        if self.number and self.number != entry.number:
            return False
        return self.text.lower() in f"{entry.part}: {entry.text}".lower()


@dataclass(frozen=True, slots=True)
class Found:
    """The newest entries first. `reached`: the key up to which the log was searched; None if no older entries can
    follow."""

    entries: list[Entry]
    reached: str = ""


def find_entries(files: Iterable[Path], wanted: LogFilter) -> Found:
    """Read back from the end until MAX_ENTRIES fit, or MAX_READ_BYTES are read. Files that vanish are passed over."""
    found: list[Entry] = []
    reached, read_bytes = "", 0
    for entry in read_entries(files):
        if wanted.before and entry.key >= wanted.before:
            continue
        is_enough = len(found) >= MAX_ENTRIES or read_bytes > MAX_READ_BYTES
        # Entries of the same millisecond stay together, because the next page begins before it.
        if is_enough and entry.key != reached:
            return Found(found, reached)
        reached, read_bytes = entry.key, read_bytes + len(entry.text)
        if wanted.fits(entry):
            found.append(entry)
    return Found(found)


def read_entries(files: Iterable[Path]) -> Iterator[Entry]:
    """Yield the entries of all files, the newest first. Lines that belong to no entry are passed over."""
    for path in files:
        further: list[str] = []
        for line in read_lines_backwards(path):
            named = ENTRY.fullmatch(line)
            if named is None:
                further.append(line.strip("\r")[:MAX_TEXT])
                continue
            text = "\n".join([named[5], *(one.removeprefix("    ") for one in reversed(further))])
            yield Entry(named[1], named[2], named[3], named[4], text[:MAX_TEXT])
            further = []


def read_lines_backwards(path: Path) -> Iterator[str]:
    """Yield the lines of a file, the last one first."""
    try:
        with path.open("rb") as file:
            left, rest = file.seek(0, 2), b""
            while left:
                size = min(BLOCK_BYTES, left)
                left -= size
                file.seek(left)
                first, *lines = (file.read(size) + rest).split(b"\n")
                yield from (line.decode("utf-8", "replace") for line in reversed(lines) if line)
                rest = first
            if rest:
                yield rest.decode("utf-8", "replace")
    except OSError:
        return
