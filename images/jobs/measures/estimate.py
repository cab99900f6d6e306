"""Estimates before a job begins how long its plan takes and how much it needs, by test pictures on this camera and
disk."""

import logging
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings

from camera.frame import Frame
from camera.registry import the_camera
from images.capture.trial import write_trial
from images.errors import JobError, NotEnoughSpace, PlanTooFast
from images.jobs.measures.bursts import BurstMeasured, measure_burst
from images.jobs.measures.sums import SumMeasured, measure_sum
from images.jobs.plan import Plan
from images.jobs.seat import Seat, read_seat
from images.library import the_library
from images.models import Job

logger = logging.getLogger(__name__)

# A person waits for the estimate. So no further test picture begins after this time, but one is always taken.
MAX_TEST_S = 1.5
MAX_TEST_PICTURES = 5
MIN_TEST_PICTURES = 3


@dataclass(frozen=True, slots=True)
class Measured:
    """The result of `count` test pictures, which were not kept: the mean size of their files, and by how much the
    slowest took longer than its exposure. `light_ms`: the mean exposure of a picture; of sums, that of all frames
    together."""

    count: int
    bytes_per_picture: float
    overhead_s: float
    light_ms: float
    sums: tuple[SumMeasured, ...] = ()


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimate of a plan. `shortest_interval_s`: None if the plan has no interval to keep. `seconds`: from the
    first picture to the end of the last round. `promised_bytes`: what the pictures of other jobs will still need."""

    expected: int
    measured: Measured
    seconds_per_round: float
    shortest_interval_s: float | None
    seconds: float
    free_bytes: int
    reserve_bytes: int
    promised_bytes: int
    burst: BurstMeasured | None = None

    @property
    def bytes(self) -> int:
        return round(self.expected * self.measured.bytes_per_picture)

    @property
    def room_bytes(self) -> int:
        """Return how many bytes this job may use."""
        return max(self.free_bytes - self.reserve_bytes - self.promised_bytes, 0)

    @property
    def is_room_there(self) -> bool:
        return self.bytes <= self.room_bytes

    @property
    def is_too_fast(self) -> bool:
        if self.burst is not None:
            lasts_s = self.burst.seconds_until_full
            return lasts_s is not None and self.seconds > lasts_s
        return self.shortest_interval_s is not None and self.seconds_per_round > self.shortest_interval_s

    def as_json(self) -> dict[str, Any]:
        """Return the part that the row of the job keeps."""
        said = {"secondsPerFrame": round(self.burst.seconds_per_frame, 6)} if self.burst else {}
        return {
            **said,
            "bytesPerPicture": round(self.measured.bytes_per_picture),
            "secondsPerRound": round(self.seconds_per_round, 3),
            "testPictures": self.measured.count,
        }


def estimate_plan(plan: Plan) -> Estimate:
    """Take some test pictures, which are not kept, and estimate the plan. Blocks for about MAX_TEST_S, and for at least
    one exposure. Raises a CameraError or a StorageUnavailable."""
    seat = read_seat()
    burst = measure_burst(*seat.light_of(plan.slot(0))) if plan.is_burst else None
    measured = _as_measured(burst) if burst else _measure(plan, seat)
    free_bytes, reserve_bytes = the_library().archive.space()
    seconds_per_round = plan.round_size * (measured.light_ms / 1000 + measured.overhead_s)
    intervals = (
        [phase.interval for phase in plan.time.phases if phase.interval and phase.loops > 1] if plan.time else []
    )
    # Without an interval, rounds follow one another as fast as possible.
    seconds = max(
        plan.duration.total_seconds() + seconds_per_round, 0 if intervals else plan.rounds * seconds_per_round
    )
    shortest = min(intervals) / timedelta(seconds=1) if intervals else None
    return Estimate(
        expected=plan.expected,
        measured=measured,
        seconds_per_round=seconds_per_round,
        shortest_interval_s=shortest,
        seconds=seconds,
        free_bytes=free_bytes,
        reserve_bytes=reserve_bytes,
        promised_bytes=_count_promised_bytes(),
        burst=burst,
    )


def find_obstacles(plan: Plan, estimate: Estimate) -> list[str]:
    """Return sentences that say why the plan cannot begin as it is."""
    try:
        require_possible(plan, estimate)
    except JobError as problem:
        return [str(problem)]
    return []


def require_possible(plan: Plan, estimate: Estimate) -> None:
    """Raise PlanTooFast or NotEnoughSpace, with the numbers, if the plan is not possible."""
    if estimate.is_too_fast and plan.wishes.when_late is None:
        if estimate.burst is not None:
            raise _burst_too_fast(estimate.burst)
        raise PlanTooFast(
            f"A round takes {estimate.seconds_per_round:.3g} s, measured on {estimate.measured.count} test pictures, "
            f"and the interval is {estimate.shortest_interval_s:.3g} s. Take a longer interval, or say with whenLate "
            "what is to be done: skip late rounds, or stretch the plan.",
            {"metadata.microscope.whenLate": ["Needed: skip or stretch."]},
        )
    if slow := next((one for one in estimate.measured.sums if one.is_too_fast), None):
        raise _adding_too_slow(slow)
    if not estimate.is_room_there:
        needed, room, reserve, promised = map(
            _in_megabytes, (estimate.bytes, estimate.room_bytes, estimate.reserve_bytes, estimate.promised_bytes)
        )
        others = f" and the {promised} that other jobs still need" if estimate.promised_bytes else ""
        raise NotEnoughSpace(
            f"The job needs {needed}, and the disk has {room} above its reserve of {reserve}{others}. "
            "Free some space, or plan fewer or smaller pictures."
        )


def _burst_too_fast(burst: BurstMeasured) -> PlanTooFast:
    return PlanTooFast(
        f"The camera gives {_in_megabytes(burst.wanted_bytes_per_s)} a second, and the disk takes "
        f"{_in_megabytes(burst.disk_bytes_per_s)}, measured on {burst.count} test pictures: after "
        f"{burst.seconds_until_full or 0:,.1f} s the memory is full, and pictures are missed. Take fewer pictures, a "
        'smaller region or a longer exposure, or say "whenLate": "skip" to take what is possible.',
        {"metadata.microscope.whenLate": ["Needed: skip."]},
    )


def _adding_too_slow(measured: SumMeasured) -> PlanTooFast:
    return PlanTooFast(
        f"The camera gives a frame every {measured.seconds_per_frame * 1000:.3g} ms, and this PC takes "
        f"{measured.adding_s * 1000:.3g} ms to add one: {measured.frames} frames in a row are more than it can keep "
        "waiting. Add up fewer frames, or take a smaller region or a longer exposure.",
        {"metadata.microscope.average": ["Too many for this camera and PC."]},
    )


def _as_measured(burst: BurstMeasured) -> Measured:
    return Measured(burst.count, burst.bytes_per_picture, 0.0, burst.seconds_per_frame * 1000)


def _count_promised_bytes() -> int:
    """Return how many bytes the jobs that run or wait will still need."""
    jobs = Job.objects.with_plan().of_this_pc().exclude(state__in=Job.ENDED)
    rest = [
        (expected - stored - missed) * (estimate or {}).get("bytesPerPicture", 0)
        for expected, stored, missed, estimate in jobs.values_list("expected", "stored", "missed", "estimate")
    ]
    return sum(rest)


def _measure(plan: Plan, seat: Seat) -> Measured:
    """Take the slots of the first round in turn, as the job will take them, and measure them."""
    until_s = time.monotonic() + MAX_TEST_S
    frames, sums = plan.wishes.average, []
    sizes, overheads_s = [], []
    slots = list(plan.slots(0, min(plan.round_size, MAX_TEST_PICTURES)))
    for slot in slots if len(slots) > 1 else slots * MIN_TEST_PICTURES:
        exposure_ms, gain_db = seat.light_of(slot)
        if plan.is_sum:
            sums.append(measure_sum(frames, exposure_ms, gain_db, lambda frame: _write_test_picture(plan, frame)))
            sizes.append(sums[-1].size_bytes)
            overheads_s.append(sums[-1].overhead_s)
        else:
            began_s = time.monotonic()
            sizes.append(_write_test_picture(plan, the_camera().capture(exposure_ms, gain_db)))
            overheads_s.append(time.monotonic() - began_s - exposure_ms / 1000)
        if time.monotonic() > until_s:
            break
    usual_ms = seat.light["exposureMs"]
    known = [channel.exposure_ms or usual_ms for channel in plan.channels] or [usual_ms]
    # The first picture may have had to start the stream, so it counts only if it is the only one.
    slowest_s = max(overheads_s[1:] or overheads_s)
    light_ms = frames * sum(known) / len(known)
    return Measured(len(sizes), sum(sizes) / len(sizes), max(slowest_s, 0.0), light_ms, tuple(sums))


def _write_test_picture(plan: Plan, frame: Frame) -> int:
    """Write a test picture, and return its size in bytes."""
    image_format = plan.image_format or settings.IMAGE_FORMAT
    return write_trial(frame, image_format, plan.wishes.quality or settings.IMAGE_QUALITY)


def _in_megabytes(size_bytes: float) -> str:
    return f"{size_bytes / 1e9:,.2f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:,.1f} MB"
