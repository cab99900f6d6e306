"""Finds files in the archive's folders that do not belong there, or have no row."""

from collections.abc import Callable, Iterator
from datetime import date
from uuid import UUID

from camera.durable_files import TEMPORARY
from images.archive.archive import Archive
from images.archive.folder import lock, measure
from images.archive.job_file import is_job_file, read_entries
from images.archive.litter import is_litter
from images.archive.names import TEMPORARY_SUFFIX, Location
from images.archive.paced_reader import go_on_always
from images.archive.sidecar import is_sidecar, original_name_of, read_sidecar_at
from images.archive.walk import is_abandoned_at, is_at_work, names_in_root, walk_misplaced
from images.errors import DamagedJobFile, DamagedSidecar, NotAnOriginal
from images.index.adoption import read_record
from images.index.misplaced import Measure, explain_or_say_why_not
from images.models import Finding, Image, Job, Removal


def find_in_root(
    archive: Archive, measure_file: Measure = measure, go_on: Callable[[], None] = go_on_always
) -> Iterator[Finding]:
    """Yield findings for everything outside the folders of days, except the marker. Raises OSError, and what
    `measure_file` and `go_on` raise."""
    for name in names_in_root(archive):
        go_on()
        found = Location("", name)
        # A temporary file of `create_file` or `replace_file`, such as a marker that is being written.
        if TEMPORARY.fullmatch(name):
            if is_abandoned_at(archive, found):
                yield _finding(Finding.Kind.STRAY, name, "Its writer died. The next start removes it.")
        else:
            detail = explain_or_say_why_not(archive, found, measure_file) or "It is not the folder of a day."
            yield _finding(Finding.Kind.UNKNOWN, name, detail)
    for walked in walk_misplaced(archive, go_on):
        if not walked.location.folder:
            continue  # reported above
        if detail := walked.problem or explain_or_say_why_not(archive, walked.location, measure_file):
            yield _finding(Finding.Kind.UNKNOWN, str(walked.location), detail)


def find_in_day(
    archive: Archive, day: str, measure_file: Measure = measure, go_on: Callable[[], None] = go_on_always
) -> Iterator[Finding]:
    """Yield findings for the folder of one day. Raises like `find_in_root`."""
    # The names are read before the rows: so a file that is listed in between has its row, and is no finding.
    names = archive.names_of(day)
    together = set(names)
    listed = dict(Image.objects.of_day(date.fromisoformat(day)).values_list("filename", "place"))
    for name in names:
        go_on()
        location = Location(day, name)
        if name in listed or is_litter(name) or is_at_work(archive, location):
            continue
        if name.endswith(TEMPORARY_SUFFIX):
            found = _check_temporary(archive, location)
        elif is_sidecar(name):
            original = original_name_of(name)
            is_rightly_away = listed.get(original) in (Image.Place.STORE, Image.Place.LOST)
            found = _check_sidecar(archive, location, original in together or is_rightly_away)
        elif is_job_file(name):
            found = _check_job_file(archive, location)
        else:
            found = _check_unlisted(archive, location, measure_file)
        if found:
            yield _finding(found[0], str(location), found[1])


def _check_temporary(archive: Archive, location: Location) -> tuple[Finding.Kind, str] | None:
    try:
        with archive.open_at(location) as file:
            return (Finding.Kind.STRAY, "Its writer died. The next start removes it.") if lock(file) else None
    except (NotAnOriginal, OSError) as problem:
        return Finding.Kind.STRAY, f"A temporary file that cannot be read ({problem})."


def _check_sidecar(archive: Archive, location: Location, has_original: bool) -> tuple[Finding.Kind, str] | None:
    if not has_original:
        return Finding.Kind.STRAY, "Its original is not there."
    try:
        read_sidecar_at(archive, location)
    except (DamagedSidecar, OSError) as problem:
        return Finding.Kind.UNKNOWN, str(problem)
    return None


def _check_job_file(archive: Archive, location: Location) -> tuple[Finding.Kind, str] | None:
    try:
        header = next(read_entries(archive, location))
        is_known = Job.objects.filter(lasting_id=UUID(header["id"])).exists()
    except (DamagedJobFile, OSError, KeyError, ValueError) as problem:
        return Finding.Kind.UNKNOWN, f"{problem} The pictures of its job say most of what it said."
    return None if is_known else (Finding.Kind.ORPHANED, "Its job has no row. Run manage.py rebuild.")


def _check_unlisted(archive: Archive, location: Location, measure_file: Measure) -> tuple[Finding.Kind, str] | None:
    try:
        record_id = read_record(archive, location)["id"]
    except FileNotFoundError:
        return None  # removed meanwhile
    except (NotAnOriginal, OSError) as problem:
        return Finding.Kind.UNKNOWN, explain_or_say_why_not(archive, location, measure_file) or str(problem)
    if listed := Image.objects.filter(record_id=record_id).values_list("filename", flat=True).first():
        if listed == location.name:
            return None
        return Finding.Kind.UNKNOWN, explain_or_say_why_not(archive, location, measure_file) or f"A copy of {listed}."
    if Removal.objects.filter(record_id=record_id).exists():
        return Finding.Kind.STRAY, "It was removed for good. The next start removes the file."
    return Finding.Kind.ORPHANED, "It has no row. The next start lists it, or manage.py rebuild."


def _finding(kind: Finding.Kind, place: str, detail: str) -> Finding:
    longest = Finding._meta.get_field("place").max_length
    return Finding(kind=kind, place=storable(place)[:longest], detail=storable(detail))


def storable(text: str) -> str:
    """Return the text in a form that every database can hold: zero bytes and bytes that are no UTF-8 are escaped. File
    names can contain both."""
    return text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")
