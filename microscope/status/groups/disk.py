"""Disk: its space, when it will be full, how fast it takes originals, and if the folder is the right one."""

import os
from datetime import datetime, timedelta
from statistics import median
from time import perf_counter
from typing import BinaryIO

from django.utils import timezone

from images.archive.archive import Archive
from images.archive.write_times import WriteTime
from images.errors import DATABASE_AWAY, StorageUnavailable
from images.library import the_library
from images.models import Image
from images.pages.display_fields import format_bytes
from microscope.status.line import BAD, FINE, WARN, Line, not_measured
from microscope.status.running import Running

# The pace comes from the last pictures, at most so many: this query takes some milliseconds, however large the library
# is.
PACE_OF_IMAGES = 1000
# The pace of one busy hour would foretell a full disk much too soon.
MIN_PACE = timedelta(days=1)
FULL_SOON = timedelta(days=7)
LOW_RESERVES = 3
# A usual hard disk takes ten times as many.
SLOW_BYTES_PER_S = 10e6
SLOW_S = 1.0
# A test file of this size measures the disk itself, and hardly the caches before it.
TRIAL_BYTES, TRIAL_BLOCKS = 16 * 10**6, 16
MAKE_SPACE = "Make space: empty the bin, or move other files away. Originals are never deleted to make room."


def read_disk(running: Running) -> list[Line]:
    archive = the_library().archive
    # A look must not make the folder: its name in the settings may be wrong.
    if archive.is_new:
        why, todo = "The program has not used this folder yet", "Start the program: it makes the folder for images."
        return [not_measured("Disk", why), not_measured("Disk speed", why), not_measured("Folder", why, todo)]
    return [describe_space(archive), describe_speed(archive, running), describe_folder(archive)]


def describe_space(archive: Archive) -> Line:
    name = "Disk"
    try:
        free_bytes, reserve_bytes = archive.space()
    except StorageUnavailable as problem:
        return not_measured(name, str(problem))
    shown = f"{format_bytes(free_bytes)} free, {format_bytes(reserve_bytes)} kept in reserve."
    if free_bytes < reserve_bytes:
        return Line(name, BAD, "Full", f"{shown} No picture can be kept.", todo=MAKE_SPACE)
    now = timezone.now()
    full_at = find_full_at(free_bytes - reserve_bytes, now)
    at_pace = (
        f"Full {full_at.day} {full_at:%B %Y} at the pace of the last pictures." if full_at else "Pace not known yet."
    )
    is_low = free_bytes < LOW_RESERVES * reserve_bytes or (full_at is not None and full_at - now < FULL_SOON)
    shown = f"{shown} {at_pace}"
    return Line(name, WARN, "Low", shown, todo=MAKE_SPACE) if is_low else Line(name, FINE, "Enough", shown)


def find_full_at(room_bytes: int, now: datetime) -> datetime | None:
    """Return when the disk is full if pictures keep coming at the pace of the last ones. None if that is not known."""
    try:
        taken = list(Image.objects.of_this_pc().newest_first().values_list("captured_at", "file_size")[:PACE_OF_IMAGES])
    except DATABASE_AWAY:
        return None
    if not taken or taken[0][0] > now:
        return None  # no picture yet, or the clock is wrong
    span = max(now - taken[-1][0], MIN_PACE)
    bytes_per_s = sum(size or 0 for _, size in taken) / span.total_seconds()
    seconds = room_bytes / bytes_per_s if bytes_per_s else float("inf")
    try:
        return now + timedelta(seconds=seconds)
    except OverflowError:
        return None


def describe_speed(archive: Archive, running: Running) -> Line:
    """Describe the speed of the disk. The server knows the times of the last originals. Another process writes a test
    file, because a person asks it."""
    name = "Disk speed"
    last = archive.write_times.last()
    if last:
        return describe_write_times(name, last)
    if running.is_here:
        return not_measured(name, "No picture has been kept since the program started")
    try:
        size_bytes, seconds = try_disk(archive)
    except StorageUnavailable as problem:
        return not_measured(name, str(problem))
    shown = f"{format_bytes(size_bytes)} written, forced to disk and read again in {seconds:.2f} s"
    return _judge(name, shown, size_bytes / seconds < SLOW_BYTES_PER_S, timezone.now())


def describe_write_times(name: str, last: list[WriteTime]) -> Line:
    size_bytes = sum(one.size_bytes for one in last) // len(last)
    usual_s, slowest_s = median(one.seconds for one in last), max(one.seconds for one in last)
    shown = (
        f"{format_bytes(size_bytes)} forced to disk in {usual_s * 1000:.0f} ms, "
        f"slowest of the last {len(last)}: {slowest_s * 1000:.0f} ms"
    )
    is_slow = usual_s > SLOW_S and size_bytes / usual_s < SLOW_BYTES_PER_S
    return _judge(name, shown, is_slow, last[-1].at)


def try_disk(archive: Archive) -> tuple[int, float]:
    """Write a file that nobody keeps. Returns its size and the seconds. Raises StorageUnavailable."""
    began_s = perf_counter()
    size_bytes = archive.try_writing(_write_trial)
    return size_bytes, max(perf_counter() - began_s, 1e-6)


def describe_folder(archive: Archive) -> Line:
    name, where = "Folder", str(archive.root)
    try:
        archive.check_folder()
        archive.space()
    except StorageUnavailable as problem:
        todo = "Connect or mount its drive, or make it writable. The program goes on by itself."
        return Line(name, BAD, "Away", str(problem), todo=todo, names=where)
    return Line(name, FINE, "Right", "Its marker is there, and it can be written", names=where)


def _judge(name: str, shown: str, is_slow: bool, since: datetime) -> Line:
    if is_slow:
        todo = "Close what else uses this disk. If it stays slow, let the PC's administrator look at the disk."
        return Line(name, WARN, "Slow", shown, since, todo)
    return Line(name, FINE, "Fast enough", shown, since)


def _write_trial(file: BinaryIO) -> None:
    # Random, because some disks compress what they get.
    block = os.urandom(TRIAL_BYTES // TRIAL_BLOCKS)
    for _ in range(TRIAL_BLOCKS):
        file.write(block)
