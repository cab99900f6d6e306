"""Checks whether an original is unchanged, by reading it again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from django.utils import timezone

from images.archive.folder import measure, raising_storage_errors
from images.index.opening import measure_in_store, whereabouts_of
from images.index.originals import forget_sums
from images.library import the_library
from images.models import Image


@dataclass(frozen=True, slots=True)
class Verified:
    """What a file holds now. `expected_sha256` is its sum when it was captured, or when it was listed from the file."""

    sha256: str
    expected_sha256: str
    size_bytes: int
    checked_at: datetime
    was_changed_since_capture: bool = False

    @property
    def is_unchanged(self) -> bool:
        return self.sha256 == self.expected_sha256 and not self.was_changed_since_capture


def verify_original(image: Image, read: Callable[[BinaryIO], tuple[int, str]] = measure) -> Verified:
    """Read the whole original on this disk. `read` returns its size and SHA-256. Raises OriginalMissing, or
    StorageUnavailable."""
    with the_library().archive.open(image.filename) as file, raising_storage_errors():
        size_bytes, sha256 = read(file)
        if sha256 != image.sha256:
            # The file changed without a new time of change: remembered sums would still call it unchanged.
            forget_sums(file)
    return _compare(image, size_bytes, sha256)


def verify_wherever(image: Image) -> Verified:
    """Read the whole original again, here or in the store. Blocks for the network if it is only there. Raises
    OriginalMissing, OriginalLost, OriginalAway, or StorageUnavailable."""
    if whereabouts_of(image).is_here:
        return verify_original(image)
    return _compare(image, *measure_in_store(whereabouts_of(image), the_library().archive))


def _compare(image: Image, size_bytes: int, sha256: str) -> Verified:
    return Verified(sha256, image.sha256, size_bytes, timezone.now(), bool(image.changed_since_capture))
