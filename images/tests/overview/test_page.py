"""The page of the microscopes: what each card says, and that all of them cost the same few queries."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from images.models import CameraControl, JobGap
from images.overview.clock import describe_own_clock
from images.overview.names import has_instruments
from images.pages.display_fields import DASH
from images.tests.conftest import rows_refused
from images.tests.overview.conftest import jpeg

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]


@pytest.fixture
def look(client, viewer):
    """look() returns the words of the page, or of one card, without its markup."""
    client.force_login(viewer)

    def read(name: str = "") -> str:
        text = client.get("/instruments/").content.decode()
        if name:
            found = [card for card in re.findall(r"<article.*?</article>", text, re.DOTALL) if f">{name}</" in card]
            text = found[0]
        return " ".join(re.sub(r"<[^>]*>", "", text.replace("</dt>", "</dt> ")).split())

    return read


def test_a_pc_alone_has_no_such_page_and_asks_the_database_nothing_more(client, viewer):
    client.force_login(viewer)
    assert client.get("/instruments/").status_code == 404
    assert client.get("/instruments/parts").status_code == 404
    with CaptureQueriesContext(connection) as captured:
        page = client.get("/images/").content.decode()
    assert "Microscopes" not in page
    assert not [query["sql"] for query in captured.captured_queries if 'FROM "instruments"' in query["sql"]]


def test_the_entry_stands_first_once_an_instrument_has_joined(client, viewer, join):
    client.force_login(viewer)
    assert "Microscopes" not in client.get("/images/").content.decode()
    join()
    entries = re.findall(r"<nav.*?</nav>", client.get("/images/").content.decode(), re.DOTALL)[0]
    assert re.findall(r">([A-Z]\w+)</a>", entries)[:3] == ["Microscopes", "Live", "Images"]


def test_the_head_counts_who_answers_who_is_lost_and_who_is_simulated(look, join):
    join("A")
    join("B", camera={"isSimulated": True})
    join("C", seen_s_ago=31)
    said = look()
    assert "3 microscopes: 2 answer, 1 is lost. 1 is simulated. Pictures here are at most 10 s old." in said
    assert [said.index(f" {name} ") for name in "ABC"] == sorted(said.index(f" {name} ") for name in "ABC")


def test_a_card_says_camera_control_job_disk_and_store(look, join, start_job, give_control):
    now = timezone.now()
    instrument = join(
        spool_count=1204,
        spool_bytes=7_400_000_000,
        oldest_local_at=now - timedelta(minutes=11, seconds=2),
        spool_bytes_per_s=42e6,
    )
    job = start_job(instrument)
    give_control(instrument, kind="job", label=f"job {job.pk}", job_id=job.pk, note=job.name, holder_name="Ada")
    said = look("Inverted, room 214")
    assert "Inverted, room 214 Streaming PL-D725CU 725016342 on LAB-214" in said
    assert "Control Ada&#x27;s job Wound 3, HeLa" in said
    assert "Job 607 of 840 stored, 2 missed" in said
    assert "Disk 412 GB free" in said
    assert "Store 1,204 pictures (7.4 GB) not yet in the store Oldest 11 min. Done in 2 min, at 42 MB/s." in said


def test_a_person_who_controls_it_is_named_until_when_and_for_what(look, join, give_control):
    join("Free")
    give_control(join("Held"), until=timezone.now() + timedelta(minutes=30), note="focus series")
    assert "Control Free Job None" in look("Free")
    assert re.search(r"Control Grace Hopper until [^:]*\d\d:\d\d: focus series Job", look("Held"))


def test_control_that_nobody_used_for_long_is_free(look, join, give_control):
    give_control(instrument := join())
    assert "Control Grace Hopper" in look(instrument.name)
    CameraControl.objects.update(last_used_at=timezone.now() - timedelta(minutes=10))
    assert "Control Free" in look(instrument.name)


def test_a_lost_one_says_since_when_and_that_its_figures_are_old(look, join, start_job, give_control):
    instrument = join(seen_s_ago=3600, spool_count=38, spool_bytes=1_200_000_000, free_bytes=86 * 10**9)
    start_job(instrument)
    give_control(instrument)
    said = look(instrument.name)
    assert re.search(r"Lost since (\d\d:\d\d:\d\d|\d+ \w+, \d\d:\d\d) ", said)
    assert f"Control {DASH} Job Wound 3, HeLa, 607 of 840 at the last sign" in said
    assert "Disk 86 GB free at the last sign" in said
    assert "Store 38 pictures (1.2 GB) only on this PC Is the PC on, and its network cable in?" in said


@pytest.mark.parametrize(("seen_s_ago", "is_lost"), [(5, False), (45, True)])
def test_it_is_lost_after_thirty_seconds(look, join, seen_s_ago, is_lost):
    join(seen_s_ago=seen_s_ago)
    assert ("1 is lost" in look()) is is_lost


def test_one_that_is_retired_is_not_shown_any_more(look, join):
    join("A")
    join("B", seen_s_ago=5000, camera={"retiredAt": "2026-11-29T20:00:00+00:00"})
    said = look()
    assert "1 microscope" in said and " B " not in said


def test_one_that_never_gave_a_sign_is_lost(look, join):
    instrument = join()
    instrument.last_seen_at = None
    instrument.save()
    assert "Never gave a sign" in look(instrument.name)


def test_a_simulated_one_has_its_tag_and_its_pictures_are_in_the_store_as_well(look, join):
    said = look(join(camera={"isSimulated": True, "host": "LAB-T1"}).name)
    assert "SIMULATED Streaming Simulated camera on LAB-T1" in said
    assert "Store All pictures are in the store" in said


@pytest.mark.parametrize(
    ("offset_ms", "said"),
    [
        (5000, "Its clock is 5 s ahead of the database&#x27;s."),
        (-3200, "Its clock is 3 s behind the database&#x27;s."),
        (7.2e6, "Its clock is 120 min ahead of the database&#x27;s."),
        (2000, ""),
        (-1999, ""),
        (None, ""),
    ],
)
def test_a_clock_that_differs_is_told(look, join, offset_ms, said):
    card = look(join(clock_offset_ms=offset_ms).name)
    assert said in card if said else "clock" not in card


def test_on_the_instrument_itself_every_page_tells_it(client, viewer, join, own_instrument):
    client.force_login(viewer)
    own_instrument(join(clock_offset_ms=5000).pk)
    said = client.get("/images/").content.decode()
    assert "The clock of this PC is 5 s ahead of the database&#x27;s." in said


@pytest.mark.django_db(transaction=True)
def test_the_frame_of_a_page_does_without_them_while_the_database_is_away(join, own_instrument):
    own_instrument(join(clock_offset_ms=5000).pk)
    assert (has_instruments(), bool(describe_own_clock())) == (True, True)
    with rows_refused("instruments"):
        assert (has_instruments(), describe_own_clock()) == (False, "")


@pytest.mark.parametrize(
    ("fields", "has_problem"),
    [
        ({}, False),
        ({"camera": {"isSimulated": True}}, False),
        ({"camera": {"state": "closed"}}, False),
        ({"seen_s_ago": 60}, True),
        ({"clock_offset_ms": 5000}, True),
        ({"camera": {"state": "reopening"}}, True),
        ({"camera": {"problem": "The camera was unplugged."}}, True),
        ({"camera": {"reserveBytes": 20 * 10**9}, "free_bytes": 21 * 10**9}, True),
        ({"camera": {"reserveBytes": 20 * 10**9}, "free_bytes": 41 * 10**9}, False),
        ({"spool_count": 3, "oldest_local_at": timezone.now() - timedelta(hours=2)}, True),
        ({"spool_count": 3, "oldest_local_at": timezone.now() - timedelta(minutes=2)}, False),
    ],
)
def test_which_ones_have_a_problem(client, viewer, join, fields, has_problem):
    client.force_login(viewer)
    join(**fields)
    assert ("has-problem" in client.get("/instruments/").content.decode()) is has_problem


def test_the_disk_says_how_far_it_is_above_the_reserve(look, join):
    near = join(camera={"reserveBytes": 20 * 10**9}, free_bytes=21 * 10**9)
    assert "Disk 21 GB free, 1.0 GB above the reserve" in look(near.name)


@pytest.mark.parametrize("camera", [{}, [], None, {"model": 7, "state": ["x"], "isSimulated": "yes"}, {"host": "<b>"}])
def test_a_row_that_another_version_wrote_is_shown_as_far_as_it_can_be_read(client, viewer, join, camera):
    client.force_login(viewer)
    instrument = join(url="javascript:alert(1)")
    type(instrument).objects.update(camera=camera if camera is not None else {})
    page = client.get("/instruments/").content.decode()
    assert instrument.name in page
    assert "javascript:" not in page and "<b>" not in page


def test_its_picture_is_what_the_row_has_and_else_the_last_image(client, viewer, join, keep_image, own_instrument):
    client.force_login(viewer)
    own_instrument((instrument := join()).pk)
    address = f"/instruments/{instrument.pk}/picture.jpg"
    assert client.get(address).status_code == 404
    assert "No picture yet" in client.get("/instruments/").content.decode()
    image = keep_image()
    type(image).objects.update(instrument=instrument)
    page = client.get("/instruments/").content.decode()
    assert f'src="{address}?at=' in page and "Last picture, " in page
    thumbnail = b"".join(client.get(f"/api/v1/images/{image.pk}/thumbnail").streaming_content)
    assert b"".join(client.get(address).streaming_content) == thumbnail
    instrument.picture, instrument.picture_at = jpeg("red"), timezone.now()
    instrument.save()
    response = client.get(address)
    assert (response.content, response["Content-Type"]) == (jpeg("red"), "image/jpeg")
    assert client.get(address, headers={"If-None-Match": response["ETag"]}).status_code == 304


def test_gaps_that_would_touch_on_a_card_are_drawn_as_one_and_counted_all(client, viewer, join, start_job):
    client.force_login(viewer)
    job = start_job(join(), missed=302)
    again = {"reason": "Camera lost", "since": job.anchor_at, "until": job.anchor_at}
    JobGap.objects.bulk_create(JobGap(job=job, first_slot=200 + slot, last_slot=200 + slot, **again) for slot in (0, 2))
    JobGap.objects.create(job=job, first_slot=300, last_slot=597, **again)
    page = client.get("/instruments/").content.decode()
    assert page.count('<rect class="timeline-missed" ') == 3
    assert "607 of 840 stored, 302 missed in 4 gaps" in page


def test_the_parts_are_the_head_and_the_cards_in_their_order(client, viewer, join):
    client.force_login(viewer)
    upright, inverted = join("Upright"), join("inverted")
    answer = client.get("/instruments/parts").json()
    assert list(answer["parts"]) == ["head", f"card-{inverted.pk}", f"card-{upright.pk}"]
    assert "2 microscopes" in answer["parts"]["head"]
    assert (answer["isOver"], "inverted" in answer["parts"][f"card-{inverted.pk}"]) == (False, True)


def test_more_instruments_cost_no_more_queries_and_nothing_counts_images(
    client, viewer, join, start_job, give_control, cheap_images
):
    client.force_login(viewer)

    def fill(number: int) -> None:
        instrument = join(f"Microscope {number}")
        give_control(instrument)
        start_job(instrument)
        for image in cheap_images([timezone.now() - timedelta(days=number)]):
            type(image).objects.filter(pk=image.pk).update(instrument=instrument)

    def ask() -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/instruments/parts").status_code == 200
        return [query["sql"] for query in captured.captured_queries]

    fill(0)
    few = ask()
    for number in range(1, 12):
        fill(number)
    many = ask()
    assert len(many) == len(few) <= 12
    assert not [sql for sql in many if "COUNT" in sql and '"images"' in sql]
    assert not [sql for sql in many if '"instruments"."picture",' in sql], "no pictures with the rows"
