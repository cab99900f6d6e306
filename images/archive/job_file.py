"""The file of a job. It is in the folder of the day on which the job began, beside its first images.

It is JSON Lines: the first line describes the job and holds its plan, each later line describes one event. Lines are
only added, so a power cut costs at most the last line, and each line costs the same however long the file is. Stored
slots are not in the file, because the originals name them. The rows of a job can be made again from it.
"""

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from camera.durable_files import sync_folder
from images.archive.archive import Archive
from images.archive.folder import raising_storage_errors
from images.archive.names import Location, day_of
from images.errors import DamagedJobFile

SCHEMA = "microscope.job"
VERSION = 1
NAME = re.compile(r"job_(\d{8})_\d{6}_[0-9a-f]{32}\.jsonl", re.ASCII)
MAX_LINE_BYTES = 20_000_000

Entry = dict[str, Any]


def job_file_name(began_at: datetime, lasting_id: UUID) -> str:
    return f"job_{began_at.astimezone(UTC):%Y%m%d_%H%M%S}_{lasting_id.hex}.jsonl"


def is_job_file(name: str) -> bool:
    return NAME.fullmatch(name) is not None


def job_file_of(began_at: datetime, lasting_id: UUID) -> Location:
    """Return where the file of a job lies, even if there is none."""
    return Location(day_of(began_at), job_file_name(began_at, lasting_id))


def find_job_files(archive: Archive) -> Iterator[Location]:
    """Yield where the files of all jobs lie, oldest first. Raises OSError."""
    for day in archive.days():
        for name in archive.names_of(day):
            named = NAME.fullmatch(name)
            if named and day.replace("-", "") == named[1]:
                yield Location(day, name)


def write_lines(entries: Iterable[Entry]) -> bytes:
    """Return these lines as they stand in the file."""
    lines = (json.dumps(entry, ensure_ascii=True, separators=(",", ":")) + "\n" for entry in entries)
    return "".join(lines).encode("ascii")


def append_entries(archive: Archive, location: Location, entries: Iterable[Entry]) -> None:
    """Append these lines. On return, they are safe on disk. Raises StorageUnavailable; then some of them may be
    written. Append them all again: a repeated line does no harm, because the last line about a thing counts."""
    text = write_lines(entries)
    archive.check_folder()
    path = archive.path_at(location)
    with raising_storage_errors():
        path.parent.mkdir(exist_ok=True)
        is_new = not path.exists()
        with path.open("ab") as file:
            # One write, so that two writers never mix their lines. If a power cut left half a line, it is ended first.
            file.write((b"" if _ends_with_a_line(path) else b"\n") + text)
            file.flush()
            os.fsync(file.fileno())
        # A new name is safe only if its folder is on disk, and a new folder only if its parent is.
        if is_new:
            sync_folder(path.parent)
            sync_folder(archive.root)


def read_entries(archive: Archive, location: Location) -> Iterator[Entry]:
    """Yield all readable lines; the first one describes the job. Unreadable later lines are left out: a power cut can
    leave one. Raises DamagedJobFile if the first line is unreadable, and OSError; FileNotFoundError if there is no such
    file."""
    with archive.path_at(location).open("rb") as file:
        # All other lines refer to the job that the first line describes. Without it, they say nothing.
        first = _parse(file.readline(MAX_LINE_BYTES))
        if not first or first.get("schema") != SCHEMA or not isinstance(first.get("version"), int):
            raise DamagedJobFile(f"{location.name} does not begin like the file of a job.")
        yield first
        # A limit for each line: a damaged file without line ends must not fill the memory.
        while line := file.readline(MAX_LINE_BYTES):
            if entry := _parse(line):
                yield entry


def _parse(line: bytes) -> Entry | None:
    with contextlib.suppress(ValueError, RecursionError):
        entry = json.loads(line)
        if isinstance(entry, dict):
            return entry
    return None


def _ends_with_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
