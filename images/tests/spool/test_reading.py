"""An original that is only in the store is served by the same addresses as before. No byte is used unproved."""

import csv
import io
import re
import zipfile
from collections import Counter
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import numpy as np
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image as Picture
from PIL import ImageSequence

from images.errors import OriginalChangedInStore
from images.export.convert import read_pixels
from images.index import fetched
from images.index.opening import open_original
from images.library import the_library
from images.models import Image
from images.pages.display_fields import PLACE_WORDS
from images.spool.upload import key_of
from images.store.client import Store
from images.store.patience import Patience
from images.tests.job_exports import content_of, make_ended_job
from images.tests.jobs import time_lapse
from images.tests.spool.conftest import INSTRUMENT, place_of
from images.tests.store.lying_store import Handler


def file_of(image: Image) -> str:
    return f"/api/v1/images/{image.pk}/file"


def key(image: Image) -> str:
    return key_of(image, INSTRUMENT)


@pytest.fixture
def was(archive, images) -> dict[int, bytes]:
    """What the originals were, by the number of the image."""
    return {image.pk: archive.path_of(image.filename).read_bytes() for image in images}


@pytest.fixture
def away(lying, images, was):
    """All originals are only in the little store."""
    lying.evict_all()
    assert {place_of(image) for image in images} == {"store"}
    return lying


@pytest.fixture
def client(api, viewer):
    return api(viewer)


@pytest.fixture
def browser(viewer):
    browser = Client()
    browser.force_login(viewer)
    return browser


def spoil(liar, image: Image) -> None:
    content = bytearray(liar.objects[key(image)])
    content[-20] ^= 1
    liar.objects[key(image)] = bytes(content)


def test_the_original_comes_byte_for_byte_from_a_real_store(real, client, images, was):
    real.evict_all()
    for image in images:
        answer = client.get(file_of(image))
        assert answer.status_code == 200 and content_of(answer) == was[image.pk]
        assert answer.headers["ETag"] == f'"{image.sha256}"'
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{image.filename}"'


def test_ranges_etags_and_head_are_as_ever(away, client, images, was):
    image, content = images[0], was[images[0].pk]
    part = client.get(file_of(image), headers={"range": "bytes=5-40"})
    assert (part.status_code, content_of(part)) == (206, content[5:41])
    assert part.headers["Content-Range"] == f"bytes 5-40/{len(content)}"
    assert client.get(file_of(image), headers={"range": "bytes=999999999-"}).status_code == 416
    assert client.get(file_of(image), headers={"if-none-match": f'"{image.sha256}"'}).status_code == 304
    head = client.head(file_of(image))
    assert (head.status_code, head.headers["Content-Length"]) == (200, str(len(content)))


def test_it_is_fetched_once_for_many_requests(away, liar, client, images):
    liar.seen.clear()
    for _ in range(3):
        client.get(file_of(images[0]), headers={"range": "bytes=0-9"}).close()
    assert liar.seen.count(f"GET {key(images[0])}") == 1


def test_exports_thumbnails_and_sums_are_made_from_it(away, client, images):
    array = client.get(file_of(images[0]) + "?as=npy")
    assert np.load(io.BytesIO(content_of(array))).shape == (48, 64, 3)
    the_library().thumbnails.remove(images[0].thumbnail_path)
    thumbnail = client.get(f"/api/v1/images/{images[0].pk}/thumbnail")
    assert content_of(thumbnail)[:2] == b"\xff\xd8"
    verified = client.post(f"/api/v1/images/{images[0].pk}/verify")
    assert (verified.status_code, verified.json()["sha256"]) == (200, images[0].sha256)


def test_a_scale_is_drawn_on_it_but_not_on_other_bytes(away, liar, api, manager, images, objective):
    def draw_on(image: Image):
        line = {"imageId": image.pk, "x1": 0, "y1": 0, "x2": 40, "y2": 0, "lengthUm": 20}
        return api(manager).post(f"/api/v1/objectives/{objective.pk}/calibrations", line, format="json")

    assert draw_on(images[0]).status_code == 201
    assert place_of(images[0]) == "store"
    spoil(liar, images[1])
    assert draw_on(images[1]).status_code == 409
    assert objective.calibrations.count() == 1


def test_a_zip_holds_it_byte_for_byte(away, client, images, was):
    answer = client.get("/api/v1/images/zip?ids=" + ",".join(str(image.pk) for image in images))
    with zipfile.ZipFile(io.BytesIO(content_of(answer))) as packed:
        assert packed.testzip() is None
        found = {name.rpartition("/")[2]: packed.read(name) for name in packed.namelist()}
    assert {image.filename: was[image.pk] for image in images}.items() <= found.items()


def test_a_zip_says_which_original_the_store_has_lost_or_does_not_give(away, liar, client, images):
    del liar.objects[key(images[0])]
    spoil(liar, images[1])
    liar.lie = lambda handler: (
        (handler.command, handler.key) == ("GET", key(images[2])) and handler.refuse(503, "SlowDown")
    )
    answer = client.get("/api/v1/images/zip?ids=" + ",".join(str(image.pk) for image in images[:4]))
    with zipfile.ZipFile(io.BytesIO(content_of(answer))) as packed:
        rows = list(csv.DictReader(io.StringIO(packed.read("manifest.csv").decode())))
    assert [row["status"] for row in rows] == ["missing", "changed", "away", "ok"]


def test_a_stack_of_a_job_is_made_from_it(lying, archive, operator, client):
    job = make_ended_job(archive, operator, time_lapse(3), lambda slot: np.full((4, 6), slot, np.uint8), missed=[])
    lying.store_and_look_again()
    lying.clock.run(timedelta(days=40))
    lying.evict_all()
    assert set(Image.objects.values_list("place", flat=True)) == {"store"}
    answer = client.get(f"/api/v1/jobs/{job.pk}/export?as=ome-tiff")
    with Picture.open(io.BytesIO(content_of(answer))) as stack:
        assert [int(np.asarray(page)[0, 0]) for page in ImageSequence.Iterator(stack)] == [0, 1, 2]


def test_the_page_says_where_it_is_and_does_not_wait_for_the_store(away, liar, browser, images):
    liar.lie = Handler.hang
    page = browser.get(f"/images/{images[0].pk}/").content.decode()
    assert "In the store since" in page and "It left this PC on" in page


def test_the_gallery_says_which_pictures_are_elsewhere(away, browser, images):
    Image.objects.filter(pk=images[0].pk).update(place="lost")
    Image.objects.filter(pk=images[1].pk).update(place="both")
    page = browser.get("/images/").content.decode()
    shown = re.findall(r'<span class="place-tag"( hidden)?>([^<]*)</span>', page)
    # One of them is the empty form for the next picture.
    assert Counter(shown) == {("", "In the store"): 4, ("", "Lost by the store"): 1, (" hidden", ""): 2}


def test_the_page_that_is_open_says_it_in_the_same_words():
    script = (settings.BASE_DIR / "static" / "images" / "gallery" / "grid.js").read_text("utf-8")
    for place, words in PLACE_WORDS.items():
        assert f'{place}: "{words}"' in script


# What goes wrong


def test_what_the_store_has_lost_is_named(away, liar, client, images):
    del liar.objects[key(images[0])]
    answer = client.get(file_of(images[0]))
    assert (answer.status_code, answer.json()["code"]) == (404, "original_lost")
    assert "The store has lost" in answer.json()["message"]
    assert place_of(images[0]) == "lost"


def test_other_bytes_are_never_served_and_become_a_conflict(away, liar, client, images):
    spoil(liar, images[0])
    for address in (file_of(images[0]), file_of(images[0]) + "?as=png"):
        answer = client.get(address, headers={"range": "bytes=0-3"})
        assert (answer.status_code, answer.json()["code"]) == (409, "original_changed_in_store")
    assert place_of(images[0]) == "conflict"
    assert list(away.fetched._folder.iterdir()) == []


def test_an_object_that_is_far_too_large_does_not_fill_the_disk(away, liar, client, images):
    liar.objects[key(images[0])] = bytes(30_000_000)
    assert client.get(file_of(images[0])).status_code == 409
    assert list(away.fetched._folder.iterdir()) == []


@pytest.mark.parametrize("found", ["lost", "conflict"])
def test_if_the_store_has_the_right_bytes_again_it_is_served_again(away, liar, client, images, was, found):
    if found == "lost":
        del liar.objects[key(images[0])]
    else:
        spoil(liar, images[0])
    client.get(file_of(images[0]))
    assert place_of(images[0]) == found
    liar.objects[key(images[0])] = was[images[0].pk]
    assert content_of(client.get(file_of(images[0]))) == was[images[0].pk]
    assert place_of(images[0]) == "store"


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (403, "AccessDenied")])
def test_if_the_store_is_away_the_answer_says_so_and_nothing_is_given_up(away, liar, client, images, status, code):
    liar.fail("GET", status, code)
    answer = client.get(file_of(images[0]))
    assert (answer.status_code, answer.json()["code"]) == (503, "original_away")
    assert images[0].filename in answer.json()["message"] and answer.headers["Retry-After"]
    assert place_of(images[0]) == "store"


def test_a_store_that_hangs_or_breaks_off_is_given_up_in_time(away, liar, lying_bucket, client, images):
    away.fetched.store = Store(lying_bucket, Patience(connect_s=60, answer_s=0.5, call_s=60))
    liar.lie = Handler.hang
    assert client.get(file_of(images[0])).status_code == 503
    liar.lie = lambda handler: handler.command == "GET" and handler.cut()
    assert client.get(file_of(images[0])).status_code == 503
    assert place_of(images[0]) == "store" and list(away.fetched._folder.iterdir()) == []


def test_without_the_settings_of_the_store_the_answer_says_what_to_do(away, archive, client, images):
    archive.elsewhere = None
    answer = client.get(file_of(images[0]))
    assert answer.status_code == 503 and "set S3_BUCKET" in answer.json()["message"]


def test_a_fetched_copy_that_is_spoiled_on_this_disk_is_fetched_again(away, archive, images, was):
    open_original(images_now(images[0]), archive).close()
    (kept,) = away.fetched._folder.iterdir()
    kept.write_bytes(b"spoiled")
    with open_original(images_now(images[0]), archive) as original:
        assert original.file.read() == was[images[0].pk]
    assert place_of(images[0]) == "store"


def images_now(image: Image) -> Image:
    return Image.objects.get(pk=image.pk)


def test_an_original_that_left_since_its_row_was_read_is_fetched(lying, archive, images, was):
    lying.store_and_look_again()
    before = images_now(images[0])
    while lying.evictor.make_room():
        pass
    with open_original(before, archive) as original:
        assert original.file.read() == was[before.pk]


def test_the_copies_are_bounded(away, archive, images):
    sizes = [image.file_size for image in images]
    away.fetched._max_kept_bytes = sum(sizes[:2]) + 1
    for image in images:
        open_original(images_now(image), archive).close()
    kept = {path.name for path in away.fetched._folder.iterdir()}
    assert images[-1].sha256 in kept and len(kept) <= 2
    away.fetched.clear()
    assert list(away.fetched._folder.iterdir()) == []


def test_too_many_at_once_are_told_to_come_again(away, archive, client, images, monkeypatch):
    monkeypatch.setattr(fetched, "WAIT_S", 0.01)
    with away.fetched.turn(images[0].sha256):
        assert client.get(file_of(images[0])).status_code == 503


def test_no_pixel_is_read_from_other_bytes(away, liar, images):
    spoil(liar, images[0])
    with pytest.raises(OriginalChangedInStore):
        read_pixels(images_now(images[0]))


# Sent to the store


@pytest.fixture
def redirecting(settings):
    settings.S3_PROXY = False


def test_a_program_is_sent_to_a_real_store_for_a_minute(real, redirecting, client, images, was):
    real.evict_all()
    answer = client.get(file_of(images[0]))
    assert (answer.status_code, answer.headers["ETag"]) == (302, f'"{images[0].sha256}"')
    assert answer.headers["Cache-Control"] == "private, no-store"
    link = answer.headers["Location"]
    assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == ["60"]
    with urlopen(link, timeout=60) as sent:
        assert sent.read() == was[images[0].pk]
        assert images[0].filename in sent.headers["Content-Disposition"]
        assert sent.headers["Content-Type"] == "image/jpeg"
    same = client.get(file_of(images[0]), headers={"if-none-match": f'"{images[0].sha256}"'})
    assert same.status_code == 304


def test_a_page_and_a_stranger_are_never_sent_away(away, redirecting, browser, images, was):
    """Pages take nothing from elsewhere, and a link for a stranger ends when it is revoked."""
    assert content_of(browser.get(file_of(images[0]), headers={"accept": "image/*"})) == was[images[0].pk]
    downloaded = browser.get(file_of(images[0]), headers={"accept": "text/html,*/*;q=0.8"})
    assert downloaded.status_code == 302


def test_nobody_is_sent_to_an_object_that_is_gone_or_another(away, redirecting, liar, client, images):
    del liar.objects[key(images[0])]
    spoil(liar, images[1])
    liar.metadata[key(images[1])] = "of somebody else"
    assert client.get(file_of(images[0])).json()["code"] == "original_lost"
    assert client.get(file_of(images[1])).json()["code"] == "original_changed_in_store"


def test_what_is_here_is_served_from_here(lying, redirecting, liar, client, images, was):
    lying.go_on()
    liar.seen.clear()
    assert content_of(client.get(file_of(images[0]))) == was[images[0].pk]
    assert liar.seen == []


def test_a_pc_alone_asks_the_database_no_more_than_before(archive, client, image):
    """Who asks, and for which image."""
    content_of(client.get(file_of(image)))
    with CaptureQueriesContext(connection) as asked:
        content_of(client.get(file_of(image)))
    assert len([query for query in asked if 'FROM "images"' in query["sql"]]) == 1
    assert not any("UPDATE" in query["sql"] for query in asked)
