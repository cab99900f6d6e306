import io
import re
import urllib.request
from datetime import datetime, timedelta

import numpy as np
import pytest
import tifffile
from django.core.signing import TimestampSigner, b62_encode
from django.test import Client
from django.utils import timezone

from images.export import links
from images.export.links import LIVES_FOR, make_link
from images.formats import FORMATS
from images.models import Image
from images.tests.frames import TAKEN_AT, make_pixels

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(keep_image) -> Image:
    return keep_image(image_format="tiff", pixels=make_pixels(bits=12, is_colour=False), bits=12)


@pytest.fixture
def link(api, viewer, image) -> dict:
    response = api(viewer).post(f"/api/v1/images/{image.pk}/link")
    assert response.status_code == 201
    return response.json()


def open_link(address: str, method: str = "GET"):
    """Open a link like a program that has neither a sign-in nor cookies."""
    return Client().generic(method, address.removeprefix("http://testserver"))


class SetSigner(TimestampSigner):
    """Signs like the program at another time."""

    def __init__(self, now: datetime) -> None:
        super().__init__(salt="images.opening", sep=".")
        self._now = now

    def timestamp(self) -> str:
        return b62_encode(int(self._now.timestamp()))


class Served:
    """An answer like that of `urllib.request.urlopen`, taken from Django's test client."""

    def __init__(self, address: str) -> None:
        self._content = b"".join(open_link(address).streaming_content)

    def read(self) -> bytes:
        return self._content


def test_the_address_ends_as_imagej_wants_it_and_says_nothing_else(link, image):
    assert re.fullmatch(r"http://testserver/f/[\w.-]+/" + re.escape(image.filename), link["url"])
    assert link["url"].endswith(".ome.tif")
    assert "?" not in link["url"]


def test_a_tiff_is_opened_as_it_is(link, image, archive):
    assert b"".join(open_link(link["url"]).streaming_content) == archive.path_of(image.filename).read_bytes()


def test_another_format_is_opened_as_tiff_with_its_pixels(keep_image, api, viewer, archive):
    image = keep_image(taken_at=TAKEN_AT + timedelta(seconds=1))
    link = api(viewer).post(f"/api/v1/images/{image.pk}/link").json()
    assert "/export_of_capture_" in link["url"] and link["url"].endswith(".ome.tif")
    content = b"".join(open_link(link["url"]).streaming_content)
    assert (tifffile.imread(io.BytesIO(content)) == FORMATS["jpg"].read_pixels(archive.path_of(image.filename))).all()


def test_the_line_of_python_reads_the_pixels(link, image, archive, monkeypatch):
    monkeypatch.setattr(urllib.request, "urlopen", Served)
    names: dict = {}
    exec(link["python"], names)
    assert (names["pixels"] == FORMATS["tiff"].read_pixels(archive.path_of(image.filename))).all()


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_it_can_only_be_read(link, method):
    assert open_link(link["url"], method).status_code == 405


@pytest.mark.parametrize("image_format", ["tiff", "jpg"])
def test_its_size_can_be_asked_for_without_its_bytes(keep_image, api, viewer, image_format):
    image = keep_image(image_format=image_format, taken_at=TAKEN_AT + timedelta(seconds=1))
    address = api(viewer).post(f"/api/v1/images/{image.pk}/link").json()["url"]
    head, whole = open_link(address, "HEAD"), b"".join(open_link(address).streaming_content)
    assert (head.status_code, head.content, head["Content-Type"]) == (200, b"", "image/tiff")
    assert abs(int(head["Content-Length"]) - len(whole)) <= (0 if image_format == "tiff" else 8)


class TestRefused:
    def test_a_token_that_is_wrong(self, link):
        head, token, name = link["url"].rsplit("/", 2)
        for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x", token.replace("-", "--", 1), token + ".x"):
            assert open_link(f"{head}/{wrong}/{name}").status_code == 404

    def test_a_token_of_another_use_of_the_same_key(self, link, image, viewer):
        head, _, name = link["url"].rsplit("/", 2)
        foreign = TimestampSigner(salt="another", sep=".").sign(f"{image.pk}-{viewer.pk}")
        assert open_link(f"{head}/{foreign}/{name}").status_code == 404

    def test_a_token_for_another_image(self, link, keep_image):
        other = keep_image(image_format="tiff", taken_at=TAKEN_AT + timedelta(seconds=1))
        head, token, _ = link["url"].rsplit("/", 2)
        assert open_link(f"{head}/{token}/{other.filename}").status_code == 404

    def test_a_token_that_is_too_old(self, image, viewer, monkeypatch):
        monkeypatch.setattr(links, "_signer", SetSigner(timezone.now() - LIVES_FOR - timedelta(seconds=2)))
        link = make_link(image, viewer)
        monkeypatch.undo()
        assert open_link(link.path).status_code == 404

    def test_a_token_that_was_made_while_the_clock_was_ahead(self, image, viewer, monkeypatch):
        for ahead, status in ((timedelta(seconds=30), 200), (timedelta(days=400), 404)):
            signer = SetSigner(timezone.now() + ahead)
            monkeypatch.setattr(links, "_signer", signer)
            link = make_link(image, viewer)
            monkeypatch.undo()
            assert open_link(link.path).status_code == status
        assert (
            "made while the clock of this PC was wrong. Copy the link again." in open_link(link.path).content.decode()
        )

    def test_a_person_who_may_no_more(self, link, viewer):
        viewer.groups.clear()
        assert open_link(link["url"]).status_code == 404

    def test_a_person_who_was_deactivated(self, link, viewer):
        viewer.is_active = False
        viewer.save()
        assert open_link(link["url"]).status_code == 404

    def test_an_image_that_is_gone(self, link, image):
        image.delete()
        assert open_link(link["url"]).status_code == 404


def test_strangers_get_no_link(api, image, make_user):
    assert api().post(f"/api/v1/images/{image.pk}/link").status_code == 401
    assert api(make_user("nobody")).post(f"/api/v1/images/{image.pk}/link").status_code == 403


def test_the_scale_is_told_to_napari_only_where_it_is_known(api, viewer, image):
    ask = api(viewer).post
    assert "scale" not in ask(f"/api/v1/images/{image.pk}/link").json()["napari"]
    Image.objects.filter(pk=image.pk).update(um_per_pixel_x=0.5, um_per_pixel_y=0.25)
    assert "scale=(0.25, 0.5)" in ask(f"/api/v1/images/{image.pk}/link").json()["napari"]


def test_pixels_are_deep(image, archive):
    assert FORMATS["tiff"].read_pixels(archive.path_of(image.filename)).dtype == np.uint16
