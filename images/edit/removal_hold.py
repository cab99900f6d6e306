"""A backup delays the removal of files while it copies the database, so that every copied row finds its original.

Rows can be deleted meanwhile. Their files are removed when the backup has what it needs.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

FILE = "removals-held"
# A backup that was killed cannot remove its mark. After this time, the mark is ignored.
LASTS_S = 3600.0


@contextmanager
def removals_held() -> Iterator[None]:
    """Within the block, no process of this installation removes files of images. Raises OSError."""
    # A file, not a lock in memory: the server and the backup are different processes.
    mark = _mark()
    mark.touch()
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)


def are_removals_held() -> bool:
    """Return True if files must stay for now. A clock that was set back does not make the mark last longer."""
    try:
        return abs(time.time() - _mark().stat().st_mtime) < LASTS_S
    except FileNotFoundError:
        return False


def _mark() -> Path:
    return settings.DATA_PATH / FILE
