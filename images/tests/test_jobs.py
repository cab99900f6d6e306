"""A job, from the plan to its last slot, while a clock that the test sets passes the time."""

from datetime import timedelta

import pytest

from images.index.adoption import adopt_unlisted
from images.jobs import reasons
from images.jobs.control import continue_job, pause_job, stop_job
from images.models import Image, Job
from images.record.image import parse_time
from images.tests.clocks import START
from images.tests.jobs import assert_accounted_for, gaps_of, stored_slots, time_lapse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]


def test_a_time_lapse_takes_each_picture_when_it_is_due(bench, operator):
    job = bench.make(operator, time_lapse(5, sample="HeLa"))
    assert (job.state, job.expected) == (Job.State.QUEUED, 5)
    bench.run_for(minutes=2, seconds=30)
    assert stored_slots(job) == [0, 1, 2]
    assert assert_accounted_for(job).state == Job.State.RUNNING
    bench.run_for(minutes=10)
    assert stored_slots(job) == [0, 1, 2, 3, 4]
    assert assert_accounted_for(job).state == Job.State.FINISHED
    assert gaps_of(job) == []
    assert set(Image.objects.values_list("sample", "user__username")) == {("HeLa", "ada")}


def test_each_picture_says_its_job_slot_place_and_due_time(bench, operator):
    job = bench.make(operator, time_lapse(3))
    bench.run_for(minutes=5)
    said = [image.metadata["job"] for image in Image.objects.order_by("job_slot")]
    assert [(one["id"], one["number"], one["name"]) for one in said] == [(str(job.lasting_id), job.pk, "night")] * 3
    assert [(one["slot"], one["index"]["t"], one["expected"]) for one in said] == [(0, 0, 3), (1, 1, 3), (2, 2, 3)]
    assert [parse_time(one["dueAt"]) for one in said] == [START + timedelta(minutes=number) for number in range(3)]
    assert [one.get("plan") for one in said] == [job.plan, None, None]


def test_what_passed_while_no_program_ran_is_one_gap_with_its_reason(bench, operator):
    job = bench.make(operator, time_lapse(10))
    bench.run_for(minutes=2, seconds=30)
    bench.die(minutes=4)
    bench.run_for(minutes=20)
    assert gaps_of(job) == [(3, 5, reasons.PROGRAM_NOT_RUNNING)]
    assert stored_slots(job) == [0, 1, 2, 6, 7, 8, 9]
    assert assert_accounted_for(job).state == Job.State.FINISHED
    gap = job.gaps.get()
    assert (gap.since, gap.until) == (START + timedelta(minutes=3), START + timedelta(minutes=6))


def test_due_times_do_not_move_however_often_the_program_dies(bench, operator):
    job = bench.make(operator, time_lapse(40, 10))
    for number in range(30):
        bench.run_for(seconds=7 + number % 5)
        bench.die(seconds=number % 13 + 0.25)
    bench.run_for(minutes=10)
    assert_accounted_for(job)
    for image in Image.objects.filter(job=job):
        due_at = parse_time(image.metadata["job"]["dueAt"])
        assert due_at == START + timedelta(seconds=10 * image.job_slot)


def test_a_picture_whose_row_was_never_written_keeps_its_slot(bench, operator, archive):
    job = bench.make(operator, time_lapse(4))
    bench.run_for(seconds=70)
    Image.objects.filter(job_slot=1)._raw_delete("default")
    bench.die()
    adopt_unlisted(archive)
    bench.run_for(minutes=5)
    assert stored_slots(job) == [0, 1, 2, 3]
    assert assert_accounted_for(job).missed == 0


def test_a_paused_job_takes_nothing_and_says_who_paused_it(bench, operator):
    job = bench.make(operator, time_lapse(10))
    bench.run_for(seconds=90)
    paused = pause_job(job.pk, operator)
    assert (paused.state, paused.reason) == (Job.State.PAUSED, "Paused by ada")
    bench.run_for(minutes=3)
    assert stored_slots(job) == [0, 1]
    continue_job(job.pk, operator)
    bench.run_for(minutes=20)
    assert gaps_of(job) == [(2, 3, "Paused by ada")]
    assert assert_accounted_for(job).state == Job.State.FINISHED


def test_a_stopped_job_takes_nothing_more_and_what_was_stored_stays(bench, operator):
    job = bench.make(operator, time_lapse(10))
    bench.run_for(seconds=90)
    stop_job(job.pk, operator)
    bench.run_for(minutes=20)
    stopped = assert_accounted_for(job)
    assert (stopped.state, stopped.reason, stopped.stored, stopped.missed) == ("stopped", "Stopped by ada", 2, 0)


def test_jobs_begin_one_after_the_other(bench, operator):
    first, second = bench.make(operator, time_lapse(3)), bench.make(operator, time_lapse(2))
    bench.run_for(seconds=90)
    second.refresh_from_db()
    assert second.state == Job.State.QUEUED
    bench.run_for(minutes=10)
    assert assert_accounted_for(first).ended_at <= assert_accounted_for(second).anchor_at
    assert second.state == Job.State.FINISHED


def test_a_job_with_a_start_time_begins_then(bench, operator):
    job = bench.make(operator, time_lapse(2), starts_at=START + timedelta(hours=1))
    bench.run_for(minutes=59)
    job.refresh_from_db()
    assert job.state == Job.State.PLANNED
    bench.run_for(minutes=5)
    assert assert_accounted_for(job).anchor_at == START + timedelta(hours=1)
    assert stored_slots(job) == [0, 1]
