"""Makes rows like those of years of work in a lab, a million in about a minute. Needs a process in which Django is set
up.

There is one image a minute, by twenty people in turn, in jobs of 500 images one after the other, with samples and notes
of a few words. On one day, a planned job takes a picture a second besides.
"""

import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import timezone

from images.models import Instrument, Job, JobGap

text_index = import_module("images.migrations.0012_search_text")

NEWEST = datetime(2025, 1, 16, 10, 30, 45, 123000, tzinfo=UTC)
BETWEEN = timedelta(minutes=1)
PEOPLE = 20
JOB_IMAGES = 500
BURST_AT = datetime(2025, 1, 12, 22, 36, 40, tzinfo=UTC)
BURST_IMAGES = 5000
ANIMALS = ["mouse", "rat", "zebrafish", "human"]
ORGANS = ["liver", "kidney", "brain", "heart", "lung"]
STAINS = ["HE", "DAPI", "PAS", "Masson", "GFP", "Nissl", "Congo red"]
# This word is in every image of the oldest tenth, and in no later one.
OLD_WORD = "cryostat"
# This word is in one image of a thousand.
RARE_WORD = "artefact"


def find_owner() -> Any:
    """Return one of the users, who may do everything."""
    user, _is_new = get_user_model().objects.get_or_create(
        username="person-00", defaults={"is_superuser": True, "is_staff": True}
    )
    return user


def fill(rows: int, instruments: int = 0) -> None:
    """Fill an empty library. The text index is made afterwards, which is quicker and gives the same result."""
    pcs = [one.pk.hex for one in make_instruments(instruments)]
    owner = find_owner()
    people = [owner, *(get_user_model()(username=f"person-{number:02d}") for number in range(1, PEOPLE))]
    get_user_model().objects.bulk_create(people[1:])
    jobs = [Job(name=f"series {number}", user=people[number % PEOPLE]) for number in range(rows // JOB_IMAGES + 1)]
    Job.objects.bulk_create(jobs)
    numbers = {"expected": BURST_IMAGES, "stored": BURST_IMAGES, "state": Job.State.FINISHED}
    burst = Job.objects.create(name="burst", user=owner, plan={}, **numbers)
    with connection.schema_editor() as editor:
        text_index.drop_text_index(None, editor)
    insert_rows(_make_burst(owner.pk, burst.pk))
    insert_rows(make_rows(rows, [person.pk for person in people], [job.pk for job in jobs], pcs))
    with connection.schema_editor() as editor:
        text_index.fold_rows(None, editor)
        text_index.make_text_index(None, editor)
    if connection.vendor == "postgresql":
        # PostgreSQL's own autovacuum does so soon after many rows have come.
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE images")


def _make_burst(user_id: int, job_id: int) -> Iterator[dict[str, Any]]:
    """Its ids are below those of all others."""
    like = next(make_rows(1, [user_id], [job_id]))
    for slot in range(BURST_IMAGES):
        moment = BURST_AT + timedelta(seconds=slot)
        yield {
            **like,
            "job_id": job_id,
            "job_slot": slot,
            "captured_at": moment,
            "created_at": moment,
            "filename": f"capture_{moment:%Y%m%d_%H%M%S}_000.tif",
            "format": "tif",
            "sample": "burst",
            "note": "",
            "record_id": uuid.UUID(int=2**64 + slot).hex,
        }


def make_instruments(count: int) -> list[Instrument]:
    """Make lab PCs that are at work: every other one has no live picture, and shows its newest image. Of those that
    have one, each carries out a job with gaps."""
    now = timezone.now()
    said = {"last_seen_at": now, "url": "http://lab-pc:3000/", "free_bytes": 10**12, "clock_offset_ms": 3.0}
    made = [
        Instrument(
            name=f"Microscope {number}",
            camera={"model": "PL-D725CU", "serialNumber": str(number), "state": "streaming", "reserveBytes": 10**9},
            picture=bytes(6000) if number % 2 else None,
            picture_at=now if number % 2 else None,
            spool_count=number,
            **said,
        )
        for number in range(count)
    ]
    Instrument.objects.bulk_create(made)
    for one in made[1::2]:
        counts = {"expected": 1000, "stored": 400, "missed": 100, "state": Job.State.RUNNING, "anchor_at": now}
        job = Job.objects.create(name=f"job of {one.name}", user=find_owner(), plan={}, instrument=one, **counts)
        spans = [{"first_slot": 10 * slot, "last_slot": 10 * slot + 9} for slot in range(10)]
        JobGap.objects.bulk_create(JobGap(job=job, reason="late", since=now, until=now, **span) for span in spans)
    return made


def make_rows(
    rows: int, people: list[int], jobs: list[int], instruments: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    record = json.dumps({"schema": "microscope-image", "requested": {}, "actual": {}, "filling": "x" * 600})
    for number in range(rows):
        moment = NEWEST - BETWEEN * (rows - 1 - number)
        animal, organ = ANIMALS[number % 4], ORGANS[number % 5]
        yield {
            "job_id": jobs[number // JOB_IMAGES] if number % 3 else None,
            "instrument_id": instruments[number % len(instruments)] if instruments else None,
            "user_id": people[number % PEOPLE],
            "filename": f"capture_{moment:%Y%m%d_%H%M%S}_{number % 1000:03d}.jpg",
            "thumbnail_path": "",
            "captured_at": moment,
            "exposure_time": float(1 + number % 200),
            "gain": float(number % 12),
            "file_size": 800_000 + number,
            "width": 1920,
            "height": 1080,
            "sample": f"{animal} {organ} {number // 50 % 97}",
            "note": _make_note(number, rows),
            "metadata": record,
            "record_id": uuid.UUID(int=number + 1).hex,
            "sha256": f"{number:064x}",
            "format": "jpg" if number % 10 else "png",
            "is_simulated": False,
            "is_adopted": False,
            "created_at": moment,
        }


def _make_note(number: int, rows: int) -> str:
    words = [f"{STAINS[number % 7]} section"]
    words += [OLD_WORD] if number < rows // 10 else []
    words += [RARE_WORD] if number % 1000 == 7 else []
    return " ".join(words)


def insert_rows(rows: Iterator[dict[str, Any]]) -> None:
    first = next(rows)
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY images ({', '.join(first)}) FROM STDIN") as copy:
                copy.write_row(list(first.values()))
                for row in rows:
                    copy.write_row(list(row.values()))
            return
        sql = f"INSERT INTO images ({', '.join(first)}) VALUES ({', '.join(['?'] * len(first))})"
        cursor.connection.execute(sql, _for_sqlite(first))
        cursor.connection.executemany(sql, map(_for_sqlite, rows))


def _for_sqlite(row: dict[str, Any]) -> list[Any]:
    moment = row["captured_at"].replace(tzinfo=None).isoformat(" ")
    return list({**row, "captured_at": moment, "created_at": moment}.values())
