"""Compares a row with its files: the record inside the original, and the sidecar beside it.

The row must hold what `manage.py rebuild` would make from the files. Most images have no sidecar; for them only the
record is compared.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from images.archive.archive import Archive
from images.archive.names import location_of
from images.archive.sidecar import Sidecar, read_sidecar, sidecar_of
from images.archive.walk import is_at_work
from images.editable_fields import EDITABLE_COLUMNS, EDITABLE_FIELDS
from images.errors import DamagedSidecar, NotAnOriginal
from images.index.adoption import read_record
from images.index.columns import columns_of_record, columns_of_sidecar
from images.index.jobs import find_job
from images.index.rebuild.restore_optics import describe_drawn_calibration
from images.models import Calibration, Image
from images.record.jobs import JobInFile, read_job
from images.record.people import find_person, read_person

MAX_SHOWN_LENGTH = 80
NAMES = {
    "record_id": "id of the record",
    "captured_at": "time of capture",
    **{field.column: f"{field.group} {field.key}" for field in EDITABLE_FIELDS if field.group},
    "exposure_ms": "exposure in ms",
    "gain_db": "gain in dB",
    "is_simulated": "simulated",
    "objective_id": "objective",
    "calibration_id": "calibration",
    "um_per_pixel_x": "micrometres per pixel, x",
    "um_per_pixel_y": "micrometres per pixel, y",
    "binned_at": "in the bin since",
    "binned_by": "moved to the bin by",
    "image_format": "format",
}
BY_REBUILD = "Run manage.py rebuild: it gives the row what it lacks."
BY_REBUILD_OR_START = "The next start, or manage.py rebuild, brings the row up to date with the file."
WRITTEN_AGAIN = (
    "Put the file back from a backup if there is one, then run manage.py rebuild. Without it the next start, or "
    "manage.py rebuild, writes the file again from the database, without the history that is lost with it."
)
BY_REVISION = (
    "If the file is right, raise the number at revision in it by one; if the database is right, lower it by one. Then "
    "run manage.py rebuild: it follows the higher number."
)
BY_BACKUP = (
    "The original is what was kept, so it is right: put the database back from a backup, or make a new one with "
    "manage.py migrate and manage.py rebuild."
)
FROM_DATABASE = (
    "Put the right values in its place, or lower the number at revision by one: then manage.py rebuild writes the file "
    "again from the database."
)
FOREIGN_FILE = (
    "Put the right file back from a backup. If there is none, move this one away and run manage.py rebuild: it writes "
    "the file again from the database."
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between file and row, and what a person can do about it (`cure`). `is_beside`: the file is the
    sidecar, not the original. `sentence` is the text if the difference is more than two values."""

    name: str
    in_file: Any
    in_row: Any
    cure: str
    is_beside: bool = False
    sentence: str = ""

    def __str__(self) -> str:
        return (
            self.sentence
            or f"{self.name}: the file says {_show(self.in_file)}, the database says {_show(self.in_row)}."
        )


def check_row(archive: Archive, image: Image, is_original_unchanged: bool) -> list[Difference]:
    """Return the differences between the row and its files; none for an image that was removed meanwhile.

    `is_original_unchanged`: if False, the record in the original is not trusted, and not compared. Raises OSError, or
    Django's DatabaseError.
    """
    try:
        record = read_record(archive, location_of(image.filename)) if is_original_unchanged else None
    except NotAnOriginal as problem:
        return [_say(str(problem), BY_BACKUP)]
    if not _compare(archive, image, record):
        return []
    # `image` may be older than the file. So the row is read again, and locked, so that nobody changes it meanwhile.
    with transaction.atomic():
        held = Image.objects.select_for_update(of=("self",)).filter(pk=image.pk).first()
        return _compare(archive, held, record) if held else []


def describe_differences(differences: list[Difference]) -> str:
    """Return sentences: first all differences, then what to do, each cure once."""
    cures = dict.fromkeys(one.cure for one in differences)
    return " ".join([*map(str, differences), *cures])


def _say(sentence: str, cure: str, is_beside: bool = False) -> Difference:
    return Difference("", None, None, cure, is_beside, sentence)


def _compare(archive: Archive, image: Image, record: dict[str, Any] | None) -> list[Difference]:
    try:
        sidecar = read_sidecar(archive, location_of(image.filename))
    except (DamagedSidecar, OSError):
        return []  # `find_in_day` reports the sidecar itself
    if sidecar and sidecar.record_id != str(image.record_id):
        sentence = f"The sidecar is that of another image, whose record has the id {sidecar.record_id}."
        return [_say(sentence, FOREIGN_FILE, is_beside=True)]
    differences = list(_compare_record(image, record, _changed_columns(image, sidecar))) if record else []
    try:
        return [*differences, *_compare_sidecar(archive, image, sidecar)]
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        sentence = f"The sidecar holds values that are not valid ({problem!r})."
        return [*differences, _say(sentence, FROM_DATABASE, is_beside=True)]


def _changed_columns(image: Image, sidecar: Sidecar | None) -> Collection[str]:
    """Return the editable columns whose value in the record may be outdated."""
    if sidecar:
        return [field.column for field in EDITABLE_FIELDS if field.top_key in sidecar.values]
    return EDITABLE_COLUMNS if image.revision else ()


def _compare_record(image: Image, record: dict[str, Any], changed: Collection[str]) -> Iterator[Difference]:
    """Compare the row with the record, except the columns in `changed`."""
    try:
        columns = columns_of_record(record)
        columns |= {"record_id": UUID(record["id"]), "image_format": record["file"]["format"]}
        person, job = read_person(record, "user"), read_job(record)
        is_job_named = _is_job_named(image, job)
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        yield _say(f"The record in the original is damaged ({problem!r}).", BY_BACKUP)
        return
    kept = {column: value for column, value in columns.items() if column not in changed}
    # Editable fields are left out if they changed after the capture: then the sidecar is right, not the record.
    yield from _compare_columns(image, kept, BY_BACKUP)
    yield from _compare_person("user", person, image.user, image, BY_BACKUP)
    if not is_job_named:
        cure = BY_REBUILD if image.is_adopted and not image.job else BY_BACKUP
        yield Difference("job", job and job.name, image.job and image.job.name, cure)
    elif job and image.job and job.slot != image.job_slot:
        yield Difference("slot of the job", job.slot, image.job_slot, BY_BACKUP)
    if differing := _find_differing_keys(record, image.metadata):
        key, name = differing[0], f"copy of the record ({', '.join(differing)})"
        yield Difference(name, record.get(key), image.metadata.get(key), BY_BACKUP)


def _is_job_named(image: Image, job: JobInFile | None) -> bool:
    """Return True if the row has the job that the record names. A record without a lasting id has number and name; one
    match is enough, because another job may have the number by now."""
    if job is None:
        return image.job is None
    if image.job is None:
        # Older versions allowed jobs to be deleted. Then the row has no job, unless a rebuild has restored the job.
        known = find_job(job)
        return not image.is_adopted and (known is None or (job.lasting_id is None and known != job.number))
    if job.lasting_id:
        return job.lasting_id == image.job.lasting_id
    return job.number == image.job_id or job.name == image.job.name


def _compare_sidecar(archive: Archive, image: Image, sidecar: Sidecar | None) -> Iterator[Difference]:
    revision = image.revision or 0
    if sidecar is None:
        if revision:
            archive.check_folder()  # raises if the whole archive is away
            sentence = f"The sidecar is not there. The database is at revision {revision}."
            yield _say(sentence, WRITTEN_AGAIN, is_beside=True)
        elif image.binned_at:
            yield Difference("in the bin since", None, image.binned_at, BY_BACKUP)
        return
    if sidecar.revision != revision:
        if sidecar.revision > revision and is_at_work(archive, sidecar_of(archive, location_of(image.filename))):
            return  # the database was away for a moment: the row is updated by itself
        cure = BY_REBUILD_OR_START if sidecar.revision > revision else WRITTEN_AGAIN
        yield Difference("revision", sidecar.revision, revision, cure, True)
        return
    columns = columns_of_sidecar(sidecar)
    # People are compared by lasting id, below.
    del columns["binned_by"]
    yield from _compare_columns(image, columns, BY_REVISION, is_beside=True)
    binned_by = read_person(sidecar.values, "binnedBy")
    yield from _compare_person("moved to the bin by", binned_by, image.binned_by, image, BY_REVISION, is_beside=True)
    yield from _compare_calibrations(image, sidecar)


def _compare_columns(image: Image, columns: dict[str, Any], cure: str, is_beside: bool = False) -> Iterator[Difference]:
    for column, in_file in columns.items():
        in_row = getattr(image, column)
        # Rows from before there were sidecars have no revision.
        if in_file != (0 if column == "revision" and in_row is None else in_row):
            yield Difference(NAMES.get(column, column), in_file, in_row, cure, is_beside)


def _compare_person(
    name: str, said: Any, in_row: Any, image: Image, cure: str, is_beside: bool = False
) -> Iterator[Difference]:
    """Compare by lasting id. If a file without ids names somebody who is unknown, or could be several users, the row is
    trusted."""
    if in_row is not None and said is not None and said.lasting_id == in_row.lasting_id:
        return
    if said is None and in_row is None:
        return
    known = find_person(said)
    if in_row is None:
        if known or image.is_adopted:
            yield Difference(name, said.name, None, BY_REBUILD if image.is_adopted else cure, is_beside)
    elif said is None or said.lasting_id or (known and known != in_row):
        yield Difference(name, said and _name_with_id(said.name, said.lasting_id), _name_user(in_row), cure, is_beside)


def _compare_calibrations(image: Image, sidecar: Sidecar) -> Iterator[Difference]:
    """Compare the calibrations drawn on the image: each must be in both the sidecar and the database."""
    rows = Calibration.objects.filter(image_record_id=image.record_id).select_related("objective", "made_by")
    rows_by_id = {str(one.pk): one for one in rows}
    drawn_by_id = {drawn["calibration"]["id"]: drawn for drawn in sidecar.calibrations}
    for calibration_id in sorted({*rows_by_id, *drawn_by_id}):
        row, drawn = rows_by_id.get(calibration_id), drawn_by_id.get(calibration_id)
        name = f"calibration {calibration_id}"
        if row is None or drawn is None:
            yield Difference(name, bool(drawn), bool(row), BY_REVISION, is_beside=True)
            continue
        described = _without_names(describe_drawn_calibration(row))
        if described != _without_names(drawn):
            in_file, in_row = _pick_differing(_without_names(drawn), described)
            yield Difference(name, in_file, in_row, BY_REVISION, is_beside=True)
        maker = read_person(drawn["calibration"], "madeBy")
        yield from _compare_person(f"maker of {name}", maker, row.made_by, image, BY_REVISION, is_beside=True)


def _without_names(drawn: dict[str, Any]) -> dict[str, Any]:
    """Return the fields without names of people and objectives: names change, ids do not."""
    fields = {name: value for name, value in drawn["calibration"].items() if not name.startswith("madeBy")}
    return {**fields, "objective": drawn["objective"]["id"], "cameraModel": drawn["cameraModel"]}


def _find_differing_keys(record: dict[str, Any], copy: dict[str, Any]) -> list[str]:
    if record == copy:
        return []
    # Only now, because this is slow, and almost all records are equal.
    one, other = _as_stored(record), _as_stored(copy)
    return sorted(key for key in {*one, *other} if one.get(key) != other.get(key))


def _as_stored(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record as JSON with every number as a float: PostgreSQL returns a large float as an integer."""
    stored: dict[str, Any] = json.loads(json.dumps(record), parse_int=float)
    return stored


def _pick_differing(one: dict[str, Any], other: dict[str, Any]) -> tuple[Any, Any]:
    keys = [key for key in {**one, **other} if one.get(key) != other.get(key)]
    return {key: one.get(key) for key in keys}, {key: other.get(key) for key in keys}


def _name_user(user: Any) -> str:
    return _name_with_id(user.get_username(), user.lasting_id)


def _name_with_id(name: str, lasting_id: Any) -> str:
    return f"{name} ({lasting_id})" if lasting_id else name


def _show(value: Any) -> str:
    if value is None or value == "":
        return "nothing"
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= MAX_SHOWN_LENGTH else f"{text[:MAX_SHOWN_LENGTH]}..."
