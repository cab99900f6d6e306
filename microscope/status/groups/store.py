"""Store: the result of the last probe. Inside the server, nothing here waits for the network."""

import time

from django.conf import settings

from images.archive.paced_reader import StopRequested
from images.pages.display_fields import format_bytes
from images.spool.scrub_state import ScrubOutcome, read_scrub
from images.store.bucket import Bucket
from images.store.errors import StoreError
from images.store.findings import ProbeResult
from images.store.watch import StoreWatch, the_store_watch
from microscope.status.line import FINE, WARN, Line, not_measured
from microscope.status.running import Running

NAME, SCRUB = "Store", "Last scrub"
SPOILED = (
    "The log names them. Bring back an older version in the store, or the file from a backup; then open the picture."
)
UNSAFE = "Choose another store or bucket, or a newer version of it. manage.py probe-store tries it out again."


def read_store(running: Running) -> list[Line]:
    """Describe the store; no line if no store is set."""
    watch = the_store_watch()
    if watch is None:
        return []
    bucket = watch.store.bucket
    probe = describe_probe(watch.latest, bucket) if running.is_here else _ask(watch, bucket)
    last = read_scrub(settings.DATA_PATH)
    return [probe, describe_scrub(last)] if last else [probe]


def describe_probe(result: ProbeResult | None, bucket: Bucket) -> Line:
    if result is None:
        return not_measured(NAME, "It is being tried out")
    if result.problem:
        return _describe_problem(result.problem, bucket)
    shown = f"{result.verdict} Tried out in {result.took_s:.1f} s"
    if result.may_evict:
        return Line(NAME, FINE, "Reliable", shown, result.at, names=name_bucket(bucket))
    return Line(NAME, WARN, "Not reliable", shown, result.at, UNSAFE, name_bucket(bucket))


def describe_scrub(last: ScrubOutcome) -> Line:
    """Describe the last scrub on this PC."""
    noun = "picture" if last.looked_at == 1 else "pictures"
    shown = f"{last.looked_at:,} {noun} ({format_bytes(last.byte_count)}) read back"
    if last.lost or last.changed:
        found = f"{shown}: {last.lost:,} lost by the store, {last.changed:,} with other bytes"
        return Line(SCRUB, WARN, "Found something", found, last.ended, SPOILED)
    if last.is_interrupted:
        return Line(SCRUB, FINE, "Interrupted", f"{shown}, all whole", last.ended)
    return Line(SCRUB, FINE, "Whole", f"{shown}, all whole", last.ended)


def name_bucket(bucket: Bucket) -> str:
    return f"{bucket.name} at {bucket.endpoint or 'AWS'}"


def _ask(watch: StoreWatch, bucket: Bucket) -> Line:
    """Look at the bucket, from a process that is not the server. It does not know the result of the server's probe, and
    must change nothing."""
    began_s = time.monotonic()
    try:
        watch.store.check()
    except StoreError as problem:
        return _describe_problem(problem, bucket)
    except StopRequested:
        return not_measured(NAME, "The program ends")
    shown = f"The bucket is there, {(time.monotonic() - began_s) * 1000:.0f} ms. manage.py probe-store tries it out"
    return Line(NAME, FINE, "Answers", shown, names=name_bucket(bucket))


def _describe_problem(problem: StoreError, bucket: Bucket) -> Line:
    return Line(NAME, WARN, "Away", str(problem), todo=problem.todo, names=name_bucket(bucket))
