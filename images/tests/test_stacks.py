"""The pictures of a job are one stack in lists and on pages, and are found and moved as one."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from images.models import Image, Job, JobGap
from images.search import stacks
from images.search.stacks import MAX_COUNTED
from images.tests.test_page_queries import SKIPS_OR_COUNTS

pytestmark = pytest.mark.django_db
NIGHT = datetime(2025, 1, 15, 20, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def make_job(operator):
    """make_job("Wound 3", 5) is a finished job whose five slots are all stored, but has no pictures yet."""

    def make(name: str, expected: int, **fields) -> Job:
        known = {"state": Job.State.FINISHED, "stored": expected, "plan": {}, **fields}
        return Job.objects.create(name=name, user=operator, expected=expected, **known)

    return make


@pytest.fixture
def add(operator):
    """add(job, moments) are pictures of that job, one slot each; add(None, moments) are single images."""

    def make(job: Job | None, moments: list[datetime], first_slot: int = 0, **fields) -> list[Image]:
        known = {"exposure_ms": 1, "gain_db": 0, "file_size": 7, "width": 4, "height": 3, "is_simulated": False}
        named = {"job": {"name": job.name}} if job else {}
        return Image.objects.bulk_create(
            Image(
                user=operator,
                job=job,
                job_slot=first_slot + number if job else None,
                captured_at=at,
                filename=f"capture_{at:%Y%m%d_%H%M%S}_{at.microsecond // 1000:03d}.jpg",
                image_format="jpg",
                metadata=named,
                **{**known, **fields},
            )
            for number, at in enumerate(moments)
        )

    return make


@pytest.fixture
def list_all(api, viewer):
    """list_all("text=x") are the results of all pages of the stacked list."""

    def ask(asked: str = "", limit: int = 5) -> list[dict]:
        results, address = [], f"/api/v1/images?stacked=true&limit={limit}&{asked}"
        while address:
            answer = api(viewer).get(address)
            assert answer.status_code == 200, answer.content
            results += answer.json()["results"]
            address = answer.json()["next"]
        return results

    return ask


def every_second(first: datetime, count: int) -> list[datetime]:
    return [first + SECOND * number for number in range(count)]


def tell(results: list[dict]) -> list[str | tuple[str, str, int]]:
    """Single images by name; stacks by job, day and number of pictures."""
    return [
        (one["stack"]["name"], one["stack"]["day"], one["stack"]["count"]) if one["stack"] else one["filename"]
        for one in results
    ]


def test_the_pictures_of_a_job_are_one_result_and_single_images_between_them_stay(make_job, add, list_all):
    job = make_job("Wound 3", 40)
    night = add(job, every_second(NIGHT, 40))
    before, between, after = (
        add(None, [NIGHT + timedelta(milliseconds=ms)])[0].filename for ms in (-500, 20_500, 50_000)
    )
    results = list_all()
    assert tell(results) == [after, ("Wound 3", "2025-01-15", 40), between, before]
    stack = results[1]
    assert stack["imageId"] == night[-1].pk
    assert stack["stack"]["verdict"] == "40 of 40 stored, none missed."
    assert stack["stack"]["more"] is False


def test_a_night_is_a_stack_on_each_of_its_two_days(make_job, add, list_all):
    job = make_job("Wound 3", 20)
    midnight = NIGHT + timedelta(hours=4)
    add(job, every_second(midnight - 12 * SECOND, 20))
    for limit in (1, 5, 60):
        assert tell(list_all(limit=limit)) == [("Wound 3", "2025-01-16", 8), ("Wound 3", "2025-01-15", 12)]


def test_no_stack_comes_twice_and_no_image_is_lost_however_jobs_interleave(make_job, add, list_all):
    jobs = [make_job(f"series {number}", 30) for number in range(3)]
    singles = add(None, [NIGHT + timedelta(seconds=number * 17, milliseconds=500) for number in range(10)])
    for number, job in enumerate(jobs):
        add(job, [NIGHT + timedelta(seconds=5 * step, milliseconds=number * 10) for step in range(30)])
    for limit in (1, 2, 3, 7, 60):
        told = tell(list_all(limit=limit))
        assert sorted(one for one in told if isinstance(one, str)) == sorted(one.filename for one in singles)
        assert sorted(one for one in told if not isinstance(one, str)) == [
            (f"series {number}", "2025-01-15", 30) for number in range(3)
        ]


def test_a_search_that_comes_to_its_limit_within_a_stack_goes_on_behind_it(monkeypatch, make_job, add, list_all):
    from images.search import filters

    monkeypatch.setattr(filters, "EXAMINED_AT_ONCE", 10)
    add(make_job("long burst", 200), every_second(NIGHT, 200))
    single = add(None, [NIGHT - SECOND])[0]
    assert tell(list_all(limit=3)) == [("long burst", "2025-01-15", 200), single.filename]


def test_more_pictures_than_are_counted_are_said_to_be_more(make_job, add, list_all):
    count = MAX_COUNTED + 1
    add(make_job("burst", 2 * count, state=Job.State.RUNNING), every_second(NIGHT - timedelta(hours=2), count))
    (stack,) = (one["stack"] for one in list_all())
    assert (stack["count"], stack["more"]) == (MAX_COUNTED, True)


def test_a_stack_counts_what_the_filters_leave_and_what_is_not_in_the_bin(make_job, add, list_all):
    job = make_job("exposures", 6)
    pictures = add(job, every_second(NIGHT, 6))
    Image.objects.filter(pk__in=[one.pk for one in pictures[:2]]).update(exposure_ms=9)
    assert tell(list_all("exposureMin=5")) == [("exposures", "2025-01-15", 2)]
    Image.objects.filter(pk__in=[one.pk for one in pictures[1:4]]).update(binned_at=NIGHT)
    assert tell(list_all()) == [("exposures", "2025-01-15", 3)]
    assert tell(list_all("binned=true")) == [("exposures", "2025-01-15", 3)]


def test_a_list_that_asks_for_one_job_shows_its_pictures(make_job, add, list_all):
    job = make_job("Wound 3", 4)
    pictures = add(job, every_second(NIGHT, 4))
    results = list_all(f"job={job.pk}")
    assert [one["imageId"] for one in results] == [one.pk for one in reversed(pictures)]
    assert [one["jobSlot"] for one in results] == [3, 2, 1, 0]
    assert {one["stack"] for one in results} == {None}


def test_images_that_were_only_filed_under_a_job_stand_alone(make_job, add, list_all):
    by_hand = add(None, every_second(NIGHT, 2))
    Image.objects.update(job=make_job("a name", 0, plan=None))
    assert tell(list_all()) == [one.filename for one in reversed(by_hand)]


def test_a_list_that_does_not_ask_for_stacks_has_none(make_job, add, api, viewer):
    add(make_job("Wound 3", 4), every_second(NIGHT, 4))
    assert len(api(viewer).get("/api/v1/images").json()["results"]) == 4
    refused = api(viewer).get("/api/v1/images?stacked=perhaps")
    assert (refused.status_code, refused.json()["errors"]) == (400, {"stacked": ["Must be true or false."]})


VERDICTS = [
    ({"state": "running", "stored": 607, "missed": 21}, "607 of 840 stored, 21 missed in 2 gaps, 212 to come."),
    ({"state": "stopped", "stored": 312, "missed": 0}, "Stopped. 312 of 840 stored, none missed, 528 not taken."),
    ({"state": "finished", "stored": 839, "missed": 1}, "839 of 840 stored, 1 missed in 2 gaps."),
]


@pytest.mark.parametrize(("fields", "verdict"), VERDICTS)
def test_a_stack_says_what_became_of_its_job(make_job, add, list_all, fields, verdict):
    job = make_job("Wound 3", 840, **fields)
    for slot in (100, 200):
        JobGap.objects.create(job=job, first_slot=slot, last_slot=slot, reason="lost", since=NIGHT, until=NIGHT)
    add(job, [NIGHT])
    assert [one["stack"]["verdict"] for one in list_all()] == [verdict]


def test_a_job_is_found_by_its_name(make_job, add, list_all, api, viewer):
    job = make_job("Wound Nr. 3, HeLa", 5)
    pictures = add(job, every_second(NIGHT, 5))
    add(None, [NIGHT - SECOND])
    assert tell(list_all("text=hela+WOUND")) == [("Wound Nr. 3, HeLa", "2025-01-15", 5)]
    ids = api(viewer).get("/api/v1/images/ids?text=hela").json()["ids"]
    assert ids == [one.pk for one in reversed(pictures)]


def test_it_is_still_found_by_its_name_after_a_text_was_changed(make_job, add, list_all):
    add(make_job("Wound 3", 3), every_second(NIGHT, 3))
    Image.objects.update(note="bubbles")
    assert tell(list_all("text=wound+bubbles")) == [("Wound 3", "2025-01-15", 3)]


def test_its_pictures_of_a_day_go_to_the_bin_and_back_as_one(archive, make_job, add, list_all, api, operator):
    job = make_job("Wound 3", 20)
    add(job, every_second(NIGHT + timedelta(hours=4) - 12 * SECOND, 20))
    ids = api(operator).get(f"/api/v1/images/ids?job={job.pk}&day=2025-01-15").json()["ids"]
    assert len(ids) == 12
    moved = api(operator).post("/api/v1/images/bin", {"ids": ids}, format="json").json()
    assert sorted(moved["done"]) == sorted(ids)
    assert tell(list_all()) == [("Wound 3", "2025-01-16", 8)]
    binned = api(operator).get(f"/api/v1/images/ids?binned=true&job={job.pk}&day=2025-01-15").json()["ids"]
    api(operator).post("/api/v1/images/restore", {"ids": binned}, format="json")
    assert tell(list_all()) == [("Wound 3", "2025-01-16", 8), ("Wound 3", "2025-01-15", 12)]


def see(client, person, address: str) -> str:
    client.force_login(person)
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_gallery_shows_the_stack_as_a_link_that_opens_it(make_job, add, client, viewer):
    job = make_job("Wound 3, HeLa", 840, stored=607, missed=0, state="running")
    pictures = add(job, every_second(NIGHT, 7))
    page = see(client, viewer, "/images/?user=ada")
    assert f'href="?user=ada&amp;job={job.pk}"' in page
    for words in ("Wound 3, HeLa", "7 pictures", "607 of 840 stored, none missed, 233 to come."):
        assert words in page
    assert page.count('<li class="shot') == 1 + 2, "the stack, and two templates"
    opened = see(client, viewer, f"/images/?user=ada&job={job.pk}")
    assert re.findall(r'class="shot" data-id="(\d+)"', opened) == [str(one.pk) for one in reversed(pictures)]
    assert '<span class="chip">Job <strong>Wound 3, HeLa</strong></span>' in opened
    assert 'href="/images/?user=ada" aria-label="Clear the filter Job"' in opened


def test_older_pages_do_not_show_the_stack_again(monkeypatch, make_job, add, client, viewer):
    monkeypatch.setattr("images.pages.gallery.PER_PAGE", 2)
    add(make_job("Wound 3", 30), every_second(NIGHT, 30))
    add(None, every_second(NIGHT - 5 * SECOND, 5))
    page, pages = see(client, viewer, "/images/"), []
    while following := re.search(r'rel="next" href="([^"]+)"', page):
        pages.append(page)
        page = see(client, viewer, "/images/" + following[1].replace("&amp;", "&"))
    assert [one.count("30 pictures") for one in [*pages, page]] == [1, 0, 0]


def test_the_bin_shows_a_stack_and_opens_it(make_job, add, client, operator):
    job = make_job("Wound 3", 3)
    add(job, every_second(NIGHT, 3), binned_at=NIGHT)
    page = see(client, operator, "/images/bin/")
    assert "3 pictures" in page
    assert f'href="?job={job.pk}"' in page
    opened = see(client, operator, f"/images/bin/?job={job.pk}")
    assert len(re.findall(r'class="shot" data-id="\d+"', opened)) == 3
    assert 'href="/images/bin/" aria-label="Clear the filter Job"' in opened


def test_the_page_of_a_picture_names_job_and_number_and_leads_to_those_beside_it(make_job, add, client, viewer):
    job = make_job("Wound 3, HeLa", 1200)
    add(job, every_second(NIGHT, 4), first_slot=998)
    _before, binned, own, after = Image.objects.order_by("job_slot")
    Image.objects.filter(pk=binned.pk).update(binned_at=NIGHT)
    page = see(client, viewer, f"/images/{own.pk}/")
    assert f'<a id="job" href="/jobs/{job.pk}/">Wound 3, HeLa</a>' in page
    assert f'No. 1,001 of 1,200, <a id="job-pictures" href="/images/?job={job.pk}">all its pictures</a>' in page
    assert f'<a id="slot-before" href="/images/{_before.pk}/?job={job.pk}">No. 999</a>' in page
    assert f'<a id="slot-after" href="/images/{after.pk}/?job={job.pk}">No. 1,002</a>' in page
    assert 'id="slot-after"' not in see(client, viewer, f"/images/{after.pk}/")


@pytest.mark.parametrize("cursor", [f"2025-01-15T20:00:00+00:00|1|10000|{jobs}" for jobs in ("x", "-1", "9" * 40)])
def test_a_cursor_with_damaged_jobs_is_refused(api, viewer, cursor):
    from base64 import urlsafe_b64encode

    answer = api(viewer).get("/api/v1/images", {"stacked": "true", "cursor": urlsafe_b64encode(cursor.encode())})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["cursor"])


@pytest.mark.parametrize("asked", ["", "text=wound"])
@pytest.mark.parametrize("address", ["/images/", "/images/bin/", "/api/v1/images?stacked=true"])
def test_a_page_of_many_stacks_takes_a_bounded_number_of_queries(make_job, add, client, operator, address, asked):
    for number in range(25):
        job = make_job(f"wound {number}", 90, state="running", missed=1)
        binned_at = NIGHT if "bin/" in address else None
        add(job, every_second(NIGHT + timedelta(minutes=2 * number), 90), binned_at=binned_at)
    client.force_login(operator)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(f"{address}{'&' if '?' in address else '?'}{asked}").status_code == 200
    ran = [query["sql"] for query in captured.captured_queries]
    assert [sql for sql in ran if SKIPS_OR_COUNTS.search(sql)] == []
    assert len(ran) < 20 + 5 * stacks.MAX_SEARCHES + 4 * stacks.MAX_STACKS_COUNTED
    assert all("LIMIT" in sql or " IN (" in sql or "EXISTS" in sql for sql in ran if 'FROM "images"' in sql)
