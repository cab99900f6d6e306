"""The page that shows managers the findings of verify."""

from datetime import timedelta

import pytest
from django.utils import timezone

from images.models import Finding, Verification
from images.pages.verification import SHOWN_OF_A_KIND, describe_duration

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera", "archive")]
ADDRESS = "/verification/"


@pytest.fixture
def see(client, make_user):
    """see() returns the page as a manager sees it."""
    client.force_login(make_user("mia", "managers"))

    def get() -> str:
        response = client.get(ADDRESS)
        assert response.status_code == 200
        return " ".join(response.content.decode().split())

    return get


def make_run(state: str = "finished", **fields) -> Verification:
    verification = Verification.objects.create(state=state, started_by="ada", **fields)
    return verification


def test_it_is_for_managers(client, viewer, operator, make_user):
    assert client.get(ADDRESS)["Location"] == f"/sign-in?next={ADDRESS}"
    for person, status in ((viewer, 403), (operator, 403), (make_user("mia", "managers"), 200)):
        client.force_login(person)
        assert client.get(ADDRESS).status_code == status


def test_only_managers_are_led_to_it(client, operator, make_user):
    for person, is_led in ((operator, False), (make_user("mia", "managers"), True)):
        client.force_login(person)
        assert ('href="/verification/"' in client.get("/images/").content.decode()) == is_led


def test_before_the_first_run_it_says_how_to_begin(see):
    page = see()
    assert "has never been verified" in page
    assert "python manage.py verify --rate 20" in page


def test_a_run_without_findings_says_that_all_is_well_and_how_long_it_took(see):
    make_run(image_count=1234, byte_count=5_600_000_000, seconds=12_000, finished_at=timezone.now())
    page = see()
    assert "All originals are unchanged" in page
    assert "1234 originals, 5.6 GB" in page and "3 h 20 min" in page and "by ada" in page


def test_findings_are_counted_and_lead_to_their_images(see, keep_image):
    image = keep_image()
    run = make_run(finished_at=timezone.now(), counts={"missing": 1, "unknown": SHOWN_OF_A_KIND + 5})
    Finding.objects.create(
        verification=run, kind="missing", place="2025-01-16/x.jpg", image=image, detail="It is gone."
    )
    Finding.objects.bulk_create(
        Finding(verification=run, kind="unknown", place=f"<b>{number}") for number in range(SHOWN_OF_A_KIND + 5)
    )
    page = see()
    assert f"{SHOWN_OF_A_KIND + 6} findings" in page
    assert f'<a href="/images/{image.pk}/">2025-01-16/x.jpg</a> <small>It is gone.</small>' in page
    assert f"<span>&lt;b&gt;{SHOWN_OF_A_KIND - 1}</span>" in page
    assert f"&lt;b&gt;{SHOWN_OF_A_KIND}<" not in page
    assert f"the first {SHOWN_OF_A_KIND} of {SHOWN_OF_A_KIND + 5}" in page


def test_a_row_that_differs_from_its_file_is_shown_with_what_each_says(see, keep_image):
    image = keep_image()
    run = make_run(finished_at=timezone.now(), counts={"differs": 1})
    detail = 'note: the file says "milk", the database says "seen".'
    Finding.objects.create(verification=run, kind="differs", place="2025-01-16/x.json", image=image, detail=detail)
    page = see()
    assert "1 finding" in page and '<h2 id="differs">Differs</h2>' in page
    assert "The database differs from the record in the original" in page
    assert "note: the file says &quot;milk&quot;, the database says &quot;seen&quot;." in page


@pytest.mark.parametrize(("silent_for", "word"), [(timedelta(0), "Running"), (timedelta(hours=1), "Interrupted")])
def test_whether_one_is_at_work_or_was_killed_is_told(see, silent_for, word):
    make_run(finished_at=timezone.now(), image_count=7, counts={"missing": 3})
    latest = make_run("running")
    Verification.objects.filter(pk=latest.pk).update(seen_at=timezone.now() - silent_for)
    page = see()
    assert word in page[page.index('id="result"') : page.index("</h2>", page.index('id="result"'))]
    assert "3 findings in 7 originals" in page


def test_one_that_was_interrupted_says_how_to_go_on(see):
    make_run("interrupted", image_count=5)
    assert "<code>python manage.py verify</code> continues where it stopped" in see()


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0 s"), (89, "89 s"), (600, "10 min"), (5399, "1 h 30 min"), (36_060, "10 h 1 min")]
)
def test_a_duration_is_said_in_words(seconds, said):
    assert describe_duration(seconds) == said
