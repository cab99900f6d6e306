"""Reads originals ahead in threads, outside of the transactions that list them."""

import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from images.archive.archive import Archive, StoredFile
from images.archive.names import Location
from images.archive.sidecar import Sidecar

ASK_EVERY_S = 0.2

Item = TypeVar("Item")
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class ReadOriginal:
    """An original that was read as a whole, or the `problem` why it could not be read. `archive`: the archive with its
    file, which may be temporary. `sidecar_problem`: why its sidecar could not be read; then the original is listed
    without it, and a later rebuild adds the changes."""

    archive: Archive
    location: Location
    record: dict[str, Any] = field(default_factory=dict)
    kept: StoredFile | None = None
    sidecar: Sidecar | None = None
    problem: str = ""
    sidecar_problem: str = ""
    # The columns that say where it is, if it is not in the archive of this PC.
    elsewhere: dict[str, Any] | None = None


def read_ahead(
    pool: ThreadPoolExecutor,
    read: Callable[[Item], Read],
    items: Iterable[Item],
    window: int,
    go_on: Callable[[], None],
) -> Iterator[Read]:
    """Yield what `read` returns for each item, in their order. At most `window` are read and wait. `go_on` is called
    often, and may raise to stop. Raises also what `read` raises."""
    waiting: deque[Future[Read]] = deque()
    for item in items:
        # A window of fixed length: with all files at once, their records would fill the memory.
        waiting.append(pool.submit(read, item))
        if len(waiting) >= window:
            yield _wait_for(waiting.popleft(), go_on)
    while waiting:
        yield _wait_for(waiting.popleft(), go_on)


def _wait_for(read: Future[Read], go_on: Callable[[], None]) -> Read:
    while True:
        go_on()
        # Short waits, so that Ctrl-C works while a slow disk reads.
        with contextlib.suppress(TimeoutError):
            return read.result(ASK_EVERY_S)
