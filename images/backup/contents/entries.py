"""The list of the files that a backup holds of one day, each with size, time and sum.

While files are still being copied, the list is a journal: one line is added for each file that is complete. A journal
that was cut off is read up to that place. When the day is complete, the list is written as a whole, sorted and safe on
disk.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from camera.durable_files import replace_file
from images.backup.errors import BackupDamaged

LIST_SUFFIX = ".jsonl"
JOURNAL_SUFFIX = ".unfinished"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of a day. `modified_ns`: the modification time of the file in the library."""

    name: str
    size_bytes: int
    modified_ns: int
    sha256: str

    def describes(self, size_bytes: int, modified_ns: int) -> bool:
        return (self.size_bytes, self.modified_ns) == (size_bytes, modified_ns)


class DayList:
    """The list of one day in one backup."""

    def __init__(self, lists: Path, day: str) -> None:
        """`lists`: the folder of all lists of the backup."""
        self.path = lists / f"{day}{LIST_SUFFIX}"
        self._journal = lists / f"{day}{JOURNAL_SUFFIX}"

    @property
    def is_complete(self) -> bool:
        return self.path.exists()

    def read(self) -> dict[str, Entry]:
        """Return the entries by name; empty if there is no list yet. Raises BackupDamaged and OSError."""
        if self.path.exists():
            return parse_list(self.path.read_bytes(), self.path)
        return {entry.name: entry for entry in self._read_journal()}

    def write(self, entries: Iterable[Entry]) -> None:
        """Write the complete list. On return, it is safe on disk, and the journal is removed. Raises OSError."""
        lines = [_line(entry) for entry in sorted(entries, key=lambda entry: entry.name)]
        replace_file(self.path, "".join(lines).encode("ascii"))
        self._journal.unlink(missing_ok=True)

    @contextmanager
    def journal(self) -> Iterator["Journal"]:
        """Open the journal, after the entries of an earlier run. Raises OSError."""
        whole = "".join(_line(entry) for entry in self._read_journal())
        with self._journal.open("w", encoding="ascii") as file:
            file.write(whole)
            file.flush()
            yield Journal(file)

    def measure(self) -> str:
        """Return the SHA-256 of the complete list. Raises OSError."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def _read_journal(self) -> list[Entry]:
        try:
            # What follows the last line end is half a line of a killed run.
            lines = self._journal.read_bytes().split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        whole: list[Entry] = []
        for line in lines:
            try:
                whole.append(_entry(json.loads(line)))
            except (ValueError, KeyError, TypeError):
                # After a damaged line, nothing can be trusted: a power cut can leave blocks of zeros.
                break
        return whole


class Journal:
    """The open journal of a day."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def add(self, entry: Entry) -> None:
        """Add a line. It stays if this process is killed. Raises OSError."""
        self._file.write(_line(entry))
        self._file.flush()


def parse_list(content: bytes, path: Path) -> dict[str, Entry]:
    """Return the entries of a list by name. Raises BackupDamaged."""
    try:
        lines = [line for line in content.split(b"\n") if line]
        # One call of the parser for all lines: there are many, and each call has its cost.
        entries = [_entry(said) for said in json.loads(b"[" + b",".join(lines) + b"]")]
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise BackupDamaged(f"The list {path} is damaged ({problem!r}). Use another backup.") from problem
    return {entry.name: entry for entry in entries}


def _entry(said: dict[str, Any]) -> Entry:
    name = str(said["name"])
    # A damaged or forged list must not make a restore write outside its folder.
    if "/" in name or "\\" in name or name in ("", ".", ".."):
        raise ValueError(f"{name!r} is not the name of a file")
    return Entry(name, int(said["size"]), int(said["modifiedNs"]), str(said["sha256"]))


def _line(entry: Entry) -> str:
    said = {
        "name": entry.name,
        "size": entry.size_bytes,
        "modifiedNs": entry.modified_ns,
        "sha256": entry.sha256,
    }
    return json.dumps(said) + "\n"
