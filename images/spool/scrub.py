"""Reads many objects back, those that wait longest first: a store that keeps pictures for years may damage one."""

import math
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from images.archive.paced_reader import go_on_always
from images.index.rebuild.from_store.fetcher import WAITS_S, Fetcher
from images.index.rebuild.read_ahead import read_ahead
from images.models import Image
from images.spool.rows import SCRUBBED, find_to_scrub
from images.spool.second_look import Seen, note_seen
from images.store.body import Pace
from images.store.client import Store

READERS = 3
READ_AHEAD = 6
FOUND_AT_ONCE = 500


@dataclass(slots=True)
class ScrubProgress:
    """How far a scrub came, in numbers of objects. `total`: how many it is to read. `byte_count`: how many bytes were
    read back."""

    total: int
    looked_at: int = 0
    byte_count: int = 0
    counts: dict[Seen, int] = field(default_factory=lambda: dict.fromkeys(Seen, 0))


def count_to_scrub(percent: float) -> int:
    """Return how many objects this percentage is; at least one if there are any. Raises Django's DatabaseError."""
    return math.ceil(Image.objects.filter(place__in=SCRUBBED).count() * percent / 100)


def scrub(
    store: Store,
    total: int,
    not_since: datetime,
    report: Callable[[str], None],
    go_on: Callable[[], None] = go_on_always,
    pace: Pace | None = None,
    waits_s: tuple[float, ...] = WAITS_S,
) -> Iterator[ScrubProgress]:
    """Read back up to `total` objects that were not read back since `not_since`, and note in their rows what was found,
    as the second look does. Yields its progress after each object. `report` is called with a sentence for each object
    that is not whole. `go_on` is called often, and may raise to stop. `waits_s`: see Fetcher. Raises StoreError,
    Django's DatabaseError, or what `go_on` raises; what was noted so far stays."""
    stop, done = threading.Event(), ScrubProgress(total)
    fetcher = Fetcher(store, pace or Pace(), stop, waits_s)
    pool = ThreadPoolExecutor(READERS, "scrubber")
    try:
        # No object is found twice: after the look it was read back just now, or is lost, or in conflict.
        while some := find_to_scrub(not_since, min(FOUND_AT_ONCE, total - done.looked_at)):
            reads = read_ahead(pool, lambda image: fetcher.measure(image.store_key or ""), some, READ_AHEAD, go_on)
            for image, found in zip(some, reads, strict=True):
                _note(image, found, done, report)
                yield done
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)


def _note(image: Image, found: tuple[int, str] | None, done: ScrubProgress, report: Callable[[str], None]) -> None:
    seen = note_seen(image, found, timezone.now())
    done.looked_at += 1
    done.byte_count += found[0] if found else 0
    done.counts[seen] += 1
    if seen is Seen.LOST:
        report(f"Lost: the store has no {image.store_key}")
    elif seen is Seen.CHANGED:
        report(f"Changed: the store has other bytes under {image.store_key}")
