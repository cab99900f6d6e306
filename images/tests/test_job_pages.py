"""The pages of jobs: what a user sees of a night, and who may do what."""

import re

import pytest

from images.models import Image, Job
from images.pages.jobs.film import choose_step
from images.tests.clocks import SetClock
from images.tests.jobs import time_lapse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]


@pytest.fixture
def see(client, operator):
    """see("/jobs/") is the text of that page, as an operator reads it unless another is named."""

    def get(address: str, user=operator, status: int = 200) -> str:
        client.force_login(user)
        response = client.get(address)
        assert response.status_code == status
        return re.sub(r"\s+", " ", response.content.decode())

    return get


@pytest.fixture
def night(bench, operator):
    """Ten pictures, one a minute, of which three are missed; two are still to come."""
    job = bench.make(operator, time_lapse(10, sample="HeLa"), name="Wound <3>")
    bench.run_for(minutes=3, seconds=30)
    bench.die(minutes=4)
    bench.run_for(seconds=20)
    job.refresh_from_db()
    assert (job.stored, job.missed) == (5, 3)
    return job


def test_the_list_shows_the_running_job_with_its_verdict(see, night):
    page = see("/jobs/")
    assert "5 of 10 stored, 3 missed in 1 gap, 2 to come." in page
    assert "Time-lapse: one picture every 1 min for 10 min. ada." in page
    assert "Wound &lt;3&gt;" in page and "Wound <3>" not in page
    assert page.index('id="running-title"') < page.index("Wound &lt;3&gt;")


def test_jobs_that_wait_stand_in_their_order_and_those_that_ended_newest_first(see, bench, operator):
    for name in ("one", "two"):
        bench.make(operator, time_lapse(2), name=name)
    bench.run_for(minutes=10)
    for name in ("three", "four"):
        bench.make(operator, time_lapse(2), name=name)
    page = see("/jobs/")
    assert re.findall(r'class="job-link"[^>]*>(\w+)<', page) == ["three", "four", "two", "one"]
    assert "2 of 2 stored, none missed." in page
    assert "Starts when the camera is free." in page


def test_without_jobs_the_list_says_so(see):
    assert "No job yet" in see("/jobs/")


def test_older_jobs_stand_on_further_pages(see, operator):
    ended = {"user": operator, "state": "finished", "plan": {}, "ended_at": SetClock().now()}
    Job.objects.bulk_create(Job(name=f"job{number}", **ended) for number in range(30))
    first = see("/jobs/")
    assert "job29" in first and "job5<" in first and "job4<" not in first
    address = re.search(r'href="(/jobs/\?before=\d+)"', first)
    older = see(address[1])
    assert "job4<" in older and "job5<" not in older
    assert "No older jobs" in see("/jobs/?before=1")
    assert "job29" in see("/jobs/?before=x")


def test_one_job_says_what_was_missed_and_why(see, night):
    page = see(f"/jobs/{night.pk}/")
    assert "5 of 10 stored, 3 missed in 1 gap, 2 to come." in page
    assert "Missed: 3 in 1 gap" in page
    assert "<strong>Program not running</strong>" in page
    assert "No. 5 to 7." in page
    assert "No. 9, due at 09:08:00" in page
    assert "HeLa" in page


def test_pictures_are_numbered_from_one_and_each_has_an_address(see, night):
    newest = Image.objects.get(job=night, job_slot=7)
    assert f"/api/v1/images/{newest.pk}/file" in see(f"/jobs/{night.pk}/")
    page = see(f"/jobs/{night.pk}/?no=2")
    assert "No. 2 of 10" in page
    assert f"/api/v1/images/{Image.objects.get(job=night, job_slot=1).pk}/file" in page
    assert 'id="earlier" href="?no=1"' in page and 'id="later" href="?no=3"' in page
    missed = see(f"/jobs/{night.pk}/?no=6")
    assert "<strong>No. 6 missed</strong> Program not running" in missed
    for beyond in ("9", "0", "-1", "x", "9" * 30):
        assert "No. 8 of 10" in see(f"/jobs/{night.pk}/?no={beyond}")


def test_the_time_line_draws_each_part_of_the_plan(see, night):
    page = see(f"/jobs/{night.pk}/")
    assert 'class="timeline-stored" x="0.000%" width="40.000%"' in page
    assert 'class="timeline-missed" x="40.000%" width="30.000%"' in page
    assert 'class="timeline-stored" x="70.000%" width="10.000%"' in page
    assert 'class="timeline-now" x="80.000%"' in page
    assert "09:04 program not running, 3 missed" in page


def test_who_may_not_control_a_job_sees_it_and_has_no_buttons(see, night, viewer, make_user):
    for user in (viewer, make_user("linus", "operators")):
        page = see(f"/jobs/{night.pk}/", user)
        assert "5 of 10 stored" in page
        assert "Pause</button>" not in page and "Stop" not in page
    assert "Stop…" in see(f"/jobs/{night.pk}/", make_user("mary", "managers"))


def test_the_buttons_work_without_a_script(see, client, night, operator):
    client.force_login(operator)
    assert client.post(f"/jobs/{night.pk}/pause")["Location"] == f"/jobs/{night.pk}/"
    paused = see(f"/jobs/{night.pk}/")
    assert "Paused by ada" in paused and "Continue</button>" in paused and "Pause</button>" not in paused
    client.post(f"/jobs/{night.pk}/continue")
    assert "Pause</button>" in see(f"/jobs/{night.pk}/")
    client.post(f"/jobs/{night.pk}/stop")
    stopped = see(f"/jobs/{night.pk}/")
    assert "5 of 10 stored, 3 missed in 1 gap, 2 not taken." in stopped
    assert "Stopped by ada" in stopped and "Stop…" not in stopped
    assert client.post(f"/jobs/{night.pk}/pause").status_code == 409


def test_somebody_elses_job_cannot_be_stopped(client, night, make_user):
    client.force_login(make_user("linus", "operators"))
    assert client.post(f"/jobs/{night.pk}/stop").status_code == 403
    night.refresh_from_db()
    assert night.state == Job.State.RUNNING


def test_a_job_that_waits_for_a_plane_asks_for_it(see, client, bench, operator):
    plan = {"z_plan": {"below": 0, "above": 4, "step": 2}, "metadata": {"microscope": {"pacing": "manual"}}}
    job = bench.make(operator, plan)
    bench.run_for(seconds=1)
    page = see(f"/jobs/{job.pk}/")
    assert "No. 1 waits for you" in page and "Next plane</button>" in page
    client.post(f"/jobs/{job.pk}/next-plane")
    bench.run_for(seconds=1)
    assert "No. 2 waits for you" in see(f"/jobs/{job.pk}/")


def test_a_changed_camera_is_accepted_with_one_button(see, client, bench, operator, camera):
    job = bench.make(operator, time_lapse(10))
    bench.run_for(seconds=1)
    Job.objects.filter(pk=job.pk).update(
        state="paused", pause_cause="camera_changed", reason="Camera changed", detail="The gamma was 1."
    )
    page = see(f"/jobs/{job.pk}/")
    assert "Go on all the same</button>" in page and "The gamma was 1." in page


def test_parts_are_rendered_as_the_page_has_them(client, see, night, viewer):
    client.force_login(viewer)
    parts = client.get(f"/jobs/{night.pk}/parts").json()
    assert "5 of 10 stored" in parts["parts"]["verdict"]
    assert parts["isOver"] is False
    assert "5 of 10 stored" in client.get("/jobs/parts").json()["parts"]["running"]
    assert client.get("/jobs/999/parts").status_code == 404
    assert client.get("/jobs/999/").status_code == 404


def test_a_plan_that_was_changed_in_the_database_is_shown_all_the_same(see, night):
    Job.objects.filter(pk=night.pk).update(plan={"time_plan": {"interval": 1, "loops": 10}})
    assert "the plan cannot be read" in see("/jobs/")
    assert "the plan cannot be read" in see(f"/jobs/{night.pk}/")


@pytest.mark.parametrize(
    ("count", "step"), [(0, 1), (1, 1), (40, 1), (41, 2), (840, 24), (2000, 50), (1_000_000, 25_000)]
)
def test_the_film_has_round_steps(count, step):
    assert choose_step(count) == step


def test_those_who_may_capture_can_share_a_job(see, night, viewer):
    assert f'data-query="job={night.pk}"' in see(f"/jobs/{night.pk}/")
    assert "share-sheet" not in see(f"/jobs/{night.pk}/", viewer)
