"""A burst as a job: frames of the running stream become originals of their own, and every slot is accounted for."""

import os
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from camera.errors import CameraBusy
from images.archive.group import GroupWriter
from images.capture.keep_burst import BurstKeeper
from images.errors import PlanTooFast
from images.index.adoption import adopt_unlisted
from images.jobs import reasons
from images.jobs.control import pause_job, stop_job
from images.jobs.measures.estimate import estimate_plan
from images.jobs.plan import parse_plan
from images.library import the_library
from images.models import Image, Job
from images.record.image import Requested
from images.tests.clocks import SetClock
from images.tests.jobs import Bench, assert_accounted_for, finish, gaps_of, step_until, stored_slots

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera"), pytest.mark.long]

LOST = {reasons.CAMERA_LOST_FRAMES, reasons.DISK_TOO_SLOW}


@pytest.fixture
def bench(archive, tmp_path):
    bench = Bench(archive, tmp_path, SetClock())
    yield bench
    bench.supervisor.close()


def burst_of(frames: int, exposure_ms: float = 8) -> dict:
    return {
        "time_plan": {"interval": 0, "loops": frames},
        "channels": [{"config": "fast", "exposure": exposure_ms}],
        "metadata": {"microscope": {"whenLate": "skip", "sample": "HeLa"}},
    }


def finish_burst(bench: Bench, job: Job) -> Job:
    ended = finish(bench, job)
    assert (ended.state, ended.expected) == (Job.State.FINISHED, ended.stored + ended.missed)
    return ended


def assert_consecutive_or_lost(job: Job) -> None:
    """From one picture to the next, the camera's numbers advance as the slots do."""
    images = list(Image.objects.filter(job=job).order_by("job_slot"))
    steps = {image.metadata["frame"]["number"] - image.job_slot for image in images}
    assert len(steps) == 1


def test_threads_take_turns_as_usual_once_a_burst_is_over(archive, operator):
    usual_s = sys.getswitchinterval()
    keeper = BurstKeeper(operator, Requested(), {}, bytes_per_frame=2_000_000)
    assert sys.getswitchinterval() < usual_s
    keeper.close()
    assert sys.getswitchinterval() == usual_s


def slow_writer(archive, seconds: float) -> GroupWriter:
    """The disk takes so long for each file, one after the other."""
    turn = threading.Lock()

    def force(descriptor: int) -> None:
        with turn:
            time.sleep(seconds)
            os.fsync(descriptor)

    return GroupWriter(archive, force)


def test_each_frame_of_the_stream_is_an_original_of_its_own(bench, operator, archive):
    job = bench.make(operator, burst_of(70))
    assert job.kind == "burst"
    ended = finish_burst(bench, job)
    assert ended.stored >= 1
    assert {reason for _, _, reason in gaps_of(job)} <= LOST
    assert_consecutive_or_lost(job)
    images = list(Image.objects.filter(job=job).order_by("job_slot"))
    assert len(list(archive.root.glob("*/*.ome.tif"))) == len(images) == ended.stored
    for image in images:
        said = image.metadata["job"]
        assert (said["slot"], said["index"], said["expected"]) == (image.job_slot, {"t": image.job_slot, "c": 0}, 70)
        assert (image.metadata["actual"]["exposureMs"], image.sample, image.image_format) == (8, "HeLa", "tiff")
    assert ["plan" in image.metadata["job"] for image in images] == [True] + [False] * (len(images) - 1)
    assert [image.captured_at for image in images] == sorted(image.captured_at for image in images)
    assert not list(archive.root.glob("*/.capture*"))


def test_at_half_the_cameras_rate_of_a_disk_every_frame_is_stored_or_told(bench, operator, archive, settings):
    settings.BURST_MEMORY_MB = 1
    the_library().group_writer = slow_writer(archive, 0.016)
    job = bench.make(operator, burst_of(240))
    ended = finish_burst(bench, job)
    assert ended.missed
    assert reasons.DISK_TOO_SLOW in {reason for _, _, reason in gaps_of(job)}
    assert all(gap.detail.startswith("Frames ") for gap in job.gaps.all())
    assert_consecutive_or_lost(job)


def test_a_disk_that_is_too_slow_is_told_before_the_job_begins(bench, operator, archive, settings):
    settings.BURST_MEMORY_MB = 1
    the_library().group_writer = slow_writer(archive, 0.1)
    plan = burst_of(10_000)
    estimate = estimate_plan(parse_plan(plan))
    assert estimate.burst and estimate.burst.disk_bytes_per_s < estimate.burst.wanted_bytes_per_s
    assert 0 < estimate.burst.seconds_until_full < estimate.seconds
    plan["metadata"] = {}
    with pytest.raises(PlanTooFast) as refused:
        bench.make(operator, plan)
    assert "MB a second, and the disk takes" in str(refused.value)
    assert not Job.objects.exists()


def test_what_passed_while_no_program_ran_is_missed_and_the_burst_goes_on(bench, operator, archive):
    bench.clock.jump(datetime.now(UTC) - bench.clock.now())
    job = bench.make(operator, burst_of(100_000))
    step_until(bench, lambda: stored_slots(job))
    bench.supervisor._runner._burst._run.burst.close()  # of a process that is killed nothing goes on
    bench.die(seconds=120)
    adopt_unlisted(archive)
    before = len(stored_slots(job))
    step_until(bench, lambda: len(stored_slots(job)) > before)
    assert reasons.PROGRAM_NOT_RUNNING in {reason for _, _, reason in gaps_of(job)}
    pause_job(job.pk, operator)
    bench.supervisor.step()
    bench.clock.run(timedelta(hours=1))
    finish_burst(bench, job)
    assert gaps_of(job)[-1][2] == "Paused by ada"


def test_a_lost_camera_is_a_gap_and_the_burst_goes_on_with_it(bench, operator, drivers):
    job = bench.make(operator, burst_of(4000))
    step_until(bench, lambda: stored_slots(job))
    drivers[-1].unplug()
    step_until(bench, lambda: bench.supervisor._runner._hindrance)
    bench.clock.run(timedelta(seconds=5))
    step_until(bench, lambda: reasons.CAMERA_LOST in {reason for _, _, reason in gaps_of(job)})
    bench.clock.run(timedelta(minutes=5))
    finish_burst(bench, job)


def test_a_pause_takes_no_more_frames_and_frees_the_camera(bench, operator, camera):
    job = bench.make(operator, burst_of(4000))
    step_until(bench, lambda: stored_slots(job))
    with pytest.raises(CameraBusy):
        camera.capture(3.0)
    stop_job(job.pk, operator)
    for _ in range(3):
        bench.supervisor.step()
    stored = len(stored_slots(job))
    assert_accounted_for(job)
    step_until(bench, lambda: is_free(camera))
    assert len(stored_slots(job)) == stored < 4000
    assert Job.objects.get(pk=job.pk).state == Job.State.STOPPED


def is_free(camera) -> bool:
    try:
        return camera.capture(3.0) is not None
    except CameraBusy:
        return False


def test_a_full_disk_pauses_the_burst_and_nothing_half_stays(bench, operator, archive):
    job = bench.make(operator, burst_of(4000))
    step_until(bench, lambda: stored_slots(job))
    reserve = archive._folder._reserve_bytes
    archive._folder._reserve_bytes = 10**18
    step_until(bench, lambda: Job.objects.get(pk=job.pk).state == Job.State.PAUSED)
    paused = assert_accounted_for(job)
    assert (paused.pause_cause, paused.reason) == ("storage", reasons.DISK_AT_ITS_RESERVE)
    assert not list(archive.root.glob("*/.capture*"))
    assert len(list(archive.root.glob("*/*.ome.tif"))) == paused.stored
    archive._folder._reserve_bytes = reserve
    bench.clock.run(timedelta(seconds=1))
    bench.supervisor.step()
    bench.clock.run(timedelta(minutes=5))
    finish_burst(bench, job)
    assert reasons.DISK_AT_ITS_RESERVE in {reason for _, _, reason in gaps_of(job)}
