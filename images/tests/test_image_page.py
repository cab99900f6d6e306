"""The page of one image: what it says of it, what it offers, and what stands beside it."""

import html
import io
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.conf import settings
from PIL import Image as Picture

from camera.frame import to_display
from images.models import Image
from images.pages.display_fields import BINNING_MODES, TIMES
from images.tests.frames import make_pixels
from images.tests.pages import set_fields

pytestmark = pytest.mark.django_db
NOON = datetime(2025, 1, 16, 12, tzinfo=UTC)


@pytest.fixture
def images(cheap_images) -> list[Image]:
    """Seventy images, one each 40 minutes, the newest first."""
    return cheap_images([NOON - timedelta(minutes=40 * number) for number in range(70)])


def test_an_image_stands_between_its_neighbours(see, images):
    page = see(f"/images/{images[10].pk}/?simulated=true")
    assert f'rel="prev" href="/images/{images[9].pk}/?simulated=true"' in page
    assert f'rel="next" href="/images/{images[11].pk}/?simulated=true"' in page
    assert "Newest" in see(f"/images/{images[0].pk}/")
    assert "Oldest" in see(f"/images/{images[-1].pk}/?exposureMin=nonsense")


def test_an_image_shows_what_was_asked_beside_what_came(see, keep_image):
    image = keep_image()
    page = see(f"/images/{image.pk}/")
    assert f"<strong>{image.exposure_ms:.2f} ms</strong>" in page
    assert ">Unknown<" in page, "an unknown scale is never invented"
    assert "".join(re.findall(r"<span>([0-9a-f]{8})</span><wbr>", page)) == image.sha256


def test_only_a_difference_beyond_rounding_is_marked(see, keep_image):
    image = keep_image()
    for asked, is_marked in ((image.exposure_ms * 1.001, False), (image.exposure_ms * 2, True)):
        set_fields(image, metadata={**image.metadata, "requested": {"exposureMs": asked, "gainDb": None}})
        assert ("Differs from what was asked" in see(f"/images/{image.pk}/")) == is_marked


def test_the_page_says_which_settings_the_frame_does_not_say_itself(see, keep_image):
    proved, as_set = keep_image(), keep_image(as_set=frozenset({"gain_db", "roi"}))
    assert "not read from the frame" not in see(f"/images/{proved.pk}/")
    assert "gain, region" in see(f"/images/{as_set.pk}/")


@pytest.mark.parametrize(
    ("binning", "said"),
    [
        ({"x": 2, "y": 2, "mode": "decimate"}, f"2 {TIMES} 2, Skip"),
        ({"x": 4, "y": 2, "mode": "bin"}, f"4 {TIMES} 2, Sum"),
        ({"x": 1, "y": 2, "mode": "resample"}, f"1 {TIMES} 2, resample"),
        ({"x": 2, "y": 2}, f"2 {TIMES} 2"),
        ({"x": 2, "y": 2, "mode": ["damaged"]}, f"2 {TIMES} 2, ['damaged']"),
        ({"x": 1, "y": 1, "mode": "average"}, None),
    ],
)
def test_how_pixels_were_joined_is_said_in_the_words_of_the_live_page(see, keep_image, binning, said):
    image = keep_image()
    set_fields(image, metadata={**image.metadata, "actual": {**image.metadata["actual"], "binning": binning}})
    page = html.unescape(see(f"/images/{image.pk}/"))
    shown = re.search(r"Binning</\w+>.*?<strong>(.*?)</strong>", page, re.DOTALL)
    assert (shown and shown[1]) == said


def test_the_live_page_has_the_same_words():
    script = (settings.BASE_DIR / "static/camera/live/geometry-parts.js").read_text()
    words = re.search("const MODES = {(.*?)}", script)[1]
    assert dict(re.findall(r'(\w+): "(\w+)"', words)) == BINNING_MODES


def test_an_image_that_is_not_there_is_a_page_that_says_so(see):
    assert "There is nothing at this address." in see("/images/4711/", status=404)


@pytest.mark.parametrize(
    ("image_format", "bits", "said"),
    [
        ("tiff", 8, "TIFF, 8 bit"),
        ("tiff", 10, "TIFF, 10 bit in 16"),
        ("png", 12, "PNG, 8 of 12 bit"),
        ("jpg", 12, "JPG, 8 of 12 bit, quality 95"),
    ],
)
def test_the_page_of_an_image_says_what_its_file_keeps(see, keep_image, image_format, bits, said):
    image = keep_image(pixels=make_pixels(bits=bits), bits=bits, image_format=image_format)
    page = see(f"/images/{image.pk}/")
    assert said in page


@pytest.mark.parametrize(
    ("image_format", "bits", "is_colour", "said", "tolerance"),
    [
        ("jpg", 12, False, "", 30),
        ("png", 8, True, "", 0),
        ("png", 12, True, "", 0),
        ("png", 12, False, "PNG as it is. Display copy: the upper 8 of 12 bit, as JPEG.", 2),
        ("tiff", 8, True, "TIFF as it is. Display copy: 8 bit, as PNG.", 0),
        ("tiff", 8, False, "TIFF as it is. Display copy: 8 bit, as PNG.", 0),
        ("tiff", 12, True, "TIFF as it is. Display copy: the upper 8 of 12 bit, as PNG.", 0),
        ("tiff", 12, False, "TIFF as it is. Display copy: the upper 8 of 12 bit, as JPEG.", 2),
    ],
)
def test_what_browsers_cannot_show_is_a_copy_of_full_size_that_says_so(
    see, client, keep_image, image_format, bits, is_colour, said, tolerance
):
    pixels = make_pixels(bits=bits, is_colour=is_colour)
    image = keep_image(pixels=pixels, bits=bits, image_format=image_format)
    page = see(f"/images/{image.pk}/")
    assert ("Browsers cannot show" in page) == bool(said)
    assert said in page
    address = html.unescape(re.search(r'data-shown="([^"]+)"', page)[1])
    content = b"".join(client.get(address).streaming_content)
    with Picture.open(io.BytesIO(content)) as picture:
        shown = np.asarray(picture)
    assert shown.dtype == np.uint8
    assert shown.shape == pixels.shape
    assert np.abs(shown.astype(int) - to_display(pixels, bits)).max() <= tolerance


def export_links(page: str) -> list[str]:
    return [html.unescape(address) for address in re.findall(r'href="([^"]+[?]as=[^"]+)"', page)]


def test_exports_are_links_and_a_scale_bar_is_offered_only_where_the_scale_is_known(see, client, keep_image):
    image = keep_image()
    file = f"/api/v1/images/{image.pk}/file"
    plain = [f"{file}?as={name}" for name in ("jpg", "png", "tiff", "npy")]
    assert export_links(see(f"/images/{image.pk}/")) == plain
    set_fields(image, um_per_pixel_x=0.5, um_per_pixel_y=0.5)
    links = export_links(see(f"/images/{image.pk}/"))
    assert links == plain + [f"{file}?as={name}&scaleBar=true" for name in ("jpg", "png", "tiff")]
    for address in links:
        response = client.get(address)
        assert response.status_code == 200
        assert response["Content-Disposition"].startswith('attachment; filename="export_of_')
        assert b"".join(response.streaming_content)
