"""What is told about jobs, and when: rows that are there as soon as it happened."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection

from camera.errors import CameraLost
from images.index.rebuild.restore_jobs import restore_job_files
from images.jobs.control import continue_job, pause_job, stop_job, take_next_plane
from images.models import Delivery, Job
from images.notices import outbox
from images.notices.deliverer import Deliverer
from images.notices.notices import What, describe_title
from images.tests.clocks import SetClock
from images.tests.conftest import rows_refused
from images.tests.jobs import Bench, camera_that_fails, time_lapse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]


@pytest.fixture
def bench(archive, tmp_path, settings):
    settings.JOB_WEBHOOK_URL, settings.JOB_WEBHOOK_SECRET = "http://127.0.0.1:9/", "s" * 40
    bench = Bench(archive, tmp_path, SetClock())
    yield bench
    bench.supervisor._lock.release()


def told(channel: str = "webhook") -> list[str]:
    return list(Delivery.objects.filter(channel=channel).order_by("id").values_list("what", flat=True))


def test_a_job_that_comes_to_its_end_is_told_with_its_numbers(bench, operator):
    bench.make(operator, time_lapse(10))
    bench.run_for(minutes=2, seconds=30)
    bench.die(minutes=4)
    bench.run_for(hours=1)
    assert told() == ["begun", "resumed", "finished"]
    facts = Delivery.objects.get(what="finished").facts
    assert facts["verdict"] == "7 of 10 stored, 3 missed in 1 gap."
    assert facts["title"] == "night is finished"
    assert (facts["expected"], facts["stored"], facts["missed"], facts["gaps"]) == (10, 7, 3, 1)
    assert (facts["state"], facts["user"], facts["name"]) == ("finished", "ada", "night")


def test_a_pause_of_the_program_is_told_with_its_reason_and_that_it_goes_on(bench, operator, archive):
    bench.make(operator, time_lapse(8))
    bench.run_for(seconds=90)
    reserve, archive._folder._reserve_bytes = archive._folder._reserve_bytes, 10**18
    bench.run_for(minutes=3)
    assert told() == ["begun", "paused"]
    facts = Delivery.objects.get(what="paused").facts
    assert facts["title"] == "night is paused: Disk at its reserve"
    assert (facts["reason"], facts["verdict"]) == ("Disk at its reserve", "2 of 8 stored, none missed, 6 to come.")
    assert facts["detail"]
    archive._folder._reserve_bytes = reserve
    bench.run_for(minutes=1)
    assert told() == ["begun", "paused", "continued"]


def test_what_a_user_pauses_is_told_to_nobody(bench, operator):
    job = bench.make(operator, time_lapse(8))
    bench.run_for(seconds=90)
    pause_job(job.pk, operator)
    continue_job(job.pk, operator)
    assert told() == ["begun"]
    stop_job(job.pk, operator)
    assert told() == ["begun", "stopped"]
    assert Delivery.objects.get(what="stopped").facts["verdict"] == "2 of 8 stored, none missed, 6 not taken."


def test_a_plane_that_is_waited_for_is_told_to_nobody(bench, operator):
    job = bench.make(operator, {"z_plan": {"range": 2, "step": 1}, "metadata": {"microscope": {"pacing": "manual"}}})
    bench.run_for(seconds=10)
    take_next_plane(job.pk, operator)
    bench.run_for(seconds=10)
    assert told() == ["begun"]


def test_a_job_that_fails_is_told(bench, operator):
    bench.make(operator, time_lapse(10, giveUpAfter=60))
    bench.run_for(seconds=90)
    with camera_that_fails(take=CameraLost("It was unplugged.")):
        bench.run_for(minutes=5)
    assert told() == ["begun", "failed"]
    assert Delivery.objects.get(what="failed").facts["title"] == "night failed: Camera lost"


def test_a_plan_that_was_changed_in_the_database_is_told(bench, operator):
    job = bench.make(operator, time_lapse(10))
    bench.run_for(seconds=90)
    Job.objects.filter(pk=job.pk).update(plan=time_lapse(9))
    bench.die()
    bench.run_for(seconds=10)
    assert told()[-1] == "failed"


def test_a_job_that_does_not_come_along_is_told_once_and_that_it_comes_again(bench, operator):
    bench.make(operator, time_lapse(60))
    deliverer = Deliverer(lambda: bench.supervisor.heartbeat.sign, bench.clock, send=lambda delivery: None)
    bench.run_for(seconds=90)
    with camera_that_fails(take=CameraLost("It was unplugged.")):
        for _ in range(20):
            bench.run_for(minutes=1)
            deliverer._watch_job()
    assert told() == ["begun", "stalled"]
    facts = Delivery.objects.get(what="stalled").facts
    assert (facts["reason"], facts["detail"]) == ("Camera lost", "It was unplugged.")
    assert 9 <= facts["missed"] <= 11
    bench.run_for(minutes=2)
    for _ in range(3):
        deliverer._watch_job()
    assert told() == ["begun", "stalled", "recovered"]


@pytest.mark.django_db(transaction=True)
def test_what_happened_while_the_database_was_away_is_told_after_it(bench, operator):
    job = bench.make(operator, time_lapse(3))
    bench.run_for(seconds=90)
    with rows_refused("jobs"):
        bench.run_for(minutes=2)
    assert told() == ["begun"]
    bench.run_for(minutes=2)
    job.refresh_from_db()
    assert job.state == Job.State.FINISHED
    assert told() == ["begun", "finished"]
    assert Delivery.objects.get(what="finished").facts["verdict"].startswith("3 of 3 stored")


def test_a_rebuild_tells_nobody_of_old_jobs(bench, operator, archive):
    job = bench.make(operator, time_lapse(3))
    bench.run_for(minutes=5)
    Delivery.objects.all().delete()
    restore_job_files(archive, lambda person: operator, print)
    job.refresh_from_db()
    assert (job.state, told()) == ("finished", [])


def test_programs_are_told_of_the_beginning_and_people_only_of_what_comes_then(bench, operator, settings):
    settings.JOB_EMAIL_TO, settings.JOB_PING_URL = ["ada@lab.example", "bob@lab.example"], "http://127.0.0.1:9/x"
    bench.make(operator, time_lapse(2))
    bench.run_for(minutes=5)
    assert told("webhook") == told("ping") == ["begun", "finished"]
    assert told("email") == ["finished", "finished"]
    recipients = Delivery.objects.filter(channel="email").values_list("recipient", flat=True)
    assert sorted(recipients) == ["ada@lab.example", "bob@lab.example"]


def test_a_newer_ping_takes_the_place_of_one_that_waits(bench, operator, settings):
    settings.JOB_PING_URL = "http://127.0.0.1:9/x"
    bench.make(operator, time_lapse(2))
    bench.run_for(minutes=5)
    states = Delivery.objects.filter(channel="ping").order_by("id").values_list("what", "state")
    assert list(states) == [("begun", "overtaken"), ("finished", "waiting")]


def test_without_an_address_there_are_no_rows(bench, operator, settings):
    settings.JOB_WEBHOOK_URL = ""
    bench.make(operator, time_lapse(2))
    bench.run_for(minutes=5)
    assert not Delivery.objects.exists()


def test_the_row_is_written_together_with_what_it_tells(bench, operator, monkeypatch):
    job = bench.make(operator, time_lapse(8))
    bench.run_for(seconds=90)
    monkeypatch.setattr(Job, "save", lambda *_, **__: (_ for _ in ()).throw(DatabaseError("gone")))
    with pytest.raises(DatabaseError):
        stop_job(job.pk, operator)
    assert told() == ["begun"]


def test_whatever_fails_in_telling_the_job_goes_on(bench, operator, monkeypatch, caplog):
    def fail(*_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")

    monkeypatch.setattr(outbox, "describe_facts", fail)
    job = bench.make(operator, time_lapse(3))
    bench.run_for(minutes=10)
    job.refresh_from_db()
    assert (job.state, job.stored) == ("finished", 3)
    assert "Nobody can be told" in caplog.text


def test_a_title_is_one_line_whatever_the_job_is_called():
    title = describe_title(Job(name="a\r\nBcc: eve@x\u2028b"), What.PAUSED, "Camera changed")
    assert title == "a Bcc: eve@x b is paused: Camera changed"


def test_a_job_with_notices_waits_for_none_of_them(bench, operator):
    """The times of its pictures are those of its plan."""
    job = bench.make(operator, time_lapse(5))
    bench.run_for(minutes=10)
    job.refresh_from_db()
    assert job.ended_at - job.anchor_at <= timedelta(minutes=5)
