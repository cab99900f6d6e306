"""Brings from another database what only its rows know of the store: which originals are there, under which keys. It
makes the rows of originals that are nowhere else."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, transaction

from images.events import emit
from images.index.jobs import find_place
from images.index.rebuild.restore_optics import link_calibrations, restore_optics
from images.index.rebuild.restore_people import PeopleRestorer
from images.models import Image, Job, Removal
from images.moving.errors import OtherBucket
from images.own_instrument import own_instrument_id
from images.record.people import PersonInFile
from images.store.client import Store
from images.store.errors import ObjectMissing

AT_ONCE = 200
SAMPLE = 10
STORED = ("place", "store_key", "stored_at", "verified_at", "stored_revision", "evicted_at")
STORED_OF_JOB = ("stored_parts", "stored_bytes", "is_file_stored")
# Columns that point to rows of other tables: these have other ids in this database. The other columns are copied.
NUMBERED = {"id", "instrument", "user", "job", "job_slot", "objective", "calibration", "binned_by"}
OF_OLD_PC = {"idempotency_key", "key_run_day", "binned_run_day", "wanted_at", "created_at", "search_text"}

Place = Image.Place


@dataclass(slots=True)
class BroughtRows:
    """`marked`: rows here that now say what the store has. `made`: rows of originals that are only in the store.
    `lacking`: file names of pictures that have a row only in the old database: their files are gone or damaged."""

    total: int
    looked_at: int = 0
    marked: int = 0
    made: int = 0
    lacking: list[str] = field(default_factory=list)


def is_same_store(source: str, store: Store) -> bool:
    """Return True if the store has what the rows of `source` say. Asks it for some of the first and last objects.
    Raises OtherBucket if the store lacks them and some originals are nowhere else; StoreError; and Django's
    DatabaseError."""
    in_store = Image.objects.using(source).filter(place__in=(Place.BOTH, Place.STORE))
    columns = ("store_key", "sha256")
    some = {one for order in ("pk", "-pk") for one in in_store.order_by(order).values_list(*columns)[:SAMPLE]}
    if all(_is_there(store, key or "", sha256) for key, sha256 in some):
        return True
    if alone := in_store.filter(place=Place.STORE).count():
        raise OtherBucket(
            f"{alone} originals of this PC are only in its store, and S3_BUCKET is another one. Copy all objects of "
            "its bucket into the shared one, under the same keys and with their metadata, and run this again."
        )
    return False


def _is_there(store: Store, key: str, sha256: str) -> bool:
    try:
        return store.head(key).sha256 == sha256
    except ObjectMissing:
        return False


def bring_stored(source: str, is_store_the_same: bool, report: Callable[[str], None]) -> Iterator[BroughtRows]:
    """Compare each row of `source` with the row here. Yields its progress after each of many short steps. It can be
    repeated as long as the program has not run here: after that the rows here are newer. Raises Django's
    DatabaseError."""
    people = PeopleRestorer()
    brought = BroughtRows(Image.objects.using(source).count())
    if is_store_the_same:
        _bring_of_jobs(source)
    last_id = 0
    # Page by page after the last id: a library may have a million rows.
    while some := _read_next(source, last_id):
        with transaction.atomic():
            known = {row.record_id: row for row in Image.objects.filter(record_id__in=[old.record_id for old in some])}
            for old in some:
                _bring_one(old, known.get(old.record_id), is_store_the_same, people, brought, report)
        last_id = some[-1].pk
        brought.looked_at += len(some)
        yield brought


def _read_next(source: str, last_id: int) -> list[Image]:
    rows = Image.objects.using(source).select_related("user", "binned_by").filter(pk__gt=last_id)
    return list(rows.order_by("pk")[:AT_ONCE])


def _bring_one(
    old: Image,
    here: Image | None,
    is_store_the_same: bool,
    people: PeopleRestorer,
    brought: BroughtRows,
    report: Callable[[str], None],
) -> None:
    if here is not None:
        brought.marked += is_store_the_same and _mark(old, here)
        return
    # It was deleted, and its removal was under way: a row would bring it back.
    if Removal.objects.filter(record_id=old.record_id).exists():
        return
    if old.place is None or not is_store_the_same:
        brought.lacking.append(old.filename)
        return
    try:
        # A savepoint: if the database refuses this row, the rest of the page is still written.
        with transaction.atomic():
            _make_row(old, people)
        brought.made += 1
    except (KeyError, TypeError, AttributeError, ValueError, ValidationError, DataError, IntegrityError) as problem:
        brought.lacking.append(old.filename)
        report(f"The row of {old.filename} cannot be made again: {problem!r}")


def _mark(old: Image, here: Image) -> bool:
    """Copy into the row here what the old row says of the store. The file of this original is here. Returns True if the
    row was changed."""
    is_fresh = here.instrument_id == own_instrument_id() and here.place is None and here.sha256 == old.sha256
    if not is_fresh or old.place in (None, Place.LOST):
        return False
    columns = {name: getattr(old, name) for name in STORED}
    if old.place == Place.STORE:
        columns |= {"place": Place.BOTH, "evicted_at": None}
    return bool(Image.objects.filter(pk=here.pk, place=None).update(**columns))


def _make_row(old: Image, people: PeopleRestorer) -> None:
    """Make the row of an original that has no whole file here, from its record in the old row."""
    record = old.metadata
    restore_optics(record)
    people.restore(record, None)
    image = Image(**_columns_of(old), **find_place(record), instrument_id=own_instrument_id())
    image.user, image.binned_by = (_find(people, person) for person in (old.user, old.binned_by))
    image.objective_id, image.calibration_id = old.objective_id, old.calibration_id
    if image.place == Place.BOTH:
        # The rebuild found no whole file here, so the store is the only place that is left.
        image.place = Place.STORE
    image.save(force_insert=True)
    link_calibrations(image)
    emit("adopted", [(image.pk, image.filename)])


def _columns_of(old: Image) -> dict[str, Any]:
    fields = (one.name for one in Image._meta.concrete_fields)
    return {name: getattr(old, name) for name in fields if name not in NUMBERED | OF_OLD_PC} | {"is_adopted": True}


def _find(people: PeopleRestorer, person: Any) -> Any:
    return people.restore_person(PersonInFile(person.get_username(), person.lasting_id)) if person else None


def _bring_of_jobs(source: str) -> None:
    for old in Job.objects.using(source).filter(stored_parts__isnull=False):
        columns = {name: getattr(old, name) for name in STORED_OF_JOB}
        Job.objects.of_this_pc().filter(lasting_id=old.lasting_id, stored_parts=None).update(**columns)
