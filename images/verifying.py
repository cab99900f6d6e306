"""Is an original still what was kept? Told by reading it again."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from django.utils import timezone

from images.apps import the_library
from images.models import Image
from images.storage import measure, telling_faults


@dataclass(frozen=True, slots=True)
class Verified:
    """What a file holds now, and the sum of what it held when it was kept."""

    sha256: str
    expected_sha256: str
    size_bytes: int
    checked_at: datetime

    @property
    def is_unchanged(self) -> bool:
        return self.sha256 == self.expected_sha256


def verify_original(image: Image, read: Callable[[BinaryIO], tuple[int, str]] = measure) -> Verified:
    """Read the original whole. `read` answers its size and sum. Raises OriginalMissing, or a StorageUnavailable."""
    with the_library().archive.open(image.filename) as file, telling_faults():
        size_bytes, sha256 = read(file)
    return Verified(sha256, image.sha256, size_bytes, timezone.now())
