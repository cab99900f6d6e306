"""Takes the frames of a burst out of the ring and keeps them, group by group. Notes for each slot what became of it."""

import contextlib
import time
from dataclasses import dataclass, field
from datetime import timedelta

from camera.engine.frame_ring import LossCause, LostFrames
from camera.engine.requests import Permit
from camera.errors import CameraError
from camera.registry import the_camera
from camera.results.burst import Burst
from camera.results.taken_frame import TakenFrame
from images.capture.keep_burst import BurstKeeper, Group
from images.errors import StorageUnavailable
from images.jobs import reasons
from images.jobs.grid import Grid
from images.jobs.measures.bursts import GROUP_BYTES, GROUP_FRAMES, GROUP_S, count_ring_frames
from images.jobs.running.describe_slot import describe_for_people, ref_of
from images.jobs.running.ledger import Ledger
from images.jobs.running.watching.clock_watch import ClockWatch
from images.jobs.seat import Seat
from images.models import Job
from images.record.image import Requested


@dataclass
class Part:
    """Frames in a row, from `first_slot` on, and the frames that were lost after them."""

    first_slot: int
    group: Group = field(default_factory=Group)
    lost: LostFrames | None = None


@dataclass
class Run:
    """Frames of one stream. `next_slot` is that of the next frame out of the ring. `gathering` is the part that
    is being written, `making_safe` the one before it, which is being forced to disk."""

    burst: Burst
    keeper: BurstKeeper
    next_slot: int
    has_to_tell_plan: bool
    gathering: Part | None = None
    making_safe: Part | None = None


class BurstTaker:
    """The burst of one job. Only for the thread that runs it. Each slot is one frame of the stream. While no frames
    are taken, slots are missed at the pace of the camera, as if it had gone on."""

    def __init__(self, grid: Grid, ledger: Ledger, watch: ClockWatch, *, is_resumed: bool) -> None:
        self._grid = grid
        self._plan = grid.plan
        self._ledger = ledger
        self._watch = watch
        self._run: Run | None = None
        self._problem: CameraError | None = None
        # In seconds of the clock's `elapsed_s`; None until the first frame.
        self._idle_since_s = self._find_idle_since_s() if is_resumed else None

    @property
    def is_on(self) -> bool:
        """True while frames are taken. Until then, nobody else gets the camera."""
        return self._run is not None

    def miss_what_is_over(self, reason: str, detail: str) -> None:
        """Note a gap for the slots whose time has passed while no frames were taken."""
        if self._run is not None or self._idle_since_s is None:
            return
        idle_s = self._watch.elapsed_s - self._idle_since_s
        count = min(int(idle_s / self._period_s), self._plan.expected - self._ledger.next_slot)
        if count > 0:
            # Only whole frames are missed: the rest of the time counts for the next look.
            since = self._watch.now - timedelta(seconds=idle_s)
            until = since + timedelta(seconds=count * self._period_s)
            slots = range(self._ledger.next_slot, self._ledger.next_slot + count)
            self._ledger.miss(slots, reason, since, until, detail)
            self._idle_since_s += count * self._period_s

    def take_part(self, permit: Permit) -> None:
        """Take the next part. Returns when the part before it is safe and noted. Blocks for about GROUP_S, and longer
        if the disk is behind. Raises CameraError and StorageUnavailable, after everything that is safe was noted."""
        began_s = time.perf_counter()
        run = self._run = self._run or self._begin(permit)
        try:
            part = self._gather(run, began_s)
            # Before the next commit, so that at most two groups are in memory and slots are noted in their order.
            safe = self._await_safe(run)
            if part.group.refs:
                run.keeper.commit(part.group)
            run.gathering, run.making_safe = None, part
            # The disk is busy with this part while the one before it gets its rows.
            self._note(run, safe)
            if self._problem is not None or run.next_slot >= self._plan.expected:
                self.end()
        except BaseException:
            # Frames on their way to the disk are noted nevertheless. Otherwise their slots would count as missed.
            with contextlib.suppress(StorageUnavailable):
                self.end()
            raise
        problem, self._problem = self._problem, None
        if problem is not None:
            raise problem

    def end(self) -> None:
        """Take no more frames, and note those that were taken once they are safe. Blocks for the disk. Raises
        StorageUnavailable; then they are not safe, and not noted."""
        if self._run is not None:
            try:
                self._note(self._run, self._await_safe(self._run))
            finally:
                self._close()

    def _begin(self, permit: Permit) -> Run:
        job, self._problem = self._ledger.job, None
        assert job.seat
        slot = self._plan.slot(self._ledger.next_slot)
        exposure_ms, gain_db = Seat.from_json(job.seat).light_of(slot)
        said = describe_for_people(self._plan, slot)
        keeper = BurstKeeper(job.user, Requested(exposure_ms, gain_db), said, self._bytes_per_frame)
        try:
            capacity = count_ring_frames(self._bytes_per_frame)
            count = self._plan.expected - slot.number
            burst = the_camera().begin_burst(count, capacity, exposure_ms, gain_db, permit)
        except BaseException:
            keeper.close()
            raise
        # The first picture of a job carries the plan. In a burst that is resumed, it is stored already.
        return Run(burst, keeper, slot.number, has_to_tell_plan=not self._ledger.stored)

    def _gather(self, run: Run, began_s: float) -> Part:
        """Return the frames that come out of the ring until one is lost, the group is large enough, or time is up."""
        part = run.gathering = Part(run.next_slot)
        most = max(min(GROUP_FRAMES, GROUP_BYTES // self._bytes_per_frame), 1)
        while len(part.group.refs) < most and run.next_slot < self._plan.expected:
            try:
                item = run.burst.take(max(began_s + GROUP_S - time.perf_counter(), 0.0))
            except CameraError as problem:
                # Raised later: first the frames that came before it must become safe.
                self._problem = problem
                break
            if item is None:
                break
            self._idle_since_s = self._watch.elapsed_s + time.perf_counter() - began_s
            if isinstance(item, LostFrames):
                part.lost = item
                run.next_slot = min(run.next_slot + item.count, self._plan.expected)
                break
            self._write(run, part, item)
        return part

    def _write(self, run: Run, part: Part, taken: TakenFrame) -> None:
        slot = self._plan.slot(run.next_slot)
        due_at = self._grid.due_at(slot.round)
        ref = ref_of(self._ledger.job, self._plan, slot, due_at, is_first=run.has_to_tell_plan)
        run.has_to_tell_plan = False
        run.next_slot += 1
        run.keeper.write(part.group, taken, ref)

    def _await_safe(self, run: Run) -> Part | None:
        """Return the part that is being forced to disk, once it is safe; None if there is none."""
        part, run.making_safe = run.making_safe, None
        if part is not None and part.group.refs:
            run.keeper.wait_until_safe(part.group)
        return part

    def _note(self, run: Run, part: Part | None) -> None:
        """Write the rows of a part that is safe, and note its slots as stored or missed."""
        if part is None:
            return
        if part.group.refs:
            run.keeper.give_rows(part.group)
            # Only once the rows are written or postponed: a slot is never stored in the ledger before its file is safe.
            self._ledger.store(part.first_slot, len(part.group.refs))
        if part.lost is not None:
            self._miss_lost(part.lost)

    def _miss_lost(self, lost: LostFrames) -> None:
        first, now = self._ledger.next_slot, self._watch.now
        slots = range(first, min(first + lost.count, self._plan.expected))
        reason = reasons.DISK_TOO_SLOW if lost.cause is LossCause.MEMORY else reasons.CAMERA_LOST_FRAMES
        # Nobody knows when exactly the frames were lost. The time is counted back from now at the pace of the camera.
        since = now - timedelta(seconds=len(slots) * self._period_s)
        self._ledger.miss(slots, reason, since, now, f"Frames {lost.first_number} to {lost.last_number} of the stream.")

    def _close(self) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        run.burst.close()
        # These frames were not handed to the disk yet. Their slots are missed, so their files must not stay.
        if run.gathering is not None:
            run.keeper.discard(run.gathering.group)
        run.keeper.close()

    @property
    def _period_s(self) -> float:
        """The time between two frames, as measured before the job began."""
        seat = self._ledger.job.seat or {}
        known = (self._ledger.job.estimate or {}).get("secondsPerFrame") or seat.get("exposureMs", 0) / 1000
        # Never zero, because it is divided by.
        return max(known, 0.001)

    @property
    def _bytes_per_frame(self) -> int:
        return max((self._ledger.job.estimate or {}).get("bytesPerPicture", 0), 1)

    def _find_idle_since_s(self) -> float | None:
        """Return when the last frame or gap ended before the program died, in `elapsed_s` of the clock. Nobody took
        frames since. None if the burst had not begun."""
        job: Job = self._ledger.job
        if not self._ledger.next_slot:
            return None
        gap = job.gaps.order_by("-last_slot").first()
        image = job.images.filter(job_slot__isnull=False).order_by("-job_slot").first()
        # An image may be younger than the last gap, or the other way round.
        last = max(one for one in (gap and gap.until, image and image.captured_at) if one)
        return self._watch.elapsed_s - max((self._watch.now - last).total_seconds(), 0.0)
