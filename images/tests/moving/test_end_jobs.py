"""The jobs of an instrument that is gone for good end, and their gaps say why."""

import json
from datetime import timedelta

import pytest

from images.archive.job_file import append_entries, job_file_of
from images.index.jobs import describe_change, describe_gap, describe_header, write_entries
from images.index.rebuild.restore_jobs import settle_jobs
from images.jobs.plan import parse_plan
from images.models import Image, Job, JobGap
from images.moving.retire import retire
from images.store.errors import StoreError
from images.store.keys import key_of_job
from images.tests.frames import TAKEN_AT
from images.tests.moving.conftest import HERE
from images.tests.spool.test_spool import keep_and_say_nothing

pytestmark = pytest.mark.django_db


@pytest.fixture
def running_job(dead_disk, archive, operator) -> Job:
    """Of ten pictures, a minute apart, the first three were missed. Its PC died then."""
    plan = parse_plan({"time_plan": {"interval": 60, "loops": 10}})
    said = {"plan": plan.as_json(), "plan_sha256": plan.sha256, "expected": plan.expected, "instrument_id": HERE}
    job = Job.objects.create(name="series", user=operator, state="running", anchor_at=TAKEN_AT, **said)
    until = TAKEN_AT + timedelta(minutes=3)
    lost = JobGap(first_slot=0, last_slot=2, reason="Camera lost", since=TAKEN_AT, until=until)
    begun = describe_change(TAKEN_AT, {"state": "running", "anchor_at": TAKEN_AT})
    lines = [describe_header(job), begun, describe_gap(until, lost)]
    append_entries(archive, job_file_of(job.anchor_at, job.lasting_id), lines)
    return job


def parts_of(liar, job: Job) -> list[bytes]:
    keys = (key_of_job(job.lasting_id, number) for number in range(9))
    return [liar.objects[key] for key in keys if key in liar.objects]


def assert_ended(job: Job) -> None:
    job.refresh_from_db()
    assert (job.state, job.reason) == ("failed", "Microscope gone for good") and job.ended_at
    assert (job.expected, job.stored, job.missed) == (10, 0, 10)
    gaps = [(gap.first_slot, gap.last_slot, gap.reason, gap.since) for gap in job.gaps.all()]
    after = TAKEN_AT + timedelta(minutes=3)
    assert gaps == [(0, 2, "Camera lost", TAKEN_AT), (3, 9, "Microscope gone for good", after)]


def test_a_job_of_a_retired_instrument_ends_and_says_why_its_rest_was_missed(running_job, adopt, store, liar):
    adopt()
    assert retire(store, HERE).ended_jobs == 1
    assert_ended(running_job)
    assert running_job.events[-1]["text"] == "Microscope gone for good"
    assert retire(store, HERE).ended_jobs == 0
    # From the store alone it is made again as it is.
    lines = [json.loads(line) for line in b"".join(parts_of(liar, running_job)).splitlines()]
    JobGap.objects.all().delete()
    Job.objects.update(state="running", reason="", stored=0, missed=0)
    write_entries(running_job.pk, lines[1:], is_whole_file=True)
    settle_jobs()
    assert_ended(running_job)


def test_if_the_end_of_a_job_was_put_and_the_row_does_not_know_it_is_put_once_more(running_job, adopt, store, liar):
    adopt()
    liar.lie = lambda handler: handler.key.startswith("jobs/") and keep_and_say_nothing(handler)
    with pytest.raises(StoreError):
        retire(store, HERE)
    running_job.refresh_from_db()
    assert running_job.state == "running" and len(parts_of(liar, running_job)) == 2
    liar.lie = lambda handler: False
    assert retire(store, HERE).ended_jobs == 1
    assert_ended(running_job)
    assert len(parts_of(liar, running_job)) == 3 == running_job.stored_parts


def test_a_job_of_which_only_the_end_was_not_written_is_finished(running_job, adopt, store):
    adopt()
    rest = {"first_slot": 3, "last_slot": 9, "reason": "Camera lost", "since": TAKEN_AT, "until": TAKEN_AT}
    JobGap.objects.create(job=running_job, **rest)
    assert retire(store, HERE).ended_jobs == 1
    running_job.refresh_from_db()
    assert (running_job.state, running_job.reason, running_job.missed) == ("finished", "", 10)


def test_a_job_that_waited_at_a_retired_instrument_ends_too_and_misses_nothing(dead_disk, adopt, store, operator):
    job = Job.objects.create(name="later", user=operator, state="queued", plan={}, expected=5, instrument_id=HERE)
    adopt()
    retire(store, HERE)
    job.refresh_from_db()
    assert (job.state, job.reason, job.missed) == ("failed", "Microscope gone for good", 0)


def test_while_pictures_are_missing_in_the_store_its_jobs_stay(running_job, adopt, store, liar):
    adopt()
    liar.objects.pop(Image.objects.first().store_key)
    assert retire(store, HERE).left == 1
    running_job.refresh_from_db()
    assert running_job.state == "running"
