"""Measures before a burst how many bytes a second the camera gives, and how many the disk takes."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from django.conf import settings

from camera.errors import CaptureFailed
from camera.registry import the_camera
from camera.results.taken_frame import TakenFrame
from images.archive.group import WrittenFile
from images.capture.keep_burst import WRITERS
from images.capture.trial import make_trial_record
from images.formats import FORMATS
from images.library import the_library

MIN_RING_FRAMES = 4
MAX_RING_FRAMES = 2_000
GROUP_FRAMES = 30
GROUP_BYTES = 200_000_000
GROUP_S = 0.5
TEST_FRAMES = 12
TEST_S = 1.0
PATIENCE_S = 10.0


def count_ring_frames(bytes_per_frame: int) -> int:
    """Return how many frames the ring may hold."""
    return min(max(settings.BURST_MEMORY_MB * 10**6 // max(bytes_per_frame, 1), MIN_RING_FRAMES), MAX_RING_FRAMES)


@dataclass(frozen=True, slots=True)
class BurstMeasured:
    """The result of `count` test frames, which were not kept. `disk_bytes_per_s`: how quickly the disk takes such
    originals in groups."""

    count: int
    bytes_per_picture: int
    seconds_per_frame: float
    disk_bytes_per_s: float

    @property
    def wanted_bytes_per_s(self) -> float:
        return self.bytes_per_picture / self.seconds_per_frame

    @property
    def seconds_until_full(self) -> float | None:
        """In how many seconds the ring is full, because the disk is slower than the camera. None if the disk keeps
        up."""
        too_much = self.wanted_bytes_per_s - self.disk_bytes_per_s
        if too_much <= 0:
            return None
        return count_ring_frames(self.bytes_per_picture) * self.bytes_per_picture / too_much


def measure_burst(exposure_ms: float, gain_db: float) -> BurstMeasured:
    """Take test frames, then write one of them to the disk again and again. Nothing is kept. Blocks for about twice
    TEST_S, and for at least two exposures. Raises CameraError and StorageUnavailable."""
    frames = _take_test_frames(exposure_ms, gain_db)
    first, last = frames[0], frames[-1]
    count = last.raw.descriptor.frame_number - first.raw.descriptor.frame_number
    elapsed_s = (last.captured_at - first.captured_at).total_seconds()
    seconds_per_frame = elapsed_s / count if count and elapsed_s > 0 else exposure_ms / 1000
    size_bytes, disk_bytes_per_s = _measure_disk(last)
    return BurstMeasured(len(frames), size_bytes, seconds_per_frame, disk_bytes_per_s)


def _take_test_frames(exposure_ms: float, gain_db: float) -> list[TakenFrame]:
    burst = the_camera().begin_burst(TEST_FRAMES, TEST_FRAMES, exposure_ms, gain_db)
    frames: list[TakenFrame] = []
    until_s = time.monotonic() + PATIENCE_S + 4 * exposure_ms / 1000
    try:
        while len(frames) < TEST_FRAMES and time.monotonic() < until_s:
            item = burst.take(TEST_S)
            if isinstance(item, TakenFrame):
                # From the first frame on TEST_S is enough, if there are two.
                until_s = min(until_s, time.monotonic() + TEST_S) if len(frames) == 1 else until_s
                frames.append(item)
            elif item is None and frames:
                break
    finally:
        burst.close()
    if not frames:
        raise CaptureFailed("The camera gave no frame in time.")
    return frames


def _measure_disk(taken: TakenFrame) -> tuple[int, float]:
    """Return the size of one original in bytes, and how many bytes a second the disk takes. As in a burst, one group is
    forced to disk while the next one is written."""
    write, began_s, sizes, group = _prepare_write(taken), time.perf_counter(), list[int](), list[WrittenFile]()
    with ThreadPoolExecutor(WRITERS) as writers, ThreadPoolExecutor(1) as forcer:
        try:
            group = _write_group(writers, write)
            while not sizes or time.perf_counter() - began_s < TEST_S:
                forcing, group = forcer.submit(_force_and_discard, group), []
                group = _write_group(writers, write)
                sizes += forcing.result()
            elapsed_s = time.perf_counter() - began_s
        finally:
            _discard(group)
    return sum(sizes) // len(sizes), sum(sizes) / elapsed_s


def _prepare_write(taken: TakenFrame) -> Callable[[], WrittenFile]:
    frame, file_format = taken.develop(), FORMATS["tiff"]
    record = make_trial_record(frame, file_format.encoding_of(frame.pixels, 0))
    return lambda: the_library().group_writer.write(
        frame.captured_at,
        file_format.extension,
        lambda file: file_format.write(file, frame.pixels, dict(record), 0),
    )


def _write_group(writers: ThreadPoolExecutor, write: Callable[[], WrittenFile]) -> list[WrittenFile]:
    """Write a group of test files. Raises StorageUnavailable; then no file is left."""
    the_library().group_writer.check()
    writing = [writers.submit(write) for _ in range(TEST_FRAMES)]
    problems = [problem for one in writing if (problem := one.exception())]
    if problems:
        _discard([one.result() for one in writing if not one.exception()])
        raise problems[0]
    return [one.result() for one in writing]


def _force_and_discard(group: list[WrittenFile]) -> list[int]:
    """Force the files to disk, and remove them. Returns their sizes in bytes."""
    try:
        the_library().group_writer.force(group)
    finally:
        _discard(group)
    return [one.size_bytes for one in group]


def _discard(group: list[WrittenFile]) -> None:
    for one in group:
        one.discard()
