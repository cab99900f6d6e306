"""What hinders a job in the night, and what becomes of it: a clock that the test sets passes the time."""

import os
from datetime import timedelta

import pytest

from camera.errors import CameraLost, CaptureFailed, FrameInvalid, SettingRefused
from images.jobs import reasons
from images.jobs.control import continue_job, pause_job, take_next_plane
from images.jobs.measures.estimate import estimate_plan
from images.jobs.plan import parse_plan
from images.library import the_library
from images.models import Image, Job
from images.record.image import parse_time
from images.tests.clocks import START
from images.tests.conftest import rows_refused, wait_until
from images.tests.jobs import assert_accounted_for, camera_that_fails, gaps_of, stored_slots, time_lapse

pytestmark = [pytest.mark.long, pytest.mark.django_db, pytest.mark.usefixtures("camera")]


def finish(bench, job) -> Job:
    bench.run_for(hours=1)
    ended = assert_accounted_for(job)
    assert ended.state == Job.State.FINISHED
    return ended


def test_while_the_camera_is_away_one_gap_grows(bench, operator):
    job = bench.make(operator, time_lapse(10))
    bench.run_for(seconds=90)
    with camera_that_fails(take=CameraLost("It was unplugged.")):
        bench.run_for(minutes=4)
        bench.run_for(seconds=5)
        assert gaps_of(job) == [(2, 4, reasons.CAMERA_LOST)]
        job.refresh_from_db()
        assert job.state == Job.State.RUNNING
    finish(bench, job)
    assert gaps_of(job) == [(2, 4, reasons.CAMERA_LOST)]
    assert job.gaps.get().detail == "It was unplugged."


def test_a_plan_can_say_after_how_long_without_a_camera_the_job_fails(bench, operator):
    job = bench.make(operator, time_lapse(10, giveUpAfter=150))
    bench.run_for(seconds=90)
    for _ in range(2):
        with camera_that_fails(take=CameraLost("It was unplugged.")):
            bench.run_for(seconds=100)
        bench.run_for(seconds=60)
    assert assert_accounted_for(job).state == Job.State.RUNNING
    with camera_that_fails(take=CameraLost("It was unplugged.")):
        bench.run_for(minutes=4)
    failed = assert_accounted_for(job)
    assert (failed.state, failed.reason, failed.detail) == ("failed", reasons.CAMERA_LOST, "It was unplugged.")
    assert failed.ended_at and failed.stored + failed.missed < failed.expected
    bench.run_for(hours=1)
    assert assert_accounted_for(job).stored == failed.stored


def test_what_passed_while_the_computer_slept_is_a_gap_that_says_so(bench, operator):
    job = bench.make(operator, time_lapse(10))
    bench.run_for(seconds=90)
    bench.clock.sleep(timedelta(minutes=4))
    finish(bench, job)
    assert gaps_of(job) == [(2, 4, reasons.COMPUTER_ASLEEP)]
    assert [event["text"] for event in job.events if event["what"] == "slept"] == ["The computer slept for 240 s."]


def test_a_pause_of_the_user_stays_that_while_the_computer_sleeps(bench, operator):
    job = bench.make(operator, time_lapse(10))
    bench.run_for(seconds=90)
    pause_job(job.pk, operator)
    bench.run_for(seconds=1)
    bench.clock.sleep(timedelta(minutes=4))
    bench.run_for(seconds=5)
    assert gaps_of(job) == [(2, 4, "Paused by ada")]


def test_while_a_job_runs_or_waits_the_computer_is_kept_awake(bench, operator):
    bench.run_for(seconds=5)
    assert not bench.awake.is_held
    job = bench.make(operator, time_lapse(3), starts_at=START + timedelta(hours=1))
    bench.run_for(minutes=30)
    assert bench.awake.is_held
    finish(bench, job)
    bench.run_for(seconds=5)
    assert not bench.awake.is_held


def test_one_bad_frame_is_tried_again(bench, operator, camera, drivers):
    job = bench.make(operator, time_lapse(3))
    bench.run_for(seconds=30)
    drivers[-1].faults += [FrameInvalid("not believed")] * 5
    assert finish(bench, job).missed == 0


def test_a_disk_at_its_reserve_pauses_the_job_which_goes_on_by_itself(bench, operator, archive):
    job = bench.make(operator, time_lapse(8))
    bench.run_for(seconds=90)
    reserve = archive._folder._reserve_bytes
    archive._folder._reserve_bytes = 10**18
    bench.run_for(minutes=3)
    paused = assert_accounted_for(job)
    assert (paused.state, paused.pause_cause, paused.reason) == ("paused", "storage", reasons.DISK_AT_ITS_RESERVE)
    assert "MB are kept in reserve" in paused.detail
    archive._folder._reserve_bytes = reserve
    finish(bench, job)
    assert [reason for _, _, reason in gaps_of(job)] == [reasons.DISK_AT_ITS_RESERVE]
    assert stored_slots(job)[:2] == [0, 1]


def test_a_drive_that_is_pulled_out_pauses_the_job_and_its_account_follows(bench, operator, archive, tmp_path):
    job = bench.make(operator, time_lapse(8))
    bench.run_for(seconds=90)
    os.rename(archive.root, tmp_path / "in a pocket")
    bench.run_for(minutes=3)
    job.refresh_from_db()
    assert (job.state, job.reason) == (Job.State.PAUSED, reasons.DISK_NOT_THERE)
    os.rename(tmp_path / "in a pocket", archive.root)
    finish(bench, job)
    assert [reason for _, _, reason in gaps_of(job)] == [reasons.DISK_NOT_THERE]
    bench.die()
    bench.run_for(minutes=1)
    assert_accounted_for(job)


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_the_job_goes_on_and_rows_follow(bench, operator, settings):
    job = bench.make(operator, time_lapse(6))
    bench.run_for(seconds=30)
    with rows_refused():
        bench.run_for(seconds=90)
    wait_until(lambda: the_library().backfiller.pending_count == 0)
    finish(bench, job)
    assert stored_slots(job) == list(range(6))


@pytest.mark.parametrize("hours", [-3, 5])
def test_a_clock_that_is_set_moves_no_picture(bench, operator, hours):
    job = bench.make(operator, time_lapse(6))
    bench.run_for(seconds=90)
    began_s = bench.clock.elapsed_s()
    bench.clock.jump(timedelta(hours=hours))
    bench.run_for(seconds=31)
    assert stored_slots(job) == [0, 1, 2]
    assert bench.clock.elapsed_s() - began_s == 31
    bench.die(seconds=1)
    finish(bench, job)
    assert gaps_of(job) == []
    assert [event["what"] for event in Job.objects.get().events if "shiftS" in event] == ["clock_set"]
    last = Image.objects.get(job_slot=5).metadata["job"]["dueAt"]
    assert parse_time(last) == START + timedelta(hours=hours, minutes=5)


def test_after_a_start_a_clock_that_is_behind_the_last_picture_pauses_and_asks(bench, operator):
    job = bench.make(operator, time_lapse(6))
    bench.run_for(minutes=2, seconds=30)
    bench.die()
    bench.clock.jump(timedelta(days=-2))
    bench.run_for(minutes=10)
    paused = assert_accounted_for(job)
    assert (paused.state, paused.reason, paused.missed) == ("paused", reasons.CLOCK_SET_BACK, 0)
    continue_job(job.pk, operator)
    assert finish(bench, job).stored == 6


def test_late_rounds_are_skipped_whole(bench, operator):
    job = bench.make(operator, time_lapse(6, whenLate="skip"))
    bench.run_for(seconds=90)
    bench.clock.run(timedelta(minutes=2, seconds=15))
    finish(bench, job)
    assert gaps_of(job) == [(2, 2, reasons.ROUND_WAS_LATE)]


def test_late_rounds_stretch_the_plan_if_it_says_so(bench, operator):
    job = bench.make(operator, time_lapse(6, whenLate="stretch"))
    bench.run_for(seconds=90)
    bench.clock.run(timedelta(minutes=2, seconds=15))
    assert finish(bench, job).missed == 0
    due = [parse_time(image.metadata["job"]["dueAt"]) for image in Image.objects.order_by("job_slot")]
    assert [(later - due[0]).total_seconds() for later in due] == [0, 60, 225, 285, 345, 405]


def test_if_the_camera_is_set_otherwise_the_job_pauses_until_it_is_as_before(bench, operator, camera):
    job = bench.make(operator, time_lapse(10))
    bench.run_for(seconds=90)
    camera.configure(flip_horizontal=True)
    bench.run_for(minutes=2)
    paused = assert_accounted_for(job)
    assert (paused.state, paused.reason) == ("paused", reasons.CAMERA_CHANGED)
    assert paused.detail == "The horizontal flip was off when the job began, and is on now."
    camera.configure(flip_horizontal=False)
    finish(bench, job)
    assert [reason for _, _, reason in gaps_of(job)] == [reasons.CAMERA_CHANGED]


def test_somebody_can_let_it_go_on_with_the_camera_as_it_is(bench, operator, camera):
    job = bench.make(operator, time_lapse(6))
    bench.run_for(seconds=90)
    camera.configure(flip_vertical=True)
    bench.run_for(minutes=1)
    continue_job(job.pk, operator, with_camera_as_it_is=True)
    finish(bench, job)
    assert Image.objects.get(job_slot=5).metadata["actual"]["flipVertical"] is True


def test_a_camera_that_was_opened_anew_gets_the_geometry_of_the_job(bench, operator, camera):
    camera.configure(flip_horizontal=True)
    job = bench.make(operator, time_lapse(6))
    bench.run_for(seconds=90)
    camera.configure(flip_horizontal=False)
    bench.die()
    finish(bench, job)
    flips = {image.metadata["actual"]["flipHorizontal"] for image in Image.objects.all()}
    assert (gaps_of(job), flips) == ([], {True})


def test_a_plan_that_was_changed_in_the_database_is_not_carried_out(bench, operator):
    job = bench.make(operator, time_lapse(6), starts_at=START + timedelta(minutes=5))
    Job.objects.filter(pk=job.pk).update(plan=time_lapse(600))
    bench.run_for(minutes=10)
    job.refresh_from_db()
    assert (job.state, job.reason, Image.objects.count()) == ("failed", reasons.PLAN_CHANGED, 0)


def test_a_z_series_by_hand_waits_at_each_plane(bench, operator):
    plan = {"z_plan": {"relative": [-1, 0, 1]}, "metadata": {"microscope": {"pacing": "manual"}}}
    job = bench.make(operator, plan)
    for taken in range(3):
        bench.run_for(minutes=1)
        job.refresh_from_db()
        assert (job.pause_cause, job.stored) == ("plane", taken)
        pause_job(job.pk, operator)
        continue_job(job.pk, operator)
        bench.run_for(minutes=1)
        take_next_plane(job.pk, operator)
        take_next_plane(job.pk, operator)
    assert finish(bench, job).missed == 0


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (CaptureFailed("No frame could be believed."), reasons.CAPTURE_FAILED),
        (SettingRefused("Not so long."), reasons.SETTING_REFUSED),
    ],
)
def test_what_fails_again_and_again_costs_one_picture_and_not_the_job(bench, operator, problem, reason):
    job = bench.make(operator, time_lapse(3))
    with camera_that_fails(take=problem):
        bench.run_for(seconds=30)
    finish(bench, job)
    assert gaps_of(job) == [(0, 0, reason)]
    assert job.gaps.get().detail == str(problem)


def test_without_a_camera_a_job_of_the_queue_waits_and_one_with_a_time_misses(bench, operator):
    waiting = bench.make(operator, time_lapse(2))
    planned = bench.make(operator, time_lapse(4), starts_at=START + timedelta(hours=1))
    away = CameraLost("It was unplugged.")
    with camera_that_fails(limits=away, take=away):
        bench.run_for(minutes=5)
        waiting.refresh_from_db()
        assert waiting.state == Job.State.QUEUED
    bench.run_for(minutes=50)
    assert assert_accounted_for(waiting).stored == 2
    with camera_that_fails(limits=away, take=away):
        bench.run_for(minutes=7, seconds=30)
    finish(bench, planned)
    assert gaps_of(planned) == [(0, 1, reasons.CAMERA_LOST)]


def test_what_pictures_need_is_measured_before(bench, operator):
    plan = parse_plan(time_lapse(10, format="tiff"))
    estimate = estimate_plan(plan)
    job = bench.make(operator, plan.as_json())
    finish(bench, job)
    used = sum(Image.objects.values_list("file_size", flat=True))
    assert abs(estimate.bytes - used) < 0.05 * used
