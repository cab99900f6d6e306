"""A row whose file name no original can have, because something else wrote into the database."""

import io
import zipfile

import pytest

from images.models import Image

pytestmark = pytest.mark.django_db(transaction=True)
NAMES = ["../../etc/passwd", "picture of a cat.jpg", "capture_99999999_999999_999.jpg"]


@pytest.fixture(params=NAMES)
def image(request, keep_image) -> Image:
    image = keep_image()
    Image.objects.filter(pk=image.pk).update(filename=request.param, thumbnail_path=f"2025-01-16/../{request.param}.x")
    image.refresh_from_db()
    return image


@pytest.mark.parametrize("what", ["file", "file?as=png", "thumbnail", "verify"])
def test_every_file_of_it_is_answered_as_missing(api, operator, image, what):
    ask = api(operator).post if what == "verify" else api(operator).get
    answer = ask(f"/api/v1/images/{image.pk}/{what}")
    assert answer.status_code in (404, 200 if what == "verify" else 404)
    told = answer.json()
    assert {"original_missing", "impossible_name", "missing"} & set(map(str, told.values())), told


def test_the_pages_show_it_without_its_picture(operator, client, image):
    client.force_login(operator)
    assert client.get(f"/images/{image.pk}/").status_code == 200
    assert client.get("/images/").status_code == 200


def test_a_zip_lists_it_as_missing(api, operator, image):
    answer = api(operator).post("/api/v1/images/zip", {"ids": [image.pk]}, format="json")
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as packed:
        manifest = next(name for name in packed.namelist() if name.endswith(".csv"))
        assert b"missing" in packed.read(manifest)


def test_to_bin_it_is_refused_or_done_but_never_half(api, operator, image):
    """A missing original can be binned, but an impossible name has no place for the note beside it."""
    answer = api(operator).delete(f"/api/v1/images/{image.pk}")
    assert answer.status_code == 204 or answer.json()["code"] == "impossible_name"
    assert (Image.objects.get(pk=image.pk).binned_at is not None) == (answer.status_code == 204)
