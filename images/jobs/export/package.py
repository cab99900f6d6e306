"""A job as a ZIP: all its originals as they are, its plan, its file, and the table of its slots."""

import contextlib
import json
from collections.abc import Iterable

from images.archive.job_file import job_file_of
from images.errors import NotAnOriginal
from images.export.zipping import CHANGED_SINCE_CAPTURE, OK, Entry, ZipPlan, plan_zip
from images.jobs.export.errors import ExportTooLarge
from images.jobs.export.outcomes import Outcome, Picture
from images.jobs.export.table import stream_table
from images.library import the_library
from images.models import Job

MAX_SLOTS = 100_000
MAX_JOB_FILE_BYTES = 100_000_000
PLAN, TABLE = "plan.json", "slots.csv"


def plan_package(job: Job, outcomes: Iterable[Outcome]) -> ZipPlan:
    """Look up all files of the job; the length of the ZIP is known then. Raises StorageUnavailable."""
    kept = list(outcomes)
    entries = [_entry_of(outcome.picture) for outcome in kept if outcome.picture]
    texts = [
        (PLAN, json.dumps(job.plan, indent=2).encode()),
        (TABLE, b"".join(stream_table(kept))),
        *_read_job_file(job),
    ]
    return plan_zip(entries, texts=texts)


def require_few_slots(count: int) -> None:
    """Raise ExportTooLarge if one file cannot describe so many slots in bounded memory."""
    if count > MAX_SLOTS:
        raise ExportTooLarge(
            f"This job has {count:,} slots, and one such file holds at most {MAX_SLOTS:,}. Export the table of slots "
            "(csv), and download the pictures day by day from the gallery."
        )


def _entry_of(picture: Picture) -> Entry:
    status = CHANGED_SINCE_CAPTURE if picture.is_changed_since_capture else OK
    fields = (picture.sha256, picture.size_bytes, picture.captured_at, picture.is_simulated)
    return Entry(
        picture.image_id, picture.filename, *fields, status, picture.place, picture.store_key, picture.instrument_id
    )


def _read_job_file(job: Job) -> list[tuple[str, bytes]]:
    """Return name and content of the job's file, in its folder as in the archive; nothing if it is not there."""
    if job.anchor_at is None:
        return []
    location = job_file_of(job.anchor_at, job.lasting_id)
    with contextlib.suppress(OSError, NotAnOriginal), the_library().archive.open_at(location) as file:
        return [(str(location), file.read(MAX_JOB_FILE_BYTES))]
    return []
