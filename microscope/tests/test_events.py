"""GET /api/v1/events: what a program gets that follows what happens."""

import json
from contextlib import ExitStack

import pytest
from django.db.models import Max

from images.index.adoption import adopt_unlisted
from images.models import Image
from images.tests.clocks import SetClock
from images.tests.conftest import keep_image, keep_original  # noqa: F401 (fixtures)
from images.tests.jobs import Bench, finish, time_lapse
from microscope.events.api import the_waiting_room
from microscope.events.waiting import MAX_ANSWER_BYTES, MAX_WAITING
from microscope.models import AuditEntry
from microscope.tests.events import EVENTS, happen

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]
KEYS = {"number", "at", "what", "by", "imageId", "object", "jobId", "details"}


@pytest.fixture
def ask(api, viewer):
    """ask(after=0) returns the answer, as a viewer gets it."""
    client = api(viewer)

    def get(**query):
        response = client.get(EVENTS, query)
        assert response.status_code == 200, response.content
        return response.json()

    return get


@pytest.fixture
def bench(archive, tmp_path):
    bench = Bench(archive, tmp_path, SetClock())
    yield bench
    bench.supervisor.close()


def kinds(answer) -> list[tuple[str, str]]:
    return [(event["what"], event["by"]) for event in answer["events"]]


def without_control(answer: dict) -> dict:
    """Whoever captures takes control, too."""
    return {**answer, "events": [one for one in answer["events"] if not one["what"].startswith("control_")]}


def test_a_program_sees_all_that_happens_to_an_image(ask, api, operator, administrator):
    client = api(operator)
    made = client.post("/api/v1/camera/capture", {"exposure": 2}, format="json", REMOTE_ADDR="10.0.0.7").json()
    address = f"/api/v1/images/{made['imageId']}"
    client.patch(address, {"note": "seen"}, format="json")
    client.delete(address)
    client.post(f"{address}/restore")
    client.delete(address)
    api(administrator).post("/api/v1/images/bin/empty")
    answer = without_control(ask(after=0))
    deeds = [("ada", what) for what in ("captured", "changed", "binned", "restored", "binned")]
    assert kinds(answer) == [(what, by) for by, what in [*deeds, ("root", "removed")]]
    first, second = answer["events"][:2]
    assert set(first) == KEYS
    assert (first["imageId"], first["object"], first["jobId"]) == (made["imageId"], f"{made['filename']}", None)
    assert first["at"].endswith("Z") and first["details"] == {}
    assert second["details"] == {"note": {"before": "", "after": "seen"}}
    assert "10.0.0.7" not in json.dumps(answer)
    assert answer["next"] >= answer["events"][-1]["number"]


def test_what_is_private_is_no_event(ask, client, make_user, administrator):
    make_user("grace").delete()
    client.post("/sign-in", {"username": "root", "password": "wrong"})
    client.post("/sign-in", {"username": "root", "password": "root-password"})
    client.post("/sign-out")
    for what in set(AuditEntry.What.values):
        if what.startswith(("token", "link", "user", "role", "sign", "password", "clock", "emptied")):
            AuditEntry.objects.create(what=what, who="root", address="10.0.0.9")
    answer = ask(after=0)
    assert answer == {"events": [], "next": AuditEntry.objects.aggregate(newest=Max("pk"))["newest"]}


def test_control_of_the_instrument_is_an_event_of_whatever_kind(ask):
    for what in ("control_taken", "control_taken_over"):
        AuditEntry.objects.create(what=what, who="ada", address="10.0.0.9", details={"purpose": "night scan"})
    answer = ask(after=0)
    assert kinds(answer) == [("control_taken", "ada"), ("control_taken_over", "ada")]
    assert answer["events"][0]["details"] == {"purpose": "night scan"}


def test_a_job_and_each_of_its_pictures_are_events(ask, bench, operator):
    job = bench.make(operator, time_lapse(3), name="wound")
    bench.run_for(minutes=10)
    answer = without_control(ask(after=0))
    assert kinds(answer) == [
        ("job_planned", "ada"),
        ("job_begun", ""),
        *[("captured", "ada")] * 3,
        ("job_finished", ""),
    ]
    assert {event["jobId"] for event in answer["events"]} == {job.pk}
    assert answer["events"][1]["object"] == "wound"
    ids = [event["imageId"] for event in answer["events"] if event["imageId"]]
    assert ids == list(Image.objects.order_by("job_slot").values_list("pk", flat=True))


def test_each_frame_of_a_burst_is_an_event(ask, bench, operator):
    plan = {"time_plan": {"interval": 0, "loops": 8}, "channels": [{"config": "fast", "exposure": 8}]}
    job = finish(bench, bench.make(operator, plan))
    told = [event for event in ask(after=0)["events"] if event["what"] == "captured"]
    assert {event["imageId"] for event in told} == set(Image.objects.values_list("pk", flat=True)) != set()
    assert {(event["jobId"], event["by"]) for event in told} == {(job.pk, "ada")}


def test_what_people_do_to_a_job_is_one_event_each(ask, api, bench, operator):
    job = bench.make(operator, time_lapse(5))
    bench.run_for(minutes=1)
    for verb in ("pause", "continue", "stop"):
        assert api(operator).post(f"/api/v1/jobs/{job.pk}/{verb}").status_code == 200
    told = [one for one in kinds(ask(after=0)) if one[0].startswith("job_")]
    assert told == [
        *[("job_planned", "ada"), ("job_begun", ""), ("job_paused", "ada")],
        *[("job_continued", "ada"), ("job_stopped", "ada")],
    ]


def test_a_row_that_was_written_later_is_an_event(ask, keep_original, archive):  # noqa: F811
    kept, _record = keep_original()
    assert adopt_unlisted(archive) == 1
    (event,) = ask(after=0)["events"]
    assert (event["what"], event["by"], event["object"]) == ("adopted", "", kept.filename)


def test_without_a_number_it_says_only_from_where_to_follow(ask, operator):
    happen(1)
    answer = ask()
    assert answer["events"] == []
    happen(2)
    assert [event["imageId"] for event in ask(after=answer["next"])["events"]] == [2]


def test_many_events_come_in_several_answers_and_none_twice(ask, operator):
    for image_id in range(7):
        happen(image_id)
        AuditEntry.objects.create(what="signed_in")
    after, found = 0, []
    while (answer := ask(after=after, limit=3))["events"]:
        assert len(answer["events"]) <= 3
        found += [event["imageId"] for event in answer["events"]]
        after = answer["next"]
    assert found == list(range(7))
    assert ask(after=after)["next"] == after


def test_long_notes_do_not_make_an_answer_of_any_size(ask, operator):
    for image_id in range(60):
        happen(image_id, "changed", details={"note": {"before": "x" * 10_000, "after": "é" * 10_000}})
    after, found = 0, []
    while (answer := ask(after=after, limit=500))["events"]:
        assert len(json.dumps(answer)) <= 2 * MAX_ANSWER_BYTES
        found += [event["imageId"] for event in answer["events"]]
        after = answer["next"]
    assert found == list(range(60))


def test_beyond_the_newest_there_is_nothing(ask):
    happen(1)
    assert ask(after=10**15) == {"events": [], "next": 10**15}


@pytest.mark.parametrize(
    "query",
    [
        *({"after": value} for value in ("-1", "x", "", "1.5", "9" * 40, "\0", "1|1", "1e3", "true", "٣x", "[]")),
        *({"wait": value} for value in ("-1", "26", "x", "nan", "inf", "1e9", "\0")),
        *({"limit": value} for value in ("0", "-5", "501", "x", "9" * 400)),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_name(api, viewer, query):
    response = api(viewer).get(EVENTS, {"after": "0", **query})
    assert response.status_code == 400, response.content
    assert set(response.json()["errors"]) == set(query)


def test_only_who_may_see_images_sees_events(api, make_user, viewer):
    assert api().get(EVENTS).status_code == 401
    assert api(make_user("nobody")).get(EVENTS).status_code == 403
    assert api(viewer).get(EVENTS).status_code == 200
    assert api(viewer).post(EVENTS).status_code == 405


def test_if_all_places_are_taken_who_would_wait_is_refused_at_once_and_others_are_not(api, viewer):
    happen(1)
    client = api(viewer)
    with ExitStack() as places:
        for _ in range(MAX_WAITING):
            places.enter_context(the_waiting_room.place())
        newest = client.get(EVENTS, {"after": 0, "wait": 25}).json()["next"]
        refused = client.get(EVENTS, {"after": newest, "wait": 25})
        assert (refused.status_code, refused.json()["code"]) == (503, "too_many_waiting")
        assert int(refused["Retry-After"]) > 0
        assert client.get(EVENTS, {"after": newest}).status_code == 200
    assert client.get(EVENTS, {"after": newest, "wait": 0.01}).status_code == 200
