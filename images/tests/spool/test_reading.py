"""An original that is only in the store is served by the same addresses as before. No byte is used unproved."""

import csv
import io
import re
import zipfile
from collections import Counter
from datetime import timedelta

import numpy as np
from django.conf import settings
from PIL import Image as Picture
from PIL import ImageSequence

from images.library import the_library
from images.models import Image
from images.pages.display_fields import PLACE_WORDS
from images.tests.job_exports import content_of, make_ended_job
from images.tests.jobs import time_lapse
from images.tests.spool.conftest import (
    file_of,
    key,
    place_of,
    spoil_object,
)
from images.tests.store.lying_store import Handler


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
    spoil_object(liar, images[1])
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
    spoil_object(liar, images[1])
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
