"""Rows as years of work in a lab leave them, a million in about a minute. Only within a process that has set Django up.

One image a minute, twenty people in turn, jobs of 500 images one after the other, samples and notes of a few words.
"""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection, transaction

from images.models import Job

TEXT_INDEXES = {"postgresql": "0003_note_sample_bin", "sqlite": "0007_text_in_time"}
text_index = import_module(f"images.migrations.{TEXT_INDEXES[connection.vendor]}")

NEWEST = datetime(2025, 1, 16, 10, 30, 45, 123000, tzinfo=UTC)
BETWEEN = timedelta(minutes=1)
PEOPLE = 20
JOB_IMAGES = 500
ANIMALS = ["mouse", "rat", "zebrafish", "human"]
ORGANS = ["liver", "kidney", "brain", "heart", "lung"]
STAINS = ["HE", "DAPI", "PAS", "Masson", "GFP", "Nissl", "Congo red"]
# Stands in every image of the oldest tenth, and in none since.
OLD_WORD = "cryostat"
# Stands in one of a thousand.
RARE_WORD = "artefact"


def find_owner() -> Any:
    """One of the people, who may do all."""
    user, _is_new = get_user_model().objects.get_or_create(
        username="person-00", defaults={"is_superuser": True, "is_staff": True}
    )
    return user


def fill(rows: int) -> None:
    """Into an empty library. The text index is made afterwards, which is quicker and leads to the same."""
    owner = find_owner()
    people = [owner, *(get_user_model()(username=f"person-{number:02d}") for number in range(1, PEOPLE))]
    get_user_model().objects.bulk_create(people[1:])
    jobs = [Job(name=f"series {number}", user=people[number % PEOPLE]) for number in range(rows // JOB_IMAGES + 1)]
    Job.objects.bulk_create(jobs)
    with connection.schema_editor() as editor:
        text_index.drop_text_index(None, editor)
    _insert(_make_rows(rows, [person.pk for person in people], [job.pk for job in jobs]))
    with connection.schema_editor() as editor:
        text_index.make_text_index(None, editor)
    if connection.vendor == "postgresql":
        # Its own servant does so soon after many rows have come.
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE images")


def _make_rows(rows: int, people: list[int], jobs: list[int]) -> Iterator[dict[str, Any]]:
    record = json.dumps({"schema": "microscope-image", "requested": {}, "actual": {}, "filling": "x" * 600})
    for number in range(rows):
        moment = NEWEST - BETWEEN * (rows - 1 - number)
        animal, organ = ANIMALS[number % 4], ORGANS[number % 5]
        yield {
            "job_id": jobs[number // JOB_IMAGES] if number % 3 else None,
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


def _insert(rows: Iterator[dict[str, Any]]) -> None:
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
