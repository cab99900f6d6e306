"""Objects, as the store describes them."""

from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from images.store.errors import NotAStore, StoreWrongBytes

BLOCK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """`sha256`: as whoever put it said; None if nobody did. `checked_sha256`: as the store found it, if it tells.
    `stored_at`: None if the store does not tell."""

    key: str
    size_bytes: int
    sha256: str | None
    checked_sha256: str | None
    stored_at: datetime | None
    version_id: str | None
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class StoredObject:
    """`is_new`: it was put now; otherwise the same bytes were there already."""

    facts: ObjectFacts
    is_new: bool


@dataclass(frozen=True, slots=True)
class ListedObject:
    key: str
    size_bytes: int
    stored_at: datetime


class ObjectReader:
    """The bytes of an object, or of a part of it, as they come. `total_bytes`: the size of the whole object."""

    def __init__(self, answer: dict[str, Any], is_part: bool) -> None:
        """Raises StoreWrongBytes, if the store gives the whole for a part; NotAStore, if it names no size."""
        self.size_bytes = _read_size(answer)
        self.total_bytes = self.size_bytes
        if is_part:
            total = str(answer.get("ContentRange", "")).rpartition("/")[2]
            if not total.isdecimal():
                raise StoreWrongBytes("The store was asked for a part of an object, and gives all of it.")
            self.total_bytes = int(total)
        self._body = answer["Body"]

    def read(self, most: int = BLOCK_BYTES) -> bytes:
        """Return the next bytes, or none at the end. Raises StoreUnreachable, if it breaks off before the end."""
        return self._body.read(most)


def read_facts(key: str, answer: dict[str, Any]) -> ObjectFacts:
    """Read the answer to `head_object`. Raises NotAStore."""
    return ObjectFacts(
        key,
        _read_size(answer),
        answer.get("Metadata", {}).get("sha256"),
        _read_sum(answer.get("ChecksumSHA256")),
        answer.get("LastModified"),
        answer.get("VersionId"),
        answer.get("ObjectLockRetainUntilDate"),
    )


def read_listed(entry: dict[str, Any]) -> ListedObject:
    """Read one entry of `list_objects_v2`."""
    return ListedObject(entry["Key"], int(entry["Size"]), entry["LastModified"])


def _read_size(answer: dict[str, Any]) -> int:
    if "ContentLength" not in answer:
        raise NotAStore
    return int(answer["ContentLength"])


def _read_sum(text: str | None) -> str | None:
    # Of an object that was put in parts it is a sum of sums, with a hyphen, and says nothing here.
    return b64decode(text).hex() if text and "-" not in text else None
