"""Averages that are disturbed: a picture has all its frames, or it is missed and the job says why."""

from datetime import timedelta

import numpy as np
import pytest

from camera.engine.frame_ring import LossCause, LostFrames
from camera.errors import CameraLost
from images.jobs import reasons
from images.jobs.control import continue_job, pause_job, stop_job
from images.library import the_library
from images.models import Image, Job
from images.tests.clocks import SetClock
from images.tests.conftest import rows_refused, wait_until
from images.tests.frames import make_pixels
from images.tests.jobs import Bench, assert_accounted_for, finish, gaps_of, step_until, stored_slots
from images.tests.sums import add_up, average_of, camera_that_streams, make_stream, pixels_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]


@pytest.fixture
def bench(archive, tmp_path):
    bench = Bench(archive, tmp_path, SetClock())
    yield bench
    bench.supervisor.close()


def test_nothing_is_stored_before_the_last_frame_came(bench, operator, archive):
    job = bench.make(operator, average_of(8))
    stream = make_stream([make_pixels()] * 8, 8)
    with camera_that_streams(stream[:7], []) as begun:
        step_until(bench, lambda: begun and not begun[0]._items)
        bench.supervisor.step()
        assert (stored_slots(job), gaps_of(job), list(archive.root.glob("*/*.tif"))) == ([], [], [])
        begun[0]._items.append(stream[7])
        assert finish(bench, job).stored == 1


LOST = LostFrames(102, 103, LossCause.CAMERA)


OVERRUN = LostFrames(102, 102, LossCause.MEMORY)


def test_a_sum_with_a_lost_frame_is_dropped_and_taken_again(bench, operator, archive):
    job = bench.make(operator, average_of(4))
    frames = [make_pixels() // (number + 1) for number in range(6)]
    broken = [*make_stream(frames[:2], 8), LOST, *make_stream(frames[:2], 8, 104)]
    with camera_that_streams(broken, make_stream(frames[2:], 8, 200)) as begun:
        ended = finish(bench, job)
    assert (ended.stored, ended.missed) == (1, 0)
    image = Image.objects.get(job=job)
    assert np.array_equal(pixels_of(archive, image), add_up(frames[2:]))
    assert (image.metadata["sum"]["firstFrame"], image.metadata["sum"]["lastFrame"]) == (200, 203)
    assert [burst.is_closed for burst in begun] == [True, True]


def test_frames_that_do_not_follow_one_another_are_never_added(bench, operator):
    job = bench.make(operator, average_of(4))
    frames = make_stream([make_pixels()] * 5, 8)
    with camera_that_streams([*frames[:2], *frames[3:]], *[frames[:2] + frames[3:]] * 2):
        finish(bench, job)
    assert [reason for _, _, reason in gaps_of(job)] == [reasons.CAMERA_LOST_FRAMES]
    assert job.gaps.get().detail == "Frame 101 of the stream was followed by frame 103."


@pytest.mark.parametrize(
    ("lost", "reason", "detail"),
    [
        (LOST, reasons.CAMERA_LOST_FRAMES, "Frames 102 to 103 of the stream did not come from the camera."),
        (OVERRUN, reasons.COMPUTER_TOO_SLOW, "Frames 102 to 102 of the stream came faster than this PC could add"),
    ],
)
def test_a_picture_that_is_never_whole_is_missed_with_its_reason(bench, operator, archive, lost, reason, detail):
    job = bench.make(operator, average_of(4, 8, 9))
    broken = [*make_stream([make_pixels()] * 2, 8), lost]
    whole = make_stream([make_pixels()] * 4, 8)
    with camera_that_streams(broken, broken, broken, whole):
        ended = finish(bench, job)
    assert (ended.stored, ended.missed, gaps_of(job)) == (1, 1, [(0, 0, reason)])
    assert job.gaps.get().detail.startswith(detail)
    assert [image.job_slot for image in Image.objects.filter(job=job)] == [1]
    assert len(list(archive.root.glob("*/*.ome.tif"))) == 1


def test_a_camera_that_is_lost_in_the_middle_leaves_nothing_half(bench, operator, archive):
    job = bench.make(operator, average_of(4, time_plan={"interval": 60, "loops": 2}))
    first, second = (make_stream([make_pixels()] * 4, 8, number) for number in (100, 200))
    with camera_that_streams([*first[:3], CameraLost("It was unplugged.")], second) as begun:
        step_until(bench, lambda: begun and begun[0].is_closed)
        assert (stored_slots(job), list(archive.root.glob("*/*"))) == ([], [bench.files[0]])
        bench.run_for(minutes=3)
    assert stored_slots(job) == [0, 1]
    assert Image.objects.get(job=job, job_slot=0).metadata["sum"]["firstFrame"] == 200
    assert_accounted_for(job)


def begin_half_a_sum(bench: Bench, begun: list) -> None:
    """Some of its frames were added, and the next ones are still to come."""
    step_until(bench, lambda: begun and not begun[-1]._items)


def test_a_stop_holds_in_the_middle_of_a_picture_and_frees_the_camera(bench, operator, archive):
    job = bench.make(operator, average_of(64))
    with camera_that_streams(make_stream([make_pixels()] * 3, 8)) as begun:
        begin_half_a_sum(bench, begun)
        stop_job(job.pk, operator)
        bench.supervisor.step()
        assert begun[0].is_closed
    job.refresh_from_db()
    assert (job.state, job.stored, job.missed, stored_slots(job)) == (Job.State.STOPPED, 0, 0, [])
    assert not list(archive.root.glob("*/*.tif"))


def test_after_a_pause_the_picture_is_taken_from_its_first_frame(bench, operator, archive):
    job = bench.make(operator, average_of(4))
    frames = [make_pixels() // (number + 1) for number in range(6)]
    with camera_that_streams(make_stream(frames[:3], 8), make_stream(frames[2:], 8, 500)) as begun:
        begin_half_a_sum(bench, begun)
        pause_job(job.pk, operator)
        bench.supervisor.step()
        assert begun[0].is_closed
        continue_job(job.pk, operator)
        finish(bench, job)
    image = Image.objects.get(job=job)
    assert np.array_equal(pixels_of(archive, image), add_up(frames[2:]))
    assert image.metadata["sum"]["firstFrame"] == 500


def test_a_kill_in_the_middle_costs_the_frames_but_no_picture(bench, operator, archive):
    job = bench.make(operator, average_of(4, time_plan={"interval": 60, "loops": 3}))
    frames = make_stream([make_pixels()] * 4, 8)
    with camera_that_streams(frames[:2], frames, frames) as begun:
        begin_half_a_sum(bench, begun)
        bench.die(seconds=5)
        bench.run_for(seconds=70)
    assert (stored_slots(job), gaps_of(job)) == ([0, 1], [])
    with camera_that_streams(frames[:2]):
        bench.run_for(seconds=40)
        bench.supervisor.step()
        bench.die(minutes=10)
        ended = finish(bench, job)
    assert (ended.stored, gaps_of(job)) == (2, [(2, 2, reasons.PROGRAM_NOT_RUNNING)])


def test_a_picture_under_way_is_kept_even_if_its_round_is_over(bench, operator):
    job = bench.make(operator, average_of(4, time_plan={"interval": 60, "loops": 4}))
    frames = make_stream([make_pixels()] * 4, 8)
    with camera_that_streams(frames[:2], frames, frames, frames) as begun:
        begin_half_a_sum(bench, begun)
        bench.clock.run(timedelta(seconds=130))
        begun[0]._items.extend(frames[2:])
        bench.run_for(minutes=3)
    assert (stored_slots(job), gaps_of(job)) == ([0, 2, 3], [(1, 1, reasons.ROUND_WAS_LATE)])
    assert_accounted_for(job)


def test_where_late_rounds_move_a_picture_under_way_moves_only_those_after_it(bench, operator):
    plan = average_of(4, time_plan={"interval": 60, "loops": 3})
    plan["metadata"]["microscope"]["whenLate"] = "stretch"
    job = bench.make(operator, plan)
    frames = make_stream([make_pixels()] * 4, 8)
    with camera_that_streams(frames[:2], frames, frames) as begun:
        begin_half_a_sum(bench, begun)
        began_at = bench.clock.now()
        bench.clock.run(timedelta(seconds=130))
        begun[0]._items.extend(frames[2:])
        bench.run_for(minutes=4)
    ended = assert_accounted_for(job)
    assert (stored_slots(job), gaps_of(job), ended.state) == ([0, 1, 2], [], Job.State.FINISHED)
    assert ended.ended_at >= began_at + timedelta(seconds=190)


def test_a_long_picture_is_no_stalled_job(bench, operator):
    job = bench.make(operator, average_of(4096, 1000))
    step_until(bench, lambda: bench.supervisor._runner and bench.supervisor._runner._sums.is_on)
    assert bench.supervisor._runner.patience_s > 4096
    stop_job(job.pk, operator)
    bench.supervisor.step()


def test_a_full_disk_pauses_the_job_and_costs_no_frames(bench, operator, archive):
    job = bench.make(operator, average_of(4))
    reserve = archive._folder._reserve_bytes
    archive._folder._reserve_bytes = 10**18
    with camera_that_streams(make_stream([make_pixels()] * 4, 8)) as begun:
        step_until(bench, lambda: Job.objects.get(pk=job.pk).state == Job.State.PAUSED)
        assert begun == []
        archive._folder._reserve_bytes = reserve
        assert finish(bench, job).stored == 1


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_sums_are_kept_and_rows_follow(bench, operator):
    job = bench.make(operator, average_of(4, time_plan={"interval": 60, "loops": 4}))
    frames = make_stream([make_pixels()] * 4, 8)
    with camera_that_streams(frames, frames, frames, frames):
        bench.run_for(seconds=30)
        with rows_refused():
            bench.run_for(seconds=90)
        wait_until(lambda: the_library().backfiller.pending_count == 0)
        bench.run_for(minutes=5)
    ended = finish(bench, job)
    assert (ended.stored, gaps_of(job)) == (4, [])
