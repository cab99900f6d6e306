"""The list of jobs under its filters: what is found, what stands in the address, and that many jobs cost no more."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from images.models import Job
from images.pages.jobs.filters import STATES, read_job_filters
from images.tests.clocks import START
from images.tests.jobs import time_lapse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]


@pytest.fixture
def see(client, operator):
    """see("state=failed") is the text of the list under these filters."""

    def get(query: str = "") -> str:
        client.force_login(operator)
        response = client.get(f"/jobs/?{query}")
        assert response.status_code == 200
        return re.sub(r"\s+", " ", response.content.decode())

    return get


@pytest.fixture
def add(operator):
    """add("Wound 3", "failed", days=1) is a job of ada's that began a day after START."""

    def make(name: str, state: str = "finished", by=operator, days: float = 0, **wishes: str) -> Job:
        begun = None if state in Job.WAITING else START + timedelta(days=days)
        ended = begun if state in Job.ENDED else None
        plan = time_lapse(4, **wishes)
        return Job.objects.create(
            name=name, user=by, state=state, plan=plan, anchor_at=begun, ended_at=ended, expected=4
        )

    return make


def names_on(page: str) -> list[str]:
    return re.findall(r'class="job-link"[^>]*>([^<]+?) ?<', page)


def test_words_are_found_in_name_sample_and_note_whatever_their_case(see, add):
    add("Wound 3", sample="HeLa, plate 12")
    add("Präparat", note="Färbung nach Groß")
    assert names_on(see("text=hela")) == ["Wound 3"]
    assert names_on(see("text=plate+WOUND")) == ["Wound 3"]
    assert names_on(see("text=f%C3%A4rbung+gross+PR%C3%84")) == ["Präparat"]
    assert names_on(see("text=100%25")) == names_on(see("text=_")) == names_on(see("text=hela+groß")) == []
    assert 'value="hela"' in see("text=hela")


def test_jobs_of_one_person_or_state_are_found(see, add, make_user):
    bob = make_user("bob", "operators")
    for state in ("running", "paused", "planned", "queued", "finished", "stopped", "failed"):
        add(state, state)
    add("bobs", "finished", by=bob)
    assert names_on(see("user=bob")) == ["bobs"]
    assert names_on(see("user=nobody")) == []
    assert names_on(see("state=failed")) == ["failed"]
    assert names_on(see("state=queued")) == ["planned", "queued"]
    assert names_on(see("state=running")) == ["running"]
    assert names_on(see("state=finished&user=ada")) == ["finished"]
    assert sorted(name for state in STATES for name in names_on(see(f"state={state}"))) == sorted(names_on(see()))


def test_days_are_those_on_which_a_job_began_and_the_last_one_counts(see, add):
    for days in range(4):
        add(f"day {days}", days=days)
    add("waiting", "queued")
    assert names_on(see("from=2026-03-03&to=2026-03-04")) == ["day 2", "day 1"]
    assert names_on(see("from=2026-03-05")) == ["day 3"]
    assert names_on(see("to=2026-03-02")) == ["day 0"]


def test_a_filter_stays_on_further_pages_and_is_cleared_by_one_link(see, add):
    for number in range(30):
        add(f"Wound {number}", sample="HeLa")
    add("other")
    page = see("text=hela&user=ada")
    assert len(names_on(page)) == 25
    older = re.search(r'href="/jobs/\?(text=hela&amp;user=ada&amp;before=\d+)">Older jobs', page)
    assert len(names_on(see(older[1].replace("&amp;", "&")))) == 5
    assert 'href="/jobs/?text=hela" aria-label="Clear the filter Person"' in page
    assert 'data-parts="/jobs/parts?text=hela&amp;user=ada"' in page


def test_the_parts_that_renew_themselves_keep_to_the_filters(client, see, add):
    add("Wound 3")
    add("other", "queued")
    see()
    parts = client.get("/jobs/parts?text=wound").json()["parts"]
    assert "Wound 3" in parts["ended"] and "other" not in parts["queued"]


def test_what_is_no_filter_is_said_and_the_list_stays(see, add):
    add("Wound 3")
    page = see("state=lost&from=yesterday&to=9999-12-31")
    assert names_on(page) == ["Wound 3"]
    assert "State: Choose one of running, paused, queued, finished, stopped, failed." in page
    assert "Begun from: Invalid day. Write it as 2025-01-16." in page
    assert "Begun to: Invalid day." in page
    assert names_on(see("text=%00&user=%00")) == ["Wound 3"]
    assert names_on(see("more=1")) == ["Wound 3"]


def test_if_nothing_matches_the_list_says_so(see, add):
    add("Wound 3")
    page = see("text=nothing")
    assert "No job matches these filters" in page and 'href="/jobs/">Clear filters' in page


def test_under_a_filter_the_queue_cannot_be_changed(see, add):
    add("one", "queued")
    add("two", "queued")
    assert "Begin two earlier" in see()
    assert "Begin two earlier" not in see("user=ada")


def test_hostile_filters_stay_text(see):
    page = see("text=%3Cscript%3E%22&user=%22%3E")
    assert "<script>&quot;" not in page and "&lt;script&gt;&quot;" in page


@pytest.mark.parametrize("query", ["", "text=w", "user=ada", "state=finished", "from=2026-01-01", "text=none"])
def test_many_jobs_cost_as_many_queries_as_few(see, add, operator, query):
    for number in range(30):
        add(f"Wound {number}")
    see(query)
    with CaptureQueriesContext(connection) as few:
        see(query)
    one = Job.objects.first()
    common = {"user": operator, "state": "finished", "plan": one.plan, "ended_at": START, "anchor_at": START}
    Job.objects.bulk_create(Job(name=f"w{number}", **common) for number in range(2000))
    with CaptureQueriesContext(connection) as many:
        see(query)
    assert len(many) == len(few)


@pytest.mark.on_sqlite
@pytest.mark.parametrize("query", ["", "text=w", "user=ada", "state=finished", "state=failed&text=w"])
def test_ended_jobs_are_read_in_the_order_of_an_index(operator, query):
    filters = read_job_filters(QueryDict(query))
    plan = filters.keep_ended(Job.objects.with_plan()).filter(id__lt=2**40)[:26].explain()
    assert "TEMP B-TREE" not in plan and "SEARCH jobs" in plan
