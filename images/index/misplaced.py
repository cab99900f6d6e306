"""Explains originals and sidecars that are in a wrong place or have a wrong name: somebody moved a folder, or a sync
program wrote `capture_... (1).jpg`. The record inside a file says which image it is, and so where it belongs.

Nothing is renamed or moved here. A person has to do it, because only a person can see which of two files is the right
one.
"""

import re
from collections.abc import Callable
from typing import Any, BinaryIO
from uuid import UUID

from images.archive.archive import Archive
from images.archive.folder import measure
from images.archive.names import NAME, TEMPORARY_SUFFIX, Location, location_of, name_for
from images.archive.sidecar import is_sidecar, original_name_of, read_sidecar_at, sidecar_of
from images.errors import DamagedSidecar, NotAnOriginal
from images.formats import FORMATS, ImageFormat, format_of
from images.models import Image, Removal
from images.record.image import parse_time

# The first part of an original's name. A sync program adds its mark after it, so what follows may be anything but a
# further digit.
STEM = re.compile(r"capture_\d{8}_\d{6}_\d{3}(_\d{1,4})?(?!\d)", re.ASCII)

Measure = Callable[[BinaryIO], tuple[int, str]]


def explain(archive: Archive, location: Location, measure_file: Measure = measure) -> str:
    """Return sentences for a person: what the file is by its record, and where it belongs. Returns an empty text for a
    foreign file. Raises OSError if it cannot be read."""
    if location.name.endswith(TEMPORARY_SUFFIX) or not archive.is_file(location):
        return ""
    if sidecar_text := _explain_sidecar(archive, location):
        return sidecar_text
    with archive.open_at(location) as file:
        image_format = _format_by_content(file)
        if image_format is None:
            return ""
        try:
            record = image_format.read_record(file)
        except NotAnOriginal as problem:
            return f"It is called like an original, but it is damaged ({problem})" if STEM.match(location.name) else ""
    return _explain_original(archive, location, image_format, record, measure_file)


def explain_or_say_why_not(archive: Archive, location: Location, measure_file: Measure = measure) -> str:
    """Like `explain`; if the file cannot be read, returns a sentence that says so."""
    try:
        return explain(archive, location, measure_file)
    except OSError as problem:
        return f"It cannot be read: {problem}"


def _explain_original(
    archive: Archive, location: Location, image_format: ImageFormat, record: dict[str, Any], measure_file: Measure
) -> str:
    listed = Image.objects.filter(record_id=record["id"]).values_list("filename", "sha256", "place").first()
    if listed:
        filename, sha256, place = listed
        home = _find_home(filename)
        if home is None:
            return _describe_impossible_name(filename)
        if home == location:
            return ""
        is_taken = archive.has(home)
        if is_taken and _record_id_at(archive, home, image_format) == record["id"]:
            return f"It is a copy of {home}."
        # A file that was edited must not go back under the old name: there it would be refused as changed.
        with archive.open_at(location) as file:
            is_unchanged = measure_file(file)[1] == sha256
        if not is_unchanged:
            return f"It says that it is the missing {filename}, but its bytes are not those that were kept."
        # It left this disk on purpose, so nothing is missing here.
        if place == Image.Place.STORE:
            return f"It is a copy of {filename}, which is in the store. Move it to {home}, or delete it."
        other = "Another file lies there: move that one away first. " if is_taken else ""
        return (
            f"This is the missing {filename} under another name or in another folder. {other}"
            f"Move it back to {home}; its bytes are what they were."
        )
    if Removal.objects.filter(record_id=record["id"]).exists():
        return "It is a copy of an image that was removed for good. Delete it."
    home = location_of(_name_of(location.name, image_format, record))
    if not archive.has(home):
        return f"It belongs at {home}. Move it there, then run manage.py rebuild."
    if _record_id_at(archive, home, image_format) == record["id"]:
        return f"It is a copy of {home}."
    return f"It belongs at {home}, where another file lies. Look at both, and keep the right one."


def _explain_sidecar(archive: Archive, location: Location) -> str:
    """Explain a sidecar that is not beside its original, or that a sync program renamed. Returns an empty text for any
    other file."""
    name = location.name
    is_one = is_sidecar(name) or (STEM.match(name) and name.endswith(".json"))
    if not is_one or (is_sidecar(name) and archive.has(location.beside(original_name_of(name)))):
        return ""
    try:
        sidecar = read_sidecar_at(archive, location)
        UUID(sidecar.record_id if sidecar else "")
    except (DamagedSidecar, ValueError) as problem:
        return f"A sidecar that cannot be read: {problem}"
    if sidecar is None:
        return ""
    filename = Image.objects.filter(record_id=sidecar.record_id).values_list("filename", flat=True).first()
    if filename is None:
        return "A sidecar without its original. It belongs beside it."
    original = _find_home(filename)
    if original is None:
        return _describe_impossible_name(filename)
    home = sidecar_of(archive, original)
    if home == location:
        return ""
    if archive.has(home):
        return f"It is a copy of {home}, of revision {sidecar.revision}. Compare the two."
    return f"This is the missing {home.name} under another name or folder. Move it to {home}."


def _find_home(filename: str) -> Location | None:
    """Return where the original of a row belongs. Returns None if this program gives no image such a name."""
    try:
        return location_of(filename)
    except NotAnOriginal:
        return None


def _describe_impossible_name(filename: str) -> str:
    return (
        f"Its row in the database has the file name {filename!r}, which this program gives to no image: something else "
        "changed the database. Put the database back from a backup."
    )


def _format_by_content(file: BinaryIO) -> ImageFormat | None:
    """Return the format by the file's first bytes, because a sync program may change any part of a name."""
    head = file.read(4)
    return next((known for known in FORMATS.values() if head.startswith(known.signatures)), None)


def _name_of(name: str, image_format: ImageFormat, record: dict[str, Any]) -> str:
    """Return the name that the original had: what is left of it, or else the name that its record gives."""
    stem = STEM.match(name)
    name = (stem[0] if stem else name_for(parse_time(record["capturedAt"]))) + image_format.extension
    return name if NAME.fullmatch(name) else name_for(parse_time(record["capturedAt"])) + image_format.extension


def describe_foreign_file(archive: Archive, image: Image) -> str:
    """Return a sentence if the file with the name of this image holds another image; empty if it holds this one, or if
    nobody can tell."""
    image_format = format_of(image.filename)
    record_id = _record_id_at(archive, location_of(image.filename), image_format) if image_format else None
    if record_id is None or record_id == str(image.record_id):
        return ""
    listed = Image.objects.filter(record_id=record_id).values_list("filename", flat=True).first()
    return f"It holds another picture, that of {listed or f'the record {record_id}, which is not listed'}."


def _record_id_at(archive: Archive, location: Location, image_format: ImageFormat) -> str | None:
    try:
        with archive.open_at(location) as file:
            return str(image_format.read_record(file)["id"])
    except (NotAnOriginal, OSError):
        return None
