"""Bursts, beside the plainest writer that forces its files to disk in groups, on the same disk.

The plain writer writes the pixels and nothing else; ours writes whole originals, with their sums, their records and
their rows. Both take their frames from memory, and write groups of the same size. Before each run as much is written
and emptied, so that both find memory and disk in the same state: a disk is often slower where nothing was ever written.
No file is removed before the end, as none is before a burst at a microscope: for some minutes after many were, ext4
takes half a millisecond more to make each new one. Then frames come at twice our rate: each is stored or told as lost.
"""

import os
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser

from camera.engine.frame_ring import FrameRing, LostFrames
from camera.engine.requests import TakenFrame as RingFrame
from camera.results.burst import Burst
from images.archive.archive import Archive
from images.archive.group import GroupWriter
from images.capture.keep_burst import BurstKeeper, Group
from images.jobs.measures.bursts import GROUP_BYTES, GROUP_FRAMES
from images.library import the_library
from images.models import Job
from images.record.image import Requested
from images.record.jobs import JobRef
from images.tests.frames import make_frame, make_taken

GROUPS = 8
ROUNDS = 3
MIN_PERIOD_S = 0.002
SIZES_MB = (2, 6, 10)


def make_pixels(megabytes: int) -> np.ndarray:
    rows = megabytes * 1_000_000 // 2000
    return np.random.default_rng(7).integers(0, 256, (rows, 2000), dtype=np.uint8)


def group_size(size_bytes: int) -> int:
    return max(min(GROUP_FRAMES, GROUP_BYTES // size_bytes), 1)


def write_plainly(folder: Path, pixels: np.ndarray) -> float:
    """Frames a second."""
    folder.mkdir()
    size, began_s = group_size(pixels.nbytes), time.perf_counter()
    for first in range(0, GROUPS * size, size):
        files = []
        for number in range(first, first + size):
            file = (folder / f"{number}.raw").open("wb")
            file.write(pixels.data)
            files.append(file)
        for file in files:
            file.flush()
            os.fsync(file.fileno())
            file.close()
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
    return GROUPS * size / (time.perf_counter() - began_s)


class Stream:
    """A camera's thread that gives frames at a rate; as fast as they are taken if there is none."""

    def __init__(self, pixels: np.ndarray, rate_hz: float | None) -> None:
        self._taken = make_taken(make_frame(pixels), lambda: pixels)
        self.frames = GROUPS * group_size(pixels.nbytes)
        self.ring = FrameRing(self.frames, self.frames if rate_hz is None else 8)
        self._period_s = 1 / rate_hz if rate_hz else 0.0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        began_s = time.perf_counter()
        for number in range(1, self.frames + 1):
            time.sleep(max(began_s + number * self._period_s - time.perf_counter(), 0))
            descriptor = replace(self._taken.raw.descriptor, frame_number=number)
            raw = replace(self._taken.raw, descriptor=descriptor)
            # As from a camera, no two frames are of the same millisecond: that would be a search for a free name.
            self.ring.put(RingFrame(raw, self._taken.source, began_s + number * max(self._period_s, MIN_PERIOD_S), 1))


def keep_burst(by: AbstractBaseUser, ref: JobRef, stream: Stream, size_bytes: int) -> tuple[int, int, float]:
    """Frames stored, frames told as lost, and stored frames a second."""
    burst = Burst(stream.ring, lambda: None)
    keeper = BurstKeeper(by, Requested(), {}, size_bytes)
    began_s, stored, lost = time.perf_counter(), 0, 0
    before: Group | None = None
    while stored + lost < stream.frames:
        group = Group()
        while len(group.refs) < group_size(size_bytes) and (item := burst.take(0.1)) is not None:
            if isinstance(item, LostFrames):
                lost += item.count
            else:
                keeper.write(group, item, replace(ref, slot=item.raw.descriptor.frame_number - 1))
        if before:
            keeper.wait_until_safe(before)
        if group.refs:
            keeper.commit(group)
        stored += len(keeper.give_rows(before)) if before else 0
        before = group if group.refs else None
    keeper.close()
    return stored, lost, stored / (time.perf_counter() - began_s)


@contextmanager
def own_archive(folder: Path) -> Iterator[Path]:
    """A folder in which the archive of the library is now. Afterwards its files are empty."""
    own = Path(tempfile.mkdtemp(dir=folder))
    library = the_library()
    library.archive = Archive(own / "images", 0, own / "folders.txt")
    library.group_writer = GroupWriter(library.archive)
    yield own
    empty(own)


def make_ref(by: AbstractBaseUser) -> JobRef:
    job = Job.objects.create(name="burst", user_id=by.pk)
    return JobRef(job.pk, job.lasting_id, job.name)


def prepare(folder: Path, pixels: np.ndarray) -> None:
    write_plainly(folder, pixels)
    empty(folder)


def empty(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            os.truncate(path, 0)


def compare(by: AbstractBaseUser, folder: Path, pixels: np.ndarray) -> tuple[float, float]:
    """Frames a second, plain and ours."""
    prepare(folder / "before plain", pixels)
    plain_hz = write_plainly(folder / "plain", pixels)
    prepare(folder / "before ours", pixels)
    _, _, ours_hz = keep_burst(by, make_ref(by), Stream(pixels, None), pixels.nbytes)
    return plain_hz, ours_hz


def report_bursts() -> None:
    with tempfile.TemporaryDirectory() as folder:
        report_sizes(Path(folder))


def report_sizes(folder: Path) -> None:
    by = get_user_model().objects.create_user("benchmark")
    print("Bursts: frames a second, beside a plain writer of the same pixels; then at twice our rate")
    for megabytes in SIZES_MB:
        report_size(by, folder, megabytes)


def report_size(by: AbstractBaseUser, folder: Path, megabytes: int) -> None:
    pixels, rounds = make_pixels(megabytes), []
    for _ in range(ROUNDS):
        with own_archive(folder) as own:
            rounds.append(compare(by, own, pixels))
    plain_hz, ours_hz = (statistics.median(rates) for rates in zip(*rounds, strict=True))
    ratios = [ours_hz / plain_hz for plain_hz, ours_hz in rounds]
    stream = Stream(pixels, 2 * ours_hz)
    with own_archive(folder):
        stored, lost, _ = keep_burst(by, make_ref(by), stream, pixels.nbytes)
    print(
        f"  {megabytes:3d} MB: plain {plain_hz:6.1f}, ours {ours_hz:6.1f}: {statistics.median(ratios):.2f} of it "
        f"({min(ratios):.2f} to {max(ratios):.2f}); "
        f"at twice the rate {stored} stored, {lost} told as lost, {stream.frames - stored - lost} unreported",
        flush=True,
    )
