"""The free disk space, for users who may view images, and the job that is under way."""

import shutil

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from images.jobs.control import pause_job
from images.jobs.supervisor import register_supervisor, the_supervisor
from images.tests.clocks import SetClock
from images.tests.jobs import Bench

pytestmark = pytest.mark.django_db


def test_it_tells_what_is_free_and_what_is_kept_in_reserve(api, viewer, archive):
    answer = api(viewer).get("/api/v1/storage")
    assert answer.status_code == 200
    assert answer.json()["reserveBytes"] == 1_000_000
    free = shutil.disk_usage(archive.root).free
    assert abs(answer.json()["freeBytes"] - free) < 0.05 * free


def test_a_drive_that_is_away_is_told(api, viewer, archive):
    api(viewer).get("/api/v1/storage")
    shutil.rmtree(archive.root)
    answer = api(viewer).get("/api/v1/storage")
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_missing")


def test_a_stranger_is_told_nothing(api, archive):
    assert api().get("/api/v1/storage").status_code == 401


@pytest.fixture
def bench(camera, archive, tmp_path):
    """Its supervisor takes the place of that of the process."""
    before = the_supervisor()
    bench = Bench(archive, tmp_path, SetClock())
    register_supervisor(bench.supervisor)
    yield bench
    bench.supervisor.close()
    register_supervisor(before)


def test_without_a_job_it_says_so(api, viewer, bench):
    bench.supervisor.step()
    assert api(viewer).get("/api/v1/storage").json()["job"] is None


def test_the_job_that_is_under_way_is_told_without_asking_the_database_for_it(api, viewer, operator, bench):
    with CaptureQueriesContext(connection) as without_job:
        api(viewer).get("/api/v1/storage")
    job = bench.make(operator, {"time_plan": {"interval": 600, "loops": 3}}, name="Wound 3")
    bench.run_for(seconds=1)
    with CaptureQueriesContext(connection) as with_job:
        told = api(viewer).get("/api/v1/storage").json()["job"]
    assert len(with_job) == len(without_job)
    assert (told["jobId"], told["name"], told["state"]) == (job.pk, "Wound 3", "running")
    assert (told["expected"], told["stored"], told["missed"]) == (3, 1, 0)
    assert told["secondsToNext"] is not None
    pause_job(job.pk, operator)
    bench.supervisor.step()
    told = api(viewer).get("/api/v1/storage").json()["job"]
    assert (told["state"], told["secondsToNext"]) == ("paused", None)


def test_every_page_names_the_job_in_its_status_line(viewer, operator, bench):
    client = Client()
    client.force_login(viewer)
    assert 'id="status-job"' in client.get("/images/").content.decode()
    job = bench.make(operator, {"time_plan": {"interval": 600, "loops": 3}}, name="Wound <3>, HeLa")
    bench.run_for(seconds=1)
    for address in ("/images/", "/jobs/", "/profile"):
        page = client.get(address).content.decode()
        name = "Wound &lt;3&gt;, HeLa"
        assert f'Job <a href="/jobs/{job.pk}/" title="{name}">{name}</a>, <span>next picture' in page, address


def test_who_may_see_no_images_is_told_of_no_job(make_user, operator, bench):
    bench.make(operator, {"time_plan": {"interval": 600, "loops": 3}}, name="Wound 3")
    bench.run_for(seconds=1)
    client = Client()
    client.force_login(make_user("nora"))
    assert "Wound 3" not in client.get("/profile").content.decode()
