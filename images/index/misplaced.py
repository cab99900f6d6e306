"""Explains originals and sidecars that are in a wrong place or have a wrong name: somebody moved a folder, or a sync
program wrote `capture_... (1).jpg`. The record inside a file says which image it is, and so where it belongs.

Nothing is renamed or moved here. A person has to do it, because only a person can see which of two files is the right
one.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from images.archive.archive import NAME, TEMPORARY_SUFFIX, Archive, name_for
from images.archive.folder import MARKER, measure
from images.archive.litter import is_litter
from images.archive.paced_reader import go_on_always
from images.archive.sidecar import is_sidecar, original_name_of, read_sidecar, sidecar_path
from images.errors import DamagedSidecar, NotAnOriginal
from images.formats import FORMATS, ImageFormat, format_of
from images.models import Image, Removal
from images.record.image import parse_time

MAX_DEPTH = 12
MAX_ENTRIES = 200_000
STEM = re.compile(r"capture_\d{8}_\d{6}_\d{3}(_\d{1,4})?(?!\d)", re.ASCII)

Measure = Callable[[BinaryIO], tuple[int, str]]


@dataclass(frozen=True, slots=True)
class MisplacedFile:
    """A file outside the folders of days; or a folder that could not be read completely, and the `problem`."""

    path: Path
    problem: str = ""


def walk_misplaced(archive: Archive, go_on: Callable[[], None] = go_on_always) -> Iterator[MisplacedFile]:
    """Yield every file below the root that is in no folder of a day. Leaves out litter and symbolic links. Stops after
    MAX_ENTRIES files, and goes no deeper than MAX_DEPTH. `go_on` is called for each file; what it raises is raised."""
    days = set(archive.day_folders())
    # Folders of days are walked too, for folders inside them. Their own files are not misplaced.
    waiting, count = [(archive.root, 0)], 0
    while waiting:
        folder, depth = waiting.pop()
        try:
            entries = _read_entries(folder, go_on)
        except OSError as problem:
            yield MisplacedFile(folder, f"This folder cannot be read ({problem}).")
            continue
        for entry in entries:
            go_on()
            path = folder / entry.name
            count += folder not in days
            if count > MAX_ENTRIES:
                yield MisplacedFile(
                    folder, f"There are more than {MAX_ENTRIES} files in wrong places: the rest was not read."
                )
                return
            if (entry.is_symlink() and path not in days) or is_litter(entry.name):
                continue
            if _is_folder(entry):
                if depth < MAX_DEPTH:
                    waiting.append((path, depth + 1))
                else:
                    yield MisplacedFile(path, "This folder lies too deep: it was not looked into.")
            elif folder not in days and entry.name != MARKER:
                yield MisplacedFile(path)


def _read_entries(folder: Path, go_on: Callable[[], None]) -> list[os.DirEntry[str]]:
    """Return the entries of a folder, sorted by name. Raises OSError."""
    entries = []
    with os.scandir(folder) as found:
        for entry in found:
            go_on()
            entries.append(entry)
    return sorted(entries, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return False also if nobody can tell."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def explain(archive: Archive, path: Path, measure_file: Measure = measure) -> str:
    """Return sentences for a person: what the file is by its record, and where it belongs. Returns an empty text for a
    foreign file. Raises OSError if it cannot be read."""
    if path.name.endswith(TEMPORARY_SUFFIX) or not path.is_file():
        return ""
    if sidecar_text := _explain_sidecar(archive, path):
        return sidecar_text
    image_format = _format_by_content(path)
    if image_format is None:
        return ""
    try:
        record = image_format.read_record(path)
    except NotAnOriginal as problem:
        return f"It is called like an original, but it is damaged ({problem})" if STEM.match(path.name) else ""
    return _explain_original(archive, path, image_format, record, measure_file)


def explain_or_say_why_not(archive: Archive, path: Path, measure_file: Measure = measure) -> str:
    """As `explain`; if the file cannot be read, returns a sentence that says so."""
    try:
        return explain(archive, path, measure_file)
    except OSError as problem:
        return f"It cannot be read: {problem}"


def _explain_original(
    archive: Archive, path: Path, image_format: ImageFormat, record: dict[str, Any], measure_file: Measure
) -> str:
    listed = Image.objects.filter(record_id=record["id"]).values_list("filename", "sha256").first()
    if listed:
        filename, sha256 = listed
        home = _find_home(archive, filename)
        if home is None:
            return _describe_impossible_name(filename)
        if home == path:
            return ""
        is_taken = home.exists()
        if is_taken and _record_id_at(home, image_format) == record["id"]:
            return f"It is a copy of {_place(archive, home)}."
        with path.open("rb") as file:
            is_unchanged = measure_file(file)[1] == sha256
        if not is_unchanged:
            return f"It says that it is the missing {filename}, but its bytes are not those that were kept."
        other = "Another file lies there: move that one away first. " if is_taken else ""
        return (
            f"This is the missing {filename} under another name or in another folder. {other}"
            f"Move it back to {_place(archive, home)}; its bytes are what they were."
        )
    if Removal.objects.filter(record_id=record["id"]).exists():
        return "It is a copy of an image that was removed for good. Delete it."
    home = archive.path_of(_name_of(path, image_format, record))
    if not home.exists():
        return f"It belongs at {_place(archive, home)}. Move it there, then run manage.py rebuild."
    if _record_id_at(home, image_format) == record["id"]:
        return f"It is a copy of {_place(archive, home)}."
    return f"It belongs at {_place(archive, home)}, where another file lies. Look at both, and keep the right one."


def _explain_sidecar(archive: Archive, path: Path) -> str:
    """Explain a sidecar that is not beside its original, or that a sync program renamed. Returns an empty text for any
    other file."""
    is_one = is_sidecar(path.name) or (STEM.match(path.name) and path.name.endswith(".json"))
    if not is_one or (is_sidecar(path.name) and path.with_name(original_name_of(path.name)).exists()):
        return ""
    try:
        sidecar = read_sidecar(path)
        UUID(sidecar.record_id if sidecar else "")
    except (DamagedSidecar, ValueError) as problem:
        return f"A sidecar that cannot be read: {problem}"
    if sidecar is None:
        return ""
    filename = Image.objects.filter(record_id=sidecar.record_id).values_list("filename", flat=True).first()
    if filename is None:
        return "A sidecar without its original. It belongs beside it."
    original = _find_home(archive, filename)
    if original is None:
        return _describe_impossible_name(filename)
    home = sidecar_path(original)
    if home == path:
        return ""
    if home.exists():
        return f"It is a copy of {_place(archive, home)}, of revision {sidecar.revision}. Compare the two."
    return f"This is the missing {home.name} under another name or folder. Move it to {_place(archive, home)}."


def _find_home(archive: Archive, filename: str) -> Path | None:
    """Return the path where the original of a row belongs. Returns None if this program gives no image such a name."""
    try:
        return archive.path_of(filename)
    except NotAnOriginal:
        return None


def _describe_impossible_name(filename: str) -> str:
    return (
        f"Its row in the database has the file name {filename!r}, which this program gives to no image: something else "
        "changed the database. Put the database back from a backup."
    )


def _format_by_content(path: Path) -> ImageFormat | None:
    """Return the format by the file's first bytes, because a sync program may change any part of a name."""
    with path.open("rb") as file:
        head = file.read(4)
    return next((known for known in FORMATS.values() if head.startswith(known.signatures)), None)


def _name_of(path: Path, image_format: ImageFormat, record: dict[str, Any]) -> str:
    """Return the name that the original had: what is left of it, or else the name that its record gives."""
    stem = STEM.match(path.name)
    name = (stem[0] if stem else name_for(parse_time(record["capturedAt"]))) + image_format.extension
    return name if NAME.fullmatch(name) else name_for(parse_time(record["capturedAt"])) + image_format.extension


def describe_foreign_file(path: Path, image: Image) -> str:
    """Return a sentence if the file with the name of this image holds another image; empty if it holds this one, or if
    nobody can tell."""
    image_format = format_of(path)
    record_id = _record_id_at(path, image_format) if image_format else None
    if record_id is None or record_id == str(image.record_id):
        return ""
    listed = Image.objects.filter(record_id=record_id).values_list("filename", flat=True).first()
    return f"It holds another picture, that of {listed or f'the record {record_id}, which is not listed'}."


def _record_id_at(path: Path, image_format: ImageFormat) -> str | None:
    try:
        return str(image_format.read_record(path)["id"])
    except (NotAnOriginal, OSError):
        return None


def _place(archive: Archive, path: Path) -> str:
    return path.relative_to(archive.root).as_posix()
