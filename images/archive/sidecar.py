"""Sidecars: what users wrote about an image after its capture, and the calibrations drawn on it. The original itself is
never edited.

A sidecar is a small JSON file beside the original, named after it; only changed images have one. It holds the current
values, the history, and a revision number that grows with every change. The row holds the same number. If the two
differ, the higher one is right.
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

from camera.durable_files import sync_folder
from images.archive.archive import Archive
from images.archive.folder import lock, raising_storage_errors
from images.archive.names import TEMPORARY_SUFFIX, Location
from images.errors import DamagedSidecar
from images.older_versions import SIDECAR_SCHEMA, SIDECAR_SUFFIXES, upgrade_sidecar

ASIDE_SUFFIX = ".aside"
VERSION = 2
SYNCED_AT_ONCE = 16
# Limits how large one user can make one file by changing it all day.
MAX_HISTORY = 1000
# Enough for a full history of the longest notes.
MAX_BYTES = 32_000_000


@dataclass(frozen=True, slots=True)
class Sidecar:
    """`values`: the current values of all editable fields. `history`: the changes, oldest first, each with the values
    that it replaced. `calibrations`: those drawn on this image, in the form of images.index.rebuild.restore_optics."""

    record_id: str
    revision: int
    values: dict[str, Any]
    history: list[dict[str, Any]] = field(default_factory=list)
    calibrations: list[dict[str, Any]] = field(default_factory=list)

    def next_revision(self, values: dict[str, Any], at: str, by: str | None, by_id: str | None = None) -> "Sidecar":
        """Return the next revision, with these values. `by` is a user name, `by_id` the user's lasting id. Drops the
        oldest entries of a history that is too long."""
        was = {name: value for name, value in self.values.items() if values.get(name, value) != value}
        entry = {"revision": self.revision + 1, "at": at, "by": by, **({"byId": by_id} if by_id else {}), "was": was}
        history = [*self.history, entry][-MAX_HISTORY:]
        return replace(self, revision=self.revision + 1, values=values, history=history)


@dataclass(frozen=True, slots=True)
class PendingSidecar:
    """A sidecar that is complete under its temporary name. It stays open, because its lock shows other processes that
    its writer lives. `older` is the sidecar of an earlier version that it replaces, if there is one."""

    temporary: Path
    final: Path
    older: Path
    file: BinaryIO

    def publish(self) -> None:
        if os.name == "nt":  # Windows does not rename open files
            self.file.close()
        os.replace(self.temporary, self.final)

    def remove_older(self) -> None:
        """Remove the sidecar of the earlier version, once the new one is safe on disk. If that fails, the old one does
        no harm: see `sidecar_of`."""
        with contextlib.suppress(OSError):
            self.older.unlink(missing_ok=True)

    def close(self) -> None:
        """Close and remove the temporary file. An error here is ignored, because it would hide the error that led
        here."""
        with contextlib.suppress(OSError):
            self.file.close()  # flushes again, and so can fail again
        with contextlib.suppress(OSError):
            self.temporary.unlink(missing_ok=True)


def sidecar_of(archive: Archive, original: Location) -> Location:
    """Return where an original's sidecar lies, even if there is none. A sidecar of an earlier version has another name;
    it counts only if there is none with today's name. Raises OSError."""
    today, older = _paths(archive.path_at(original))
    return original.beside((older if _is_there(older) and not _is_there(today) else today).name)


def is_sidecar(name: str) -> bool:
    return name.endswith(SIDECAR_SUFFIXES)


def original_name_of(name: str) -> str:
    """Return the file name of the original to which a sidecar belongs."""
    for suffix in SIDECAR_SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def _paths(original: Path) -> tuple[Path, Path]:
    """Return the sidecar's path with today's name, and with the name of earlier versions."""
    today, older = (original.with_name(original.name + suffix) for suffix in SIDECAR_SUFFIXES)
    return today, older


def _is_there(path: Path) -> bool:
    """Return True if the file exists. Raises OSError if nobody can tell; `Path.exists` of newer Pythons returns False
    then."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def read_sidecar(archive: Archive, original: Location) -> Sidecar | None:
    """Return the sidecar of an original; None if it has none. Raises DamagedSidecar for a damaged or foreign file, and
    OSError if it cannot be read."""
    return read_sidecar_at(archive, sidecar_of(archive, original))


def read_sidecar_at(archive: Archive, location: Location) -> Sidecar | None:
    """Do the same with a sidecar that may lie anywhere in the archive."""
    return _read(archive.path_at(location))


def _read(path: Path) -> Sidecar | None:
    try:
        return parse_sidecar(_read_bounded(path), path.name)
    except FileNotFoundError:
        return None


def parse_sidecar(content: bytes, name: str) -> Sidecar:
    """Read a sidecar, called `name` in messages. Raises DamagedSidecar."""
    try:
        said = upgrade_sidecar(json.loads(content))
        if said["schema"] != SIDECAR_SCHEMA or not isinstance(said["version"], int):
            raise DamagedSidecar(f"{name} was written by another program.")
        values = {**said["values"], "position": dict(said["values"]["position"])}
        lists = list(said["history"]), list(said.get("calibrations", []))
        return Sidecar(str(said["recordId"]), int(said["revision"]), values, *lists)
    except (ValueError, KeyError, TypeError, RecursionError) as problem:
        raise DamagedSidecar(f"{name} is damaged ({problem!r}).") from problem


def _read_bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise DamagedSidecar(f"{path.name} is too large for a sidecar.")
    return content


def write_sidecars(archive: Archive, changed: Iterable[tuple[str, Sidecar]]) -> None:
    """Write the sidecars of these originals, given by file name. All are written to disk before the first one takes
    effect. On return, they are safe on disk. Raises StorageUnavailable."""
    archive.check_folder()
    with contextlib.ExitStack() as drafts, raising_storage_errors():
        waiting = [_draft(archive.path_of(filename), sidecar, drafts) for filename, sidecar in changed]
        _sync_together(waiting)
        for draft in waiting:
            draft.publish()
        for folder in {draft.final.parent for draft in waiting}:
            sync_folder(folder)
        for draft in waiting:
            draft.remove_older()


def move_sidecar(archive: Archive, original: Location, renamed: Location, record_id: str) -> None:
    """Rename the sidecar of an original that gets another name; call it before the original is renamed. A sidecar of
    another image stays. Raises StorageUnavailable."""
    with contextlib.suppress(DamagedSidecar), raising_storage_errors():
        sidecar = read_sidecar(archive, original)
        if sidecar and sidecar.record_id == record_id:
            path, new_path = archive.path_at(original), archive.path_at(renamed)
            for before, after in zip(_paths(path), _paths(new_path), strict=True):
                with contextlib.suppress(FileNotFoundError):
                    os.replace(before, after)
            sync_folder(new_path.parent)


def remove_sidecar(archive: Archive, original: Location, record_id: str) -> None:
    """Remove the sidecar of an image that is deleted for good. A sidecar of another image stays. Raises
    StorageUnavailable."""
    with raising_storage_errors():
        for path in _paths(archive.path_at(original)):
            try:
                sidecar = _read(path)
            except DamagedSidecar:
                sidecar = Sidecar(record_id, 0, {})  # nobody can tell whose it is, so it goes with the image
            if sidecar and sidecar.record_id == record_id:
                path.unlink(missing_ok=True)
                sync_folder(path.parent)


def _draft(original: Path, sidecar: Sidecar, drafts: contextlib.ExitStack) -> PendingSidecar:
    final, older = _paths(original)
    original.parent.mkdir(exist_ok=True)  # the original may be lost together with its folder
    for path in (final, older):
        _put_foreign_file_aside(path, sidecar.record_id)
    temporary = final.with_name(f".{final.name}.{os.getpid()}-{threading.get_ident()}{TEMPORARY_SUFFIX}")
    # No `with`: the file stays open until `write_sidecars` has published it.
    draft = PendingSidecar(temporary, final, older, open(temporary, "w+b"))  # noqa: SIM115
    drafts.callback(draft.close)
    with contextlib.suppress(OSError):  # on a file system without locks, nobody can take it for an orphan
        lock(draft.file)
    draft.file.write(dump_sidecar(sidecar, original.name))
    draft.file.flush()
    return draft


def _sync_together(drafts: list[PendingSidecar]) -> None:
    """Force the files to disk in parallel: a file system's journal commits many of them in the time of one. Raises
    OSError."""
    with ThreadPoolExecutor(SYNCED_AT_ONCE) as pool:
        for _ in pool.map(lambda draft: os.fsync(draft.file.fileno()), drafts):
            pass


def _put_foreign_file_aside(path: Path, record_id: str) -> None:
    """Rename a damaged file, or one of another image, instead of overwriting it: a person may still be able to read
    it."""
    try:
        found = _read(path)
        is_ours = found is None or found.record_id == record_id
    except DamagedSidecar:
        is_ours = False
    if not is_ours:
        os.replace(path, path.with_name(path.name + ASIDE_SUFFIX))


def dump_sidecar(sidecar: Sidecar, filename: str) -> bytes:
    """Return the content of a sidecar's file, for the original with this name."""
    said = {
        "schema": SIDECAR_SCHEMA,
        "version": VERSION,
        "recordId": sidecar.record_id,
        "filename": filename,
        "revision": sidecar.revision,
        "values": sidecar.values,
        "history": sidecar.history,
        "calibrations": sidecar.calibrations,
    }
    return (json.dumps(said, ensure_ascii=False, indent=1) + "\n").encode("utf-8")
