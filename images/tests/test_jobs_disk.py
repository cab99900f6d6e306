"""A disk that will be full before the job is at its end: people hear of it while there is time."""

from datetime import datetime, timedelta

import pytest
from django.urls import reverse

from images.errors import StorageMissing
from images.jobs.supervisor import register_supervisor, the_supervisor
from images.models import Delivery, Image
from images.tests.clocks import START, SetClock
from images.tests.conftest import rows_refused
from images.tests.jobs import Bench, Beside, assert_accounted_for, time_lapse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]

FIRST_MISSED_AT = START + timedelta(hours=2, minutes=3)


class Disk(Beside):
    """An archive on a disk with so many bytes above its reserve, less those of the images that were kept since."""

    def __init__(self, archive) -> None:
        super().__init__(archive)
        self.problem: Exception | None = None
        self.have_room(1e15)

    def have_room(self, room_bytes: float) -> None:
        self._full_bytes = room_bytes + self._used_bytes()

    def space(self) -> tuple[int, int]:
        if self.problem:
            raise self.problem
        return max(int(self._full_bytes - self._used_bytes()), 0) + 1000, 1000

    def _used_bytes(self) -> int:
        return sum(path.stat().st_size for path in self.root.glob("????-??-??/*.jpg"))


@pytest.fixture
def disk(archive):
    return Disk(archive)


@pytest.fixture
def bench(disk, tmp_path, settings):
    settings.JOB_WEBHOOK_URL, settings.JOB_WEBHOOK_SECRET = "http://127.0.0.1:9/", "s" * 40
    settings.JOB_PING_URL, settings.JOB_EMAIL_TO = "http://127.0.0.1:9/ping", ["ada@lab.example"]
    bench, before = Bench(disk, tmp_path, SetClock()), the_supervisor()
    register_supervisor(bench.supervisor)
    yield bench
    register_supervisor(before)
    bench.supervisor._lock.release()


@pytest.fixture
def job(bench, disk, operator):
    """A picture every 41 minutes. The disk has room for the first three, so it is full after two hours and three
    minutes."""
    job = bench.make(operator, time_lapse(50, 41 * 60))
    disk.have_room(3.5 * job.estimate["bytesPerPicture"])
    return job


def full_at(bench: Bench) -> datetime | None:
    return bench.supervisor.heartbeat.sign.job.full_at


def told(channel: str = "webhook") -> list[str]:
    return list(Delivery.objects.filter(channel=channel).order_by("id").values_list("what", flat=True))


def test_it_is_told_two_hours_before_and_once(bench, job):
    bench.run_for(minutes=2)
    assert told() == ["begun"]
    bench.run_for(minutes=3)
    assert told() == ["begun", "disk_filling"]
    facts = Delivery.objects.get(what="disk_filling", channel="webhook").facts
    assert facts["title"] == "night needs more room than there is: The disk will be full at 2026-03-02 11:03:00 UTC."
    assert "49 pictures are to come, and the disk has room for 2 above its reserve." in facts["detail"]
    bench.run_for(minutes=5)
    assert told() == ["begun", "disk_filling"]
    assert told("email") == ["disk_filling"]
    assert told("ping") == ["begun"]


def test_a_program_that_starts_again_tells_it_again_only_after_a_day(bench, disk, job):
    bench.run_for(minutes=5)
    bench.die(minutes=5)
    bench.run_for(minutes=2)
    assert told() == ["begun", "disk_filling", "resumed"]
    bench.die(hours=25)
    bench.run_for(minutes=2)
    assert told() == ["begun", "disk_filling", "resumed", "resumed", "disk_filling"]


def test_pictures_larger_than_the_test_pictures_are_reckoned_with(bench, disk, operator):
    job = bench.make(operator, time_lapse(50, 41 * 60))
    disk.have_room(100 * job.estimate["bytesPerPicture"])
    bench.run_for(minutes=1)
    assert full_at(bench) is None
    Image.objects.update(file_size=40 * job.estimate["bytesPerPicture"])
    bench.run_for(minutes=2)
    assert full_at(bench) == FIRST_MISSED_AT


def test_api_and_page_say_when_it_is_full_until_there_is_room(bench, disk, job, client, operator):
    client.force_login(operator)
    bench.run_for(minutes=1)
    assert full_at(bench) == FIRST_MISSED_AT
    # The clock of the test stands in the past, so it is full by now.
    assert client.get(f"/api/v1/jobs/{job.pk}").json()["secondsToFull"] == 0
    page = client.get(reverse("job", args=[job.pk])).content.decode()
    assert "<strong>2 March, 11:03</strong>, before the end. Free some space." in page
    disk.have_room(1e15)
    bench.run_for(minutes=2)
    assert client.get(f"/api/v1/jobs/{job.pk}").json()["secondsToFull"] is None
    assert "before the end" not in client.get(reverse("job", args=[job.pk])).content.decode()


def test_a_job_without_an_interval_is_full_as_fast_as_its_rounds_follow(bench, disk, operator):
    job = bench.make(operator, {"time_plan": {"interval": 0, "loops": 1000}})
    disk.have_room(100.5 * job.estimate["bytesPerPicture"])
    bench.supervisor.step()
    each_s = job.estimate["secondsPerRound"]
    assert (full_at(bench) - START).total_seconds() == pytest.approx(100 * each_s)


def test_a_job_that_has_room_says_nothing(bench, operator):
    job = bench.make(operator, time_lapse(3, 60))
    bench.run_for(minutes=5)
    assert assert_accounted_for(job).state == "finished"
    assert told() == ["begun", "finished"]


@pytest.mark.django_db(transaction=True)
def test_without_disk_or_database_nothing_is_foreseen_and_the_job_goes_on(bench, disk, job):
    bench.run_for(minutes=1)
    disk.problem = StorageMissing("It is not mounted.")
    bench.run_for(minutes=2)
    assert full_at(bench) is None
    disk.problem = None
    with rows_refused():
        bench.run_for(minutes=2)
    assert full_at(bench) == FIRST_MISSED_AT
    assert assert_accounted_for(job).state == "running"
