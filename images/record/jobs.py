"""The job of an image, as records name it.

`id` is the job's lasting id, `number` the id of its row. Older records have the number as `id`, and no slot.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from images.record.image import format_time

MAX_NAME_LENGTH = 200
MAX_NUMBER = 2**63 - 1
# Never change it: ids of jobs from older files are made from it (uuid5).
_NAMED_WITHOUT_ID = UUID("b7f7c3b2-6a3c-4d83-9c0e-2a8e5f1d7c61")


@dataclass(frozen=True, slots=True)
class JobRef:
    """The job and slot of a capture. It is made once per job, so that a capture needs no database.

    `slot` is None for an image that a user added to the job by hand. `index` is the place of the slot along each axis
    of the plan, such as `{"t": 3, "c": 0}`. Only one image of the job carries `plan`; the job can be restored from it.
    """

    number: int
    lasting_id: UUID
    name: str
    slot: int | None = None
    index: Mapping[str, int] | None = None
    due_at: datetime | None = None
    expected: int | None = None
    plan_sha256: str | None = None
    plan: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class JobInFile:
    """The job that a file names. `lasting_id` is None in files from before jobs had one. `number` is None if the file
    has none."""

    lasting_id: UUID | None
    number: int | None
    name: str
    slot: int | None = None


def describe_job(job: JobRef) -> dict[str, Any]:
    """Return the job in the form of the record."""
    described: dict[str, Any] = {"id": str(job.lasting_id), "number": job.number, "name": job.name}
    if job.slot is not None:
        described |= {
            "slot": job.slot,
            "index": dict(job.index or {}),
            "dueAt": format_time(job.due_at) if job.due_at else None,
            "expected": job.expected,
            "planSha256": job.plan_sha256,
        }
    if job.plan is not None:
        described["plan"] = dict(job.plan)
    return described


def read_job(record: Mapping[str, Any]) -> JobInFile | None:
    """Return the job that a record names, or None. Raises ValueError, TypeError or KeyError if the record is
    damaged."""
    said = record["job"]
    if not said:
        return None
    name, number, lasting_id = said["name"], said.get("number"), None
    # Older records: the number of the row is under `id`.
    if isinstance(said["id"], int):
        number = said["id"]
    else:
        lasting_id = UUID(said["id"])
    if not isinstance(name, str) or not (number is None or isinstance(number, int)):
        raise ValueError("the job has no name, or its number is invalid")
    slot = said.get("slot")
    if slot is not None and (not isinstance(slot, int) or not 0 <= slot <= MAX_NUMBER):
        raise ValueError(f"invalid slot {slot!r}")
    return JobInFile(lasting_id, number, name, slot)


def id_without_file(number: int, name: str) -> UUID:
    """Return the lasting id for a job whose files name none. It is the same in every rebuild."""
    return uuid5(_NAMED_WITHOUT_ID, f"{number} {name}")
