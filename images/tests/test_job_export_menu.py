"""The menu that exports a job: it offers all that the API makes, says how large it is, and needs no script."""

import io
import re
import uuid

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from PIL import Image as PillowImage

from images.jobs.export.forecast import SAMPLE
from images.jobs.export.make import KINDS
from images.models import Image, Job
from images.tests.job_exports import content_of, make_ended_job
from images.tests.jobs import time_lapse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]
SCALE = {"known": True, "umPerPixelX": 0.5, "umPerPixelY": 0.5}
WIDTH, HEIGHT = 200, 100
PLACES = {"stage_positions": [{"name": "A1"}, {"name": "B2"}], "channels": [{"config": "GFP"}, {"config": "DAPI"}]}
BY_HAND = {"microscope": {"pacing": "manual"}}


def make_grey(slot: int) -> np.ndarray:
    return np.full((HEIGHT, WIDTH), 60, np.uint8)


@pytest.fixture
def job(archive, operator) -> Job:
    return make_ended_job(archive, operator, time_lapse(5), make_grey, missed=[1, 2], scale=SCALE)


@pytest.fixture
def see_menu(client, viewer):
    """see_menu(job) is the menu on the page of a job, as somebody sees it who may only view."""

    def get(job: Job) -> str:
        client.force_login(viewer)
        page = re.sub(r"\s+", " ", client.get(f"/jobs/{job.pk}/").content.decode())
        return page[page.index('id="export"') : page.index("</details>", page.index('id="export"'))]

    return get


@pytest.fixture
def press(client, viewer):
    """press(job, "gif", gaps="skip") is the answer to that button of the form."""

    def send(job: Job, kind: str, **choices: object):
        client.force_login(viewer)
        return client.get(f"/jobs/{job.pk}/export", {**choices, "as": kind})

    return send


def words_of(menu: str, kind: str) -> str:
    """What the button of this format says."""
    button = re.search(rf'<button[^>]*value="{kind}".*?</button>', menu)
    assert button
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", button[0])).strip()


def test_the_menu_offers_every_format_that_the_api_makes(job, see_menu):
    menu = see_menu(job)
    assert set(re.findall(r'<button type="submit" name="as" value="([\w-]+)"', menu)) == set(KINDS)
    assert f'<form class="menu-list" method="get" action="/jobs/{job.pk}/export">' in menu


@pytest.mark.parametrize("kind", KINDS)
def test_each_button_sends_what_the_api_sends(job, press, api, viewer, kind):
    choices = {"gaps": "skip", "rate": "25", "timeStamp": "false", "scaleBar": "true"}
    answer, asked = (
        press(job, kind, **choices),
        api(viewer).get(f"/api/v1/jobs/{job.pk}/export", {**choices, "as": kind}),
    )
    assert answer.headers["Content-Disposition"] == asked.headers["Content-Disposition"]
    assert answer.headers["Content-Type"] == KINDS[kind].content_type
    if kind in ("zip", "mp4"):  # these hold the moment at which they were made
        assert content_of(answer)[:4] == content_of(asked)[:4]
    else:
        assert content_of(answer) == content_of(asked)


def test_sizes_stand_there_before_one_begins_with_and_without_missed_pictures(job, see_menu, press):
    menu = see_menu(job)
    assert words_of(menu, "hyperstack") == "Fiji hyperstack 5 frames, opens in Fiji and ImageJ 100 kB 60 kB"
    for gaps, kilobytes in (("blank", 100), ("skip", 60)):
        sent = int(press(job, "hyperstack", gaps=gaps).headers["Content-Length"])
        assert 1000 * kilobytes < sent < 1100 * kilobytes
    size_bytes = sum(Image.objects.filter(job=job).values_list("file_size", flat=True))
    assert words_of(menu, "zip") == f"ZIP of originals 3 files and the list, unchanged {size_bytes / 1000:.0f} kB"
    assert words_of(menu, "csv") == "CSV list due, taken, file, SHA-256, why missed 5 lines"
    assert words_of(menu, "gif") == "GIF movie plays everywhere, large 5 frames 3 frames"


def test_a_movie_says_how_long_it_takes_once_one_was_made(job, see_menu, press):
    content_of(press(job, "webp"))
    assert words_of(see_menu(job), "webp") == "WebP movie plays in browsers and slides about 1 s"


def test_where_nothing_was_missed_the_menu_does_not_ask(archive, operator, see_menu):
    menu = see_menu(make_ended_job(archive, operator, time_lapse(2), make_grey))
    assert "Missed pictures" not in menu
    assert words_of(menu, "ome-tiff") == "OME-TIFF for QuPath, OMERO, napari 40 kB 40 kB"


def test_a_scale_bar_is_offered_only_where_the_scale_is_known(job, archive, operator, see_menu):
    assert '<input type="checkbox" role="switch" name="scaleBar" value="true" checked' in see_menu(job)
    without = see_menu(make_ended_job(archive, operator, time_lapse(1), make_grey))
    assert 'name="scaleBar"' not in without and "No scale bar: the scale is unknown" in without


def test_without_ffmpeg_mp4_stays_in_the_list_and_says_why(job, see_menu, settings, press):
    settings.FFMPEG_PATH = "/nowhere/ffmpeg"
    menu = see_menu(job)
    assert re.search(r'value="mp4" disabled', menu)
    assert words_of(menu, "mp4") == "MP4 movie needs ffmpeg on the server"
    refused = press(job, "mp4")
    assert refused.status_code == 409
    assert "FFMPEG_PATH names /nowhere/ffmpeg" in refused.content.decode()


def test_a_job_without_pictures_has_only_its_lists(archive, operator, see_menu):
    menu = see_menu(make_ended_job(archive, operator, time_lapse(2), make_grey, missed=[0, 1]))
    assert set(re.findall(r'value="([\w-]+)" disabled', menu)) == {"hyperstack", "ome-tiff", "webp", "gif", "mp4"}
    assert words_of(menu, "gif") == "GIF movie no picture is stored"


def test_the_export_of_a_running_job_says_where_it_ends(job, see_menu):
    assert "Ends at the newest picture" not in see_menu(job)
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, stored=2, missed=1)
    assert "Ends at the newest picture. Sizes as of No. 3." in see_menu(job)


def test_one_position_or_channel_can_be_chosen_and_they_are_counted_from_one(archive, operator, see_menu, press):
    job = make_ended_job(archive, operator, {**PLACES, "metadata": BY_HAND}, make_grey)
    menu = see_menu(job)
    assert re.findall(r'<option value="(\d*)">([^<]+)<', menu) == [
        *(("", "All"), ("0", "1 A1"), ("1", "2 B2")),
        *(("", "All"), ("0", "1 GFP"), ("1", "2 DAPI")),
    ]
    assert words_of(menu, "hyperstack").endswith("40 kB at most 40 kB") or words_of(menu, "hyperstack").endswith(
        "40 kB"
    )
    refused = press(job, "hyperstack", position="", channel="")
    assert refused.status_code == 400 and "Choose one" in refused.content.decode()
    sent = press(job, "hyperstack", position="1", channel="")
    assert 40_000 < int(sent.headers["Content-Length"]) < 44_000


def copy_pictures(job: Job, count: int) -> None:
    """Give the job so many pictures more, as rows without files."""
    one = Image.objects.filter(job=job).order_by("-job_slot").first()
    columns = {field.attname: getattr(one, field.attname) for field in Image._meta.concrete_fields}
    own = [{"id": None, "record_id": uuid.uuid4(), "filename": f"{number}.tif"} for number in range(count)]
    slots = range(one.job_slot + 1, one.job_slot + 1 + count)
    Image.objects.bulk_create(
        Image(**columns | {"job_slot": slot} | its_own) for slot, its_own in zip(slots, own, strict=True)
    )
    Job.objects.filter(pk=job.pk).update(stored=job.stored + count, expected=job.expected + count)


def test_the_menu_costs_the_same_for_any_number_of_pictures(archive, operator, see_menu):
    job = make_ended_job(archive, operator, time_lapse(1), make_grey)
    see_menu(job)
    with CaptureQueriesContext(connection) as few:
        see_menu(job)
    copy_pictures(job, SAMPLE + 5)
    with CaptureQueriesContext(connection) as many:
        menu = see_menu(job)
    assert len(many) == len(few)
    size_bytes = Image.objects.filter(job=job)[0].file_size * (SAMPLE + 6)
    assert words_of(menu, "zip") == (
        f"ZIP of originals {SAMPLE + 6} files and the list, unchanged about {size_bytes / 10**6:.0f} MB"
    )


def test_what_is_no_choice_of_the_menu_is_refused_with_a_page(job, press):
    refused = press(job, "hyperstack", rate="0")
    assert refused.status_code == 400
    assert "This export cannot be made: rate is not a choice of the menu." in refused.content.decode()


def test_a_time_stamp_can_be_left_out_and_a_simulated_picture_stays_marked(job, press):
    def top_of(answer) -> int:
        with PillowImage.open(io.BytesIO(content_of(answer))) as movie:
            return np.asarray(movie.convert("RGB"))[:30].max()

    assert top_of(press(job, "gif")) > 240
    assert top_of(press(job, "gif", timeStamp=["false"])) < 70
    assert top_of(press(job, "gif", timeStamp=["false", "true"])) > 240
    Image.objects.filter(job=job).update(is_simulated=True)
    assert top_of(press(job, "gif", timeStamp=["false"])) > 240


def test_who_may_not_view_gets_no_export(job, client, make_user):
    assert client.get(f"/jobs/{job.pk}/export?as=csv").status_code == 302
    client.force_login(make_user("nobody"))
    assert client.get(f"/jobs/{job.pk}/export?as=csv").status_code == 403
