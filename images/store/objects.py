"""Objects, as the store describes them."""

from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from images.store.errors import NotAStore, StoreWrongBytes

BLOCK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """An object as the store describes it. `sha256`: the sum that the program wrote into the metadata when it put the
    object; None if another program put it. `checked_sha256`: the sum that the store itself calculated; None if it does
    not tell. `stored_at`: None if the store does not tell."""

    key: str
    size_bytes: int
    sha256: str | None
    checked_sha256: str | None
    stored_at: datetime | None
    version_id: str | None
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class StoredObject:
    """`is_new`: True if it was put now; False if the same bytes were there already."""

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
        """Raises StoreWrongBytes if a part was asked for and the store sends the whole; NotAStore if it names no
        size."""
        self.size_bytes = _read_size(answer)
        self.total_bytes = self.size_bytes
        if is_part:
            # "bytes 5-7/25": the size of the whole object is behind the slash.
            total = str(answer.get("ContentRange", "")).rpartition("/")[2]
            if not total.isdecimal():
                raise StoreWrongBytes("The store was asked for a part of an object, and gives all of it.")
            self.total_bytes = int(total)
        self._body = answer["Body"]

    def read(self, most: int = BLOCK_BYTES) -> bytes:
        """Return the next bytes, at most so many; empty at the end. Blocks for the network. Raises StoreUnreachable if
        the connection breaks off before the end."""
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
    # If an object was put in parts, this is a sum of the sums of its parts, with a hyphen. It cannot be compared.
    return b64decode(text).hex() if text and "-" not in text else None
