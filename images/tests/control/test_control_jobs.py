"""A running job controls the camera: nobody changes it meanwhile, and whoever takes it pauses the job first."""

from dataclasses import replace
from datetime import timedelta

import pytest

from camera.errors import ControlHeld
from images.control.control import Control, register_control, the_control
from images.control.lease import Holder, Kind, Terms
from images.jobs.control import continue_job, stop_job
from images.models import Job
from images.tests.jobs import assert_accounted_for, gaps_of, stored_slots, time_lapse
from microscope.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]
SETTINGS, CONTROL = "/api/v1/camera/settings", "/api/v1/control"


@pytest.fixture
def grace(make_user):
    return make_user("grace", "managers", first_name="Grace", last_name="Hopper")


def as_holder(user, label="browser") -> Holder:
    return Holder(user.pk, user.username, user.display_name, Kind.PERSON, label)


def test_nobody_changes_the_camera_of_a_running_job_not_even_its_owner(bench, operator, grace, api, camera):
    job = bench.make(operator, time_lapse(5))
    bench.run_for(minutes=1, seconds=30)
    for user in (operator, grace):
        answer = api(user).patch(SETTINGS, {"exposure": 99}, format="json")
        assert (answer.status_code, answer.json()["code"]) == (409, "control_held")
        assert "ada's job night controls the camera until" in answer.json()["message"]
        assert answer.json()["control"]["kind"] == "job"
    assert camera.status().settings.exposure_ms == 5
    bench.run_for(minutes=10)
    assert stored_slots(job) == [0, 1, 2, 3, 4]
    assert api(operator).patch(SETTINGS, {"exposure": 99}, format="json").status_code == 200


def test_a_manager_who_takes_it_pauses_the_job_and_its_owner_reads_why(bench, operator, grace, api):
    job = bench.make(operator, time_lapse(6))
    bench.run_for(minutes=1, seconds=30)
    assert api(operator).get(CONTROL).json()["until"] is not None
    answer = api(grace).post(f"{CONTROL}/take", {"reason": "sample change"}, format="json")
    assert answer.status_code == 201
    assert api(grace).patch(SETTINGS, {"exposure": 99}, format="json").status_code == 200
    job.refresh_from_db()
    assert (job.state, job.reason, job.detail) == (Job.State.PAUSED, "Paused by grace", "sample change")
    notice = api(operator).get(CONTROL).json()["notice"]
    assert (notice["what"], notice["text"], notice["jobId"]) == ("taken", "sample change", job.pk)
    bench.run_for(minutes=2)
    # Slots 0 and 1 are taken; what is missed meanwhile does not count.
    assert api(operator).get(CONTROL).json()["notice"]["pictureNumber"] == 2
    continue_job(job.pk, operator, with_camera_as_it_is=True)
    bench.run_for(minutes=1)
    the_control().release(as_holder(grace))
    bench.run_for(minutes=10)
    assert assert_accounted_for(job).state == Job.State.FINISHED
    assert {reason for _, _, reason in gaps_of(job)} <= {"Paused by grace", "Controlled by Grace Hopper"}
    whats = AuditEntry.objects.filter(what__startswith="control").order_by("pk").values_list("what", flat=True)
    assert list(whats)[:2] == ["control_taken", "control_taken_over"]


def test_its_owner_takes_it_back_and_the_job_waits(bench, operator, api):
    job = bench.make(operator, time_lapse(6))
    bench.run_for(minutes=1, seconds=30)
    assert api(operator).get(CONTROL).json()["isOwn"]
    assert api(operator).post(f"{CONTROL}/take", {}, format="json").status_code == 201
    assert api(operator).patch(SETTINGS, {"exposure": 9}, format="json").status_code == 200
    assert Job.objects.get(pk=job.pk).state == Job.State.PAUSED


def test_an_ask_never_takes_a_job(bench, operator, make_user, api):
    ben = make_user("ben", "operators")
    bench.make(operator, time_lapse(30))
    bench.run_for(seconds=30)
    assert api(ben).post(f"{CONTROL}/ask", {"message": "please"}, format="json").status_code == 202
    bench.run_for(minutes=5)
    assert api(ben).post(f"{CONTROL}/take", {}, format="json").status_code == 403
    assert api(operator).post(f"{CONTROL}/answer", {"give": True}, format="json").status_code == 200
    assert api(ben).patch(SETTINGS, {"exposure": 9}, format="json").status_code == 200


def test_a_job_in_the_queue_waits_until_nobody_else_controls_the_camera(bench, operator, grace, camera):
    register_control(Control())
    the_control().take(as_holder(grace), Terms(minutes=30))
    job = bench.make(operator, time_lapse(3), may_queue=True)
    bench.run_for(minutes=5)
    job.refresh_from_db()
    assert (job.state, stored_slots(job)) == (Job.State.QUEUED, [])
    the_control().release(as_holder(grace))
    bench.run_for(minutes=5)
    assert stored_slots(job) == [0, 1, 2]


def test_a_job_begins_under_the_control_of_its_own_user(bench, operator, grace):
    the_control().take(as_holder(operator), Terms(minutes=30))
    job = bench.make(operator, time_lapse(3))
    bench.run_for(minutes=1, seconds=30)
    assert the_control().current().holder.job_id == job.pk
    with pytest.raises(ControlHeld):
        the_control().admit(as_holder(grace))


def test_a_job_that_was_planned_for_a_time_says_who_kept_it_from_its_pictures(bench, operator, grace):
    the_control().take(as_holder(grace), Terms(minutes=400))
    job = bench.make(operator, time_lapse(5), starts_at=bench.clock.now() + timedelta(minutes=1))
    bench.run_for(minutes=3, seconds=30)
    the_control().release(as_holder(grace))
    bench.run_for(minutes=10)
    assert gaps_of(job)[0][2] == f"Controlled by {grace.display_name}"
    assert assert_accounted_for(job).state == Job.State.FINISHED
    assert 4 in stored_slots(job)


@pytest.mark.parametrize("end", ["finished", "stopped", "paused"])
def test_a_job_that_is_over_or_paused_by_people_leaves_the_camera_free(bench, operator, api, end):
    job = bench.make(operator, time_lapse(2))
    bench.run_for(seconds=30)
    if end == "stopped":
        stop_job(job.pk, operator)
    if end == "paused":
        api(operator).post(f"/api/v1/jobs/{job.pk}/pause")
    bench.run_for(minutes=5)
    assert the_control().current() is None


def test_after_a_start_the_job_has_control_again_before_its_next_picture(bench, operator, grace):
    job = bench.make(operator, time_lapse(4, 600))
    bench.run_for(seconds=30)
    fence = the_control().current().fence
    bench.die(minutes=1)
    register_control(Control())
    bench.supervisor.step()
    lease = the_control().current()
    assert (lease.holder.job_id, lease.fence) == (job.pk, fence)
    with pytest.raises(ControlHeld):
        the_control().admit(as_holder(grace))
    bench.run_for(hours=1)
    assert stored_slots(job) == [0, 1, 2, 3]


JOBS = "/api/v1/jobs"
NIGHT = {"name": "night", "plan": time_lapse(3)}


def test_a_job_that_shall_start_now_is_refused_while_another_person_controls_the_camera(operator, grace, api, archive):
    the_control().take(as_holder(grace), Terms(minutes=30, note="mosaic"))
    answer = api(operator).post(JOBS, NIGHT, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "control_held")
    assert answer.json()["message"].startswith("Grace Hopper controls the camera until ")
    assert answer.json()["message"].endswith("mosaic. Ask for control, or add the job to the queue.")
    assert answer.json()["control"]["holder"]["name"] == "Grace Hopper"
    assert not Job.objects.exists()


def test_who_asks_for_the_queue_or_for_a_time_gets_it(operator, grace, api, archive):
    the_control().take(as_holder(grace), Terms(minutes=30))
    queued = api(operator).post(JOBS, {**NIGHT, "queue": True}, format="json")
    later = api(operator).post(JOBS, {**NIGHT, "startsAt": "2099-01-01T08:00:00Z"}, format="json")
    assert [(one.status_code, one.json()["state"]) for one in (queued, later)] == [(201, "queued"), (201, "planned")]


@pytest.mark.parametrize("who", ["nobody", "own browser", "own script", "another's job"])
def test_otherwise_a_job_is_taken_in(operator, grace, api, archive, who):
    control = the_control()
    if who == "own browser":
        control.take(as_holder(operator), Terms(minutes=30))
    if who == "own script":
        control.take(replace(as_holder(operator, "scan.py"), kind=Kind.SCRIPT), Terms(minutes=30))
    if who == "another's job":
        control.take(replace(as_holder(grace, "job 41"), kind=Kind.JOB, job_id=41))
    assert api(operator).post(JOBS, NIGHT, format="json").status_code == 201


def test_a_job_that_was_accepted_is_answered_again_whoever_controls_the_camera_now(operator, grace, api, archive):
    key = {"HTTP_IDEMPOTENCY_KEY": "one"}
    first = api(operator).post(JOBS, NIGHT, format="json", **key)
    the_control().take(as_holder(grace), Terms(minutes=30))
    again = api(operator).post(JOBS, NIGHT, format="json", **key)
    assert (again.status_code, again.json()["jobId"]) == (201, first.json()["jobId"])


def test_a_script_that_loops_on_jobs_is_slowed_down(operator, grace, api, archive):
    the_control().take(as_holder(grace), Terms(minutes=30))
    codes = [api(operator).post(JOBS, NIGHT, format="json").status_code for _ in range(62)]
    assert codes == [409] * 60 + [429] * 2


FORM = {
    "kind": "time-lapse",
    "name": "night",
    "every": "1",
    "everyUnit": "min",
    "lasting": "3",
    "lastingUnit": "rounds",
}


def test_the_page_says_whether_the_job_starts_now(operator, grace, client, archive):
    client.force_login(operator)
    page = client.get("/jobs/new/").content.decode()
    assert 'value="start">Start now<' in page
    assert "Starts at once." in page
    the_control().take(as_holder(grace), Terms(minutes=30))
    # What the page promised is not so any more.
    answer = client.post("/jobs/new/", {**FORM, "begin": "now", "act": "start"})
    page = answer.content.decode()
    assert answer.status_code == 409
    assert "Grace Hopper controls the camera until" in page
    assert 'value="queue">Add to the queue<' in page
    assert not Job.objects.exists()
    assert client.post("/jobs/new/", {**FORM, "begin": "now", "act": "queue"}).status_code == 302
    assert Job.objects.get().state == Job.State.QUEUED


def test_the_page_names_other_jobs_that_come_first(operator, grace, api, client, archive):
    api(grace).post(JOBS, NIGHT, format="json")
    client.force_login(operator)
    page = client.get("/jobs/new/").content.decode()
    assert "Other jobs come first." in page
    assert 'value="queue">Add to the queue<' in page
