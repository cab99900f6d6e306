"""What lies in the archive's folders and does not belong there, or has no row."""

import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from images.archive import TEMPORARY_SUFFIX, Archive
from images.changes import is_changes_file, original_name_of, read_changes
from images.errors import DamagedChanges, NotAnOriginal
from images.listing import read_record
from images.models import Finding, Image, Removal
from images.storage import MARKER, lock

# Younger files may be at work: a capture whose row is just being written, a change that is being made.
AT_WORK_S = 60.0
# What file systems keep at the top of a drive.
OF_THE_SYSTEM = {"lost+found", "System Volume Information", "$RECYCLE.BIN"}


def find_in_root(archive: Archive) -> Iterator[Finding]:
    """What is neither the folder of a day nor the marker."""
    days = {folder.name for folder in archive.day_folders()}
    for path in sorted(archive.root.iterdir()):
        if path.name not in days | OF_THE_SYSTEM | {MARKER}:
            yield _finding(Finding.Kind.UNKNOWN, path.name, "It is not the folder of a day.")


def find_in_day(archive: Archive, folder: Path) -> Iterator[Finding]:
    """The rows are read after the names: who is listed meanwhile is no finding."""
    names = sorted(path.name for path in folder.iterdir())
    together = set(names)
    listed = set(Image.objects.of_day(date.fromisoformat(folder.name)).values_list("filename", flat=True))
    for name in names:
        path = folder / name
        if name in listed or _is_at_work(path):
            continue
        if name.endswith(TEMPORARY_SUFFIX):
            found = _check_temporary(path)
        elif is_changes_file(name):
            found = _check_changes(path, original_name_of(name) in together)
        else:
            found = _check_unlisted(archive, path)
        if found:
            yield _finding(found[0], f"{folder.name}/{name}", found[1])


def _check_temporary(path: Path) -> tuple[Finding.Kind, str] | None:
    try:
        with path.open("rb") as file:
            return (Finding.Kind.STRAY, "Its writer died. The next start removes it.") if lock(file) else None
    except OSError as problem:
        return Finding.Kind.STRAY, f"A temporary file that cannot be read ({problem})."


def _check_changes(path: Path, has_original: bool) -> tuple[Finding.Kind, str] | None:
    if not has_original:
        return Finding.Kind.STRAY, "The original that it speaks of is not there."
    try:
        read_changes(path)
    except (DamagedChanges, OSError) as problem:
        return Finding.Kind.UNKNOWN, str(problem)
    return None


def _check_unlisted(archive: Archive, path: Path) -> tuple[Finding.Kind, str] | None:
    try:
        record_id = read_record(archive, path)["id"]
    except FileNotFoundError:
        return None  # removed meanwhile
    except (NotAnOriginal, OSError) as problem:
        return Finding.Kind.UNKNOWN, str(problem)
    if listed := Image.objects.filter(record_id=record_id).values_list("filename", flat=True).first():
        return None if listed == path.name else (Finding.Kind.UNKNOWN, f"A copy of {listed}.")
    if Removal.objects.filter(record_id=record_id).exists():
        return Finding.Kind.STRAY, "It was removed for good. The next start removes the file."
    return Finding.Kind.ORPHANED, "It has no row. The next start lists it, or manage.py rebuild."


def _is_at_work(path: Path) -> bool:
    """Also where it has gone meanwhile."""
    try:
        return time.time() - path.lstat().st_mtime < AT_WORK_S
    except OSError:
        return True


def _finding(kind: Finding.Kind, place: str, detail: str) -> Finding:
    longest = Finding._meta.get_field("place").max_length
    return Finding(kind=kind, place=_storable(place)[:longest], detail=_storable(detail))


def _storable(text: str) -> str:
    """Names of files need not be text."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
