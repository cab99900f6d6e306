"""What people said of an image after its capture, and measured on it, kept beside the original, which is never edited.

One small JSON file per changed image, in the same folder, named after the original. It holds what counts now, a
number that grows with every change, and who changed what when. The row holds the same number: of the two, the
higher one is right.
"""

import contextlib
import json
import os
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from images.archive import TEMPORARY_SUFFIX, Archive
from images.errors import DamagedChanges
from images.storage import lock, sync_folder, telling_faults

SUFFIX = ".changes.json"
ASIDE_SUFFIX = ".aside"
SCHEMA = "microscope.changes"
VERSION = 1
SYNCED_AT_ONCE = 16
# What one person can do to one file by changing it all day.
MOST_HISTORY = 1000
# A history full of the longest notes.
MOST_BYTES = 32_000_000


@dataclass(frozen=True, slots=True)
class Changes:
    """`values`: all that can be changed, as it is now. `history`: oldest first, each with what it replaced.
    `calibrations`: those drawn on this image, each as images.restoring reads it."""

    record_id: str
    revision: int
    values: dict[str, Any]
    history: list[dict[str, Any]] = field(default_factory=list)
    calibrations: list[dict[str, Any]] = field(default_factory=list)

    def follow(self, values: dict[str, Any], at: str, by: str | None) -> "Changes":
        """The next revision. Of a history that grew too long the oldest part is let go."""
        was = {name: value for name, value in self.values.items() if values.get(name, value) != value}
        entry = {"revision": self.revision + 1, "at": at, "by": by, "was": was}
        history = [*self.history, entry][-MOST_HISTORY:]
        return replace(self, revision=self.revision + 1, values=values, history=history)


@dataclass(frozen=True, slots=True)
class Draft:
    """A file that is complete under its temporary name. It stays open, and so locked, lest it be taken for what a
    dead writer left behind; not on Windows, which does not rename open files."""

    temporary: Path
    final: Path
    file: BinaryIO

    def publish(self) -> None:
        if os.name == "nt":
            self.file.close()
        os.replace(self.temporary, self.final)

    def close(self) -> None:
        """Leave no temporary file. What hinders that must not hide the fault that led here."""
        with contextlib.suppress(OSError):
            self.file.close()  # tries once more to write what could not be written
        with contextlib.suppress(OSError):
            self.temporary.unlink(missing_ok=True)


def path_beside(original: Path) -> Path:
    """Where the changes of an original are kept."""
    return original.with_name(original.name + SUFFIX)


def is_changes_file(name: str) -> bool:
    return name.endswith(SUFFIX)


def original_name_of(name: str) -> str:
    """Of which original a changes file speaks."""
    return name.removesuffix(SUFFIX)


def read_changes(path: Path) -> Changes | None:
    """What a changes file says; None where there is none. Raises DamagedChanges for a damaged or foreign file, and
    OSError where it cannot be read."""
    try:
        said = json.loads(_read_sparingly(path))
        if said["schema"] != SCHEMA or not isinstance(said["version"], int):
            raise DamagedChanges(f"{path.name} was written by another program.")
        values = {**said["values"], "position": dict(said["values"]["position"])}
        lists = list(said["history"]), list(said.get("calibrations", []))
        return Changes(str(said["recordId"]), int(said["revision"]), values, *lists)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise DamagedChanges(f"{path.name} is damaged ({problem!r}).") from problem


def _read_sparingly(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise DamagedChanges(f"{path.name} is larger than any changes are.")
    return content


def write_changes(archive: Archive, changed: Iterable[tuple[str, Changes]]) -> None:
    """Write the changes of these originals, by file name. None takes effect before all are written; on return they
    are safe on disk. Raises a StorageUnavailable."""
    archive.check_folder()
    with contextlib.ExitStack() as drafts, telling_faults():
        waiting = [_draft(archive.path_of(filename), changes, drafts) for filename, changes in changed]
        _sync_together(waiting)
        for draft in waiting:
            draft.publish()
        for folder in {draft.final.parent for draft in waiting}:
            sync_folder(folder)


def move_changes(original: Path, renamed: Path, record_id: str) -> None:
    """Let the changes of an image go with it to another name, before it goes itself. Others stay."""
    with contextlib.suppress(DamagedChanges), telling_faults():
        changes = read_changes(path_beside(original))
        if changes and changes.record_id == record_id:
            os.replace(path_beside(original), path_beside(renamed))
            sync_folder(renamed.parent)


def remove_changes(original: Path, record_id: str) -> None:
    """Remove what was said of an image that is removed for good; what was said of another one stays."""
    path = path_beside(original)
    with telling_faults(), contextlib.suppress(FileNotFoundError):
        try:
            changes = read_changes(path)
        except DamagedChanges:
            changes = Changes(record_id, 0, {})
        if changes and changes.record_id == record_id:
            path.unlink()
            sync_folder(path.parent)


def _draft(original: Path, changes: Changes, drafts: contextlib.ExitStack) -> Draft:
    final = path_beside(original)
    original.parent.mkdir(exist_ok=True)  # the original may be lost, and its folder with it
    _put_stranger_aside(final, changes.record_id)
    temporary = final.with_name(f".{final.name}.{os.getpid()}-{threading.get_ident()}{TEMPORARY_SUFFIX}")
    draft = Draft(temporary, final, open(temporary, "w+b"))  # noqa: SIM115 (it lasts as long as the draft)
    drafts.callback(draft.close)
    with contextlib.suppress(OSError):  # where the file system knows no locks, nobody can take it for an orphan
        lock(draft.file)
    draft.file.write(_dump(changes, original.name))
    draft.file.flush()
    return draft


def _sync_together(drafts: list[Draft]) -> None:
    """Force them to disk side by side: a file system's journal takes many in the time of one. Raises OSError."""
    with ThreadPoolExecutor(SYNCED_AT_ONCE) as pool:
        for _ in pool.map(lambda draft: os.fsync(draft.file.fileno()), drafts):
            pass


def _put_stranger_aside(path: Path, record_id: str) -> None:
    """A damaged file, or one that speaks of another image: somebody may still read in it what this program cannot."""
    try:
        found = read_changes(path)
        is_ours = found is None or found.record_id == record_id
    except DamagedChanges:
        is_ours = False
    if not is_ours:
        os.replace(path, path.with_name(path.name + ASIDE_SUFFIX))


def _dump(changes: Changes, filename: str) -> bytes:
    said = {
        "schema": SCHEMA,
        "version": VERSION,
        "recordId": changes.record_id,
        "filename": filename,
        "revision": changes.revision,
        "values": changes.values,
        "history": changes.history,
        "calibrations": changes.calibrations,
    }
    return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
