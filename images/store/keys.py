"""The keys under which objects lie. A key is never used again, so nothing that can change is a part of it."""

import re
from dataclasses import dataclass
from datetime import date
from uuid import UUID

ORIGINALS, CHANGES, JOBS, THUMBNAILS, PROBE = "originals/", "changes/", "jobs/", "thumbs/", "probe/"
# S3's own limit, in bytes of UTF-8.
MAX_KEY_BYTES = 1024
MAX_REVISION = 999_999
UUID_TEXT = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ORIGINAL = re.compile(rf"{ORIGINALS}({UUID_TEXT})/(\d{{4}}-\d\d-\d\d)/({UUID_TEXT})/([^/]+)", re.ASCII)
CHANGE = re.compile(rf"{CHANGES}({UUID_TEXT})/(\d{{6}})\.json", re.ASCII)
JOB_PART = re.compile(rf"{JOBS}({UUID_TEXT})/(0|[1-9]\d{{0,8}})\.json", re.ASCII)


@dataclass(frozen=True, slots=True)
class OriginalKey:
    """What the key of an original says."""

    instrument: UUID
    day: str
    record_id: UUID
    filename: str


def key_of_original(instrument: UUID, day: date, record_id: UUID, filename: str) -> str:
    """Return `originals/<instrument>/2026-11-27/<record id>/<filename>`. The record id is unique, so two pictures never
    have the same key. Raises ValueError if the name cannot be a part of a key."""
    if not filename or "/" in filename or filename in (".", "..") or not filename.isprintable():
        raise ValueError(f"{filename!r} cannot be a part of a key")
    return _checked(f"{ORIGINALS}{instrument}/{day.isoformat()}/{record_id}/{filename}")


def key_of_change(record_id: UUID, revision: int) -> str:
    """Return `changes/<record id>/000012.json`. Six digits, so that a store, which sorts keys as text, lists the
    revisions of a record in their order. Raises ValueError if the revision needs more digits."""
    if not 0 <= revision <= MAX_REVISION:
        raise ValueError(f"{revision} is no revision from 0 to {MAX_REVISION}")
    return f"{CHANGES}{record_id}/{revision:06d}.json"


def key_of_job(lasting_id: UUID, number: int) -> str:
    """Return `jobs/<lasting id>/<number>.json`. Raises ValueError for a negative number."""
    if number < 0:
        raise ValueError(f"{number} is no number of a job's file")
    return f"{JOBS}{lasting_id}/{number}.json"


def key_of_thumbnail(record_id: UUID) -> str:
    """Return `thumbs/<record id>.jpg`."""
    return f"{THUMBNAILS}{record_id}.jpg"


def read_original_key(key: str) -> OriginalKey | None:
    """Return the parts of an original's key; None if this program gives no original such a key."""
    found = ORIGINAL.fullmatch(key)
    return OriginalKey(UUID(found[1]), found[2], UUID(found[3]), found[4]) if found else None


def read_change_key(key: str) -> tuple[UUID, int] | None:
    """Return record id and revision; None for any other key."""
    found = CHANGE.fullmatch(key)
    return (UUID(found[1]), int(found[2])) if found else None


def read_job_key(key: str) -> tuple[UUID, int] | None:
    """Return the lasting id of the job and the number of the part; None for any other key."""
    found = JOB_PART.fullmatch(key)
    return (UUID(found[1]), int(found[2])) if found else None


def _checked(key: str) -> str:
    if len(key.encode()) > MAX_KEY_BYTES:
        raise ValueError(f"a key has at most {MAX_KEY_BYTES} bytes, not {len(key.encode())}")
    return key
