"""The order of the jobs that wait: who may change it, and what if two do, or a job begins meanwhile."""

import re
from datetime import timedelta
from functools import partial

import pytest

from images.jobs.control import continue_job, pause_job
from images.jobs.queue.errors import NotInQueue
from images.jobs.queue.order import move_job
from images.models import Job
from images.tests.at_once import at_once
from images.tests.clocks import START
from images.tests.jobs import time_lapse
from microscope.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]


@pytest.fixture
def queue(bench, operator) -> dict[str, int]:
    """Three jobs of ada's that wait: their ids by their names."""
    return {
        name: bench.make(operator, time_lapse(2, 1, whenLate="skip"), name=name).pk for name in ("one", "two", "three")
    }


@pytest.fixture
def move(api, operator):
    """move(7, before=9) is the answer of the API, asked by ada unless somebody else is named."""

    def send(job_id: int, by=operator, **body: object):
        return api(by).post(f"/api/v1/jobs/{job_id}/move", body, format="json")

    return send


def order() -> list[str]:
    return [job.name for job in Job.objects.waiting()]


def begun_in_order() -> list[str]:
    return [job.name for job in Job.objects.order_by("anchor_at")]


def test_a_job_is_moved_before_another_or_to_the_end_and_they_begin_so(queue, move, bench):
    answer = move(queue["three"], before=queue["one"])
    assert (answer.status_code, answer.json()["queuePlace"]) == (200, 1)
    assert order() == ["three", "one", "two"]
    assert move(queue["one"], before=None).json()["queuePlace"] == 3
    assert order() == ["three", "two", "one"]
    bench.run_for(minutes=1)
    assert begun_in_order() == ["three", "two", "one"]
    assert not Job.objects.waiting().exists()


def test_a_new_job_comes_last_whatever_was_moved(queue, move, bench, operator):
    move(queue["one"], before=None)
    bench.make(operator, time_lapse(2), name="four")
    assert order() == ["two", "three", "one", "four"]


def test_the_same_move_again_changes_nothing_and_is_noted_once(queue, move):
    for _ in range(2):
        assert move(queue["two"], before=queue["one"]).json()["queuePlace"] == 1
    assert move(queue["two"], before=queue["two"]).json()["queuePlace"] == 1
    events = Job.objects.get(name="two").events
    assert [(event["what"], event["text"], event["by"]) for event in events] == [
        ("moved", "Moved before one by ada", "ada")
    ]
    assert AuditEntry.objects.filter(what="job_moved").count() == 1


def test_only_its_owner_and_managers_move_a_job_but_before_anybodys(queue, move, bench, make_user):
    other, manager, viewer = make_user("bob", "operators"), make_user("mary", "managers"), make_user("vera", "viewers")
    refused = move(queue["one"], by=other, before=None)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_your_job")
    assert move(queue["one"], by=viewer, before=None).status_code == 403
    assert order() == ["one", "two", "three"]
    own = bench.make(other, time_lapse(2), name="own").pk
    assert move(own, by=other, before=queue["two"]).status_code == 200
    assert move(queue["three"], by=manager, before=queue["one"]).status_code == 200
    assert order() == ["three", "one", "own", "two"]


def test_a_job_that_has_begun_is_neither_moved_nor_is_one_moved_before_it(queue, move, bench):
    bench.run_for(milliseconds=500)
    for job_id, before in ((queue["one"], None), (queue["three"], queue["one"])):
        refused = move(job_id, before=before)
        assert (refused.status_code, refused.json()["code"]) == (409, "not_in_queue")
        assert refused.json()["message"] == "The job one does not wait any more: it is running."
    assert move(queue["three"], before=queue["two"]).status_code == 200
    assert order() == ["three", "two"]


@pytest.mark.parametrize("body", [{}, {"before": "x"}, {"before": -1}, {"before": 2**63}, {"after": 1, "before": None}])
def test_what_is_no_place_is_refused(queue, move, body):
    assert move(queue["one"], **body).status_code == 400
    assert move(queue["one"], before=999).status_code == 404
    assert move(999, before=None).status_code == 404
    assert order() == ["one", "two", "three"]


def test_a_waiting_job_that_is_paused_keeps_its_place(queue, move, operator):
    move(queue["three"], before=queue["one"])
    pause_job(queue["one"], operator)
    assert order() == ["three", "two"]
    with pytest.raises(NotInQueue, match="it is paused"):
        move_job(queue["two"], operator, before=queue["one"])
    continue_job(queue["one"], operator)
    assert order() == ["three", "one", "two"]


def test_a_job_with_a_time_of_its_own_begins_then_wherever_it_stands(queue, move, bench, operator):
    later = bench.make(
        operator, time_lapse(2, 1, whenLate="skip"), name="later", starts_at=START + timedelta(minutes=30)
    )
    move(later.pk, before=queue["one"])
    bench.run_for(minutes=1)
    assert order() == ["later"]
    bench.run_for(hours=1)
    later.refresh_from_db()
    assert later.anchor_at == START + timedelta(minutes=30)


@pytest.mark.django_db(transaction=True)
def test_of_people_who_move_jobs_at_the_same_moment_all_get_their_way(bench, operator):
    ids = [bench.make(operator, time_lapse(2), name=str(number)).pk for number in range(6)]
    answers = at_once(*(partial(move_job, job_id, operator, before=ids[0]) for job_id in ids[1:]))
    assert [job.pk for job in answers] == ids[1:]
    assert (sorted(order()), order()[-1]) == (["0", "1", "2", "3", "4", "5"], "0")
    assert len({job.place for job in Job.objects.all()}) == len(ids)


@pytest.mark.django_db(transaction=True)
def test_a_job_that_begins_while_somebody_moves_it_does_one_or_the_other(bench, operator):
    one = bench.make(operator, time_lapse(2), name="one").pk
    bench.make(operator, time_lapse(2), name="two")
    moved, _ = at_once(lambda: move_job(one, operator, before=None), bench.supervisor.step)
    assert Job.objects.active().count() == 1
    (left,) = order()
    assert left == "two" or not isinstance(moved, NotInQueue)


@pytest.fixture
def see(client, operator):
    def get(user=operator) -> str:
        client.force_login(user)
        return re.sub(r"\s+", " ", client.get("/jobs/").content.decode())

    return get


def buttons_of(page: str) -> list[tuple[str, str]]:
    """The label of each button of the queue that can be pressed, and what it sends as `before`."""
    forms = re.findall(r'name="before" value="(\d*)"><button class="icon-button" ([^>]*)>', page)
    return [(re.search('aria-label="([^"]*)"', said)[1], before) for before, said in forms if "disabled" not in said]


def test_buttons_move_a_job_without_a_script(queue, see, client):
    one, two, three = map(str, queue.values())
    assert buttons_of(see()) == [
        ("Begin one later", three),
        ("Begin two earlier", one),
        ("Begin two later", ""),
        ("Begin three earlier", two),
    ]
    for job_id, before in ((one, three), (two, "")):
        assert client.post(f"/jobs/{job_id}/move", {"before": before})["Location"] == "/jobs/"
    assert order() == ["one", "three", "two"]
    assert re.findall(r'class="job-link"[^>]*>(\w+)<', see()) == ["one", "three", "two"]


def test_the_page_of_a_refused_move_says_why(queue, client, operator, bench):
    client.force_login(operator)
    bench.run_for(milliseconds=500)
    refused = client.post(f"/jobs/{queue['one']}/move", {"before": ""})
    assert refused.status_code == 409
    assert "The job one does not wait any more: it is running." in refused.content.decode()
    assert client.post(f"/jobs/{queue['two']}/move", {"before": "x"}).status_code == 400


def test_nobody_sees_buttons_that_would_be_refused(queue, see, make_user):
    assert buttons_of(see(make_user("bob", "operators"))) == []
    assert buttons_of(see(make_user("vera", "viewers"))) == []
    assert len(buttons_of(see(make_user("mary", "managers")))) == 4
