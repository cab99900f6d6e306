"""Jobs over the API: planned, watched, paused and stopped by scripts."""

from datetime import timedelta

import pytest

from images.models import Image, Job
from images.tests.jobs import time_lapse
from microscope.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]
EVERY_TEN_MINUTES = {"time_plan": {"interval": 600, "loops": 84}}


@pytest.fixture
def post(api, operator, bench):
    """post("/12/pause") as an operator; `by` somebody else."""

    def send(path: str = "", body=None, by=operator, **headers: str):
        return api(by).post(f"/api/v1/jobs{path}", body or {}, format="json", headers=headers)

    return send


def test_a_plan_becomes_a_job_that_says_what_it_will_do(post, operator):
    answer = post("", {"name": "Wound 3", "plan": EVERY_TEN_MINUTES})
    assert answer.status_code == 201
    job = answer.json()
    assert (job["name"], job["kind"], job["state"], job["user"]) == ("Wound 3", "time-lapse", "queued", "ada")
    assert (job["expected"], job["stored"], job["missed"], job["toCome"], job["notTaken"]) == (84, 0, 0, 84, 0)
    assert job["estimate"]["bytesPerPicture"] > 1000
    assert AuditEntry.objects.get(what="job_planned").who == "ada"


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"plan": EVERY_TEN_MINUTES}, 400, "invalid", "name"),
        ({"name": "x"}, 400, "invalid", "plan"),
        ({"name": "x", "plan": 5}, 400, "invalid", "plan"),
        ({"name": "x", "plan": {}}, 400, "plan_field_missing", "plan"),
        ({"name": "x", "plan": {"time": 1}}, 400, "plan_field_unknown", "time"),
        ({"name": "x", "plan": "{"}, 400, "plan_unreadable", "plan"),
        ({"name": "x", "plan": EVERY_TEN_MINUTES, "startsAt": "2020-01-01T00:00:00Z"}, 400, None, "startsAt"),
        ({"name": "x", "plan": time_lapse(5, average=12)}, 400, "plan_value_invalid", "metadata.microscope.average"),
        ({"name": "x", "plan": time_lapse(5), "more": 1}, 400, "invalid", "more"),
    ],
)
def test_what_is_no_job_is_refused_by_its_field(post, body, status, code, field):
    answer = post("", body)
    assert (answer.status_code, field in answer.json()["errors"]) == (status, True), answer.json()
    assert code in (None, answer.json()["code"]) or code == "invalid"
    assert not Job.objects.exists()


def test_a_plan_that_the_camera_cannot_keep_is_refused_with_both_numbers(post):
    plan = {**time_lapse(5, 0.05), "channels": [{"config": "long", "exposure": 200}]}
    answer = post("", {"name": "x", "plan": plan})
    assert (answer.status_code, answer.json()["code"]) == (409, "plan_too_fast")
    assert "and the interval is 0.05 s" in answer.json()["message"]
    assert post("", {"name": "x", "plan": {**plan, **time_lapse(5, 0.05, whenLate="skip")}}).status_code == 201


def test_a_plan_that_needs_more_disk_than_there_is_is_refused_with_both_numbers(post, archive):
    free_bytes = archive.space()[0]
    archive._folder._reserve_bytes = free_bytes - 3_000_000_000
    loops = 9_000_000
    answer = post("", {"name": "x", "plan": time_lapse(loops, 1, whenLate="skip")})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_enough_space")
    assert " GB, and the disk has " in answer.json()["message"]
    assert not Job.objects.exists()


def test_an_estimate_says_the_same_and_keeps_nothing(post, archive):
    answer = post("/estimate", {"plan": {**time_lapse(5, 0.05), "channels": [{"config": "long", "exposure": 200}]}})
    estimate = answer.json()
    assert (answer.status_code, estimate["expected"], estimate["rounds"]) == (200, 5, 5)
    assert estimate["bytes"] == pytest.approx(5 * estimate["bytesPerPicture"], abs=5)
    assert estimate["secondsPerRound"] > 0.2 > estimate["shortestInterval"]
    assert [one.partition(" ")[0] for one in estimate["warnings"]] == ["A"]
    assert [slot["dueS"] for slot in estimate["firstSlots"]] == [0, 0.05, 0.1, 0.15, 0.2]
    assert (Job.objects.count(), Image.objects.count(), list(archive.root.glob("**/*.part"))) == (0, 0, [])


def test_the_same_request_under_the_same_key_is_one_job(post):
    body, key = {"name": "x", "plan": EVERY_TEN_MINUTES}, {"Idempotency-Key": "night-7"}
    first, again = post("", body, **key), post("", body, **key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["jobId"] == again.json()["jobId"]
    other = post("", {**body, "name": "y"}, **key)
    assert (other.status_code, other.json()["code"], Job.objects.count()) == (409, "idempotency_key_reused", 1)


def test_each_slot_says_when_it_is_due_and_what_became_of_it(post, api, viewer, bench):
    bench.make(Job._meta.get_field("user").related_model.objects.get(username="ada"), time_lapse(5))
    bench.run_for(seconds=90)
    bench.die(minutes=1)
    bench.run_for(seconds=1)
    job = Job.objects.get()
    answer = api(viewer).get(f"/api/v1/jobs/{job.pk}/slots?from=1&to=9").json()["slots"]
    assert [slot["slot"] for slot in answer] == [1, 2, 3, 4]
    assert [slot["state"] for slot in answer] == ["stored", "stored", "to_come", "to_come"]
    assert answer[0]["imageId"] == Image.objects.get(job_slot=1).pk
    assert answer[3]["dueAt"] == "2026-03-02T09:04:00.000Z"
    bench.clock.run(timedelta(minutes=2, seconds=10))
    bench.run_for(seconds=1)
    job.refresh_from_db()
    whole = api(viewer).get(f"/api/v1/jobs/{job.pk}").json()
    assert whole["stored"] + whole["missed"] + whole["toCome"] == whole["expected"]
    assert [(gap["firstSlot"], gap["missed"], gap["reason"]) for gap in whole["gaps"]] == [(3, 1, "Round was late")]


def test_jobs_are_listed_newest_first_page_by_page(post, api, viewer, bench, operator):
    ids = [bench.make(operator, time_lapse(2), f"job {number}").pk for number in range(3)]
    Job.objects.create(name="a name for pictures", user=operator)
    first = api(viewer).get("/api/v1/jobs?limit=2").json()
    rest = api(viewer).get(first["next"]).json()
    assert [job["jobId"] for job in first["results"] + rest["results"]] == ids[::-1]
    assert rest["next"] is None
    assert api(viewer).get("/api/v1/jobs?state=running").json()["results"] == []
    assert api(viewer).get("/api/v1/jobs?cursor=x").status_code == 400


def test_only_its_owner_and_managers_pause_and_stop_a_job(post, bench, operator, make_user):
    job = bench.make(operator, time_lapse(5))
    other, manager, viewer = make_user("bob", "operators"), make_user("mary", "managers"), make_user("vera", "viewers")
    for verb in ("pause", "continue", "stop", "next-plane"):
        refused = post(f"/{job.pk}/{verb}", by=other)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_your_job")
        assert post(f"/{job.pk}/{verb}", by=viewer).status_code == 403
    assert post("", {"name": "x", "plan": EVERY_TEN_MINUTES}, by=viewer).status_code == 403
    assert post(f"/{job.pk}/pause", by=manager).json()["reason"] == "Paused by mary"
    assert post(f"/{job.pk}/pause").json()["reason"] == "Paused by mary"
    assert post(f"/{job.pk}/continue").json()["state"] == "queued"
    assert post(f"/{job.pk}/stop").json()["state"] == "stopped"
    assert post(f"/{job.pk}/stop").status_code == 200
    over = post(f"/{job.pk}/pause")
    assert (over.status_code, over.json()["code"]) == (409, "job_ended")
    assert post("/999/stop").status_code == 404
    said = list(AuditEntry.objects.filter(what__startswith="job_").order_by("id").values_list("what", "who"))
    assert said[1:] == [("job_paused", "mary"), ("job_continued", "ada"), ("job_stopped", "ada")]
