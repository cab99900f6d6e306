"""A picture that was edited but kept its record is never taken for the captured one."""

import io
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client
from PIL import Image as Picture
from PIL.PngImagePlugin import PngInfo

from images.formats import FORMATS, format_of
from images.index.adoption import adopt_unlisted
from images.models import Finding, Image, Verification
from images.tests.frames import make_pixels
from images.tests.readers.programs import require
from images.tests.spoiled import CHANGED, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_data_folder")]


def turn(path: Path) -> None:
    require(shutil.which("jpegtran") is not None, "jpegtran")
    turned = subprocess.run(["jpegtran", "-rotate", "180", "-copy", "all", path], check=True, capture_output=True)
    path.write_bytes(turned.stdout)


def brighten(path: Path) -> None:
    save_again(path, lambda value: min(value + 9, 255))


def save_again(path: Path, change=lambda value: value) -> None:
    """Save the picture with all its metadata."""
    with Picture.open(path) as picture:
        info, changed = dict(picture.info), picture.point(change) if picture.mode != "I;16" else picture.copy()
    if path.suffix == ".jpg":
        changed.save(path, "JPEG", quality=95, exif=info["exif"], comment=info["comment"])
    else:
        texts = PngInfo()
        texts.add_text("microscope", info["microscope"])
        changed.save(path, "PNG", pnginfo=texts, exif=info["exif"], compress_level=9)


def overwrite_pixels(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[1000:1100] = bytes(100)
    path.write_bytes(content)


def edit_only_what_is_said(path: Path) -> None:
    """Change a text and no pixel, as exiftool does."""
    content = path.read_bytes()
    path.write_bytes(content[:2] + b"\xff\xfe\x00\x07hello" + content[2:].replace(b"Pixelink", b"Pixelonk"))


EDITS = [("jpg", turn), ("jpg", brighten), ("png", brighten), ("tiff", overwrite_pixels)]


def lose_the_rows() -> None:
    Image.objects.all()._raw_delete("default")


def rebuild() -> str:
    printed = io.StringIO()
    call_command("rebuild", stdout=printed)
    return printed.getvalue()


@pytest.mark.parametrize("bits", [8, 12])
@pytest.mark.parametrize("is_colour", [True, False])
@pytest.mark.parametrize("image_format", list(FORMATS))
def test_every_record_carries_the_sum_of_its_pixels(archive, keep_image, image_format, bits, is_colour):
    image = keep_image(image_format=image_format, pixels=make_pixels(bits=bits, is_colour=is_colour), bits=bits)
    path = archive.path_of(image.filename)
    record = format_of(path.name).read_record(path)
    assert record == image.metadata
    known = format_of(path.name)
    assert record["pixels"] == {"sha256": known.pixel_sums[known.sum_of](path), "of": known.sum_of}
    assert image.changed_since_capture is False
    with Picture.open(path) as picture:
        picture.load()  # reading checks the sums of a PNG


@pytest.mark.parametrize(("image_format", "edit"), EDITS)
@pytest.mark.parametrize("list_again", [rebuild, None])
def test_an_edited_picture_is_listed_as_changed_since_capture(
    api, manager, archive, keep_image, image_format, edit, list_again
):
    path = archive.path_of(keep_image(image_format=image_format).filename)
    edit(path)
    lose_the_rows()
    if list_again:
        assert "1 changed since capture" in list_again()
    else:
        adopt_unlisted(archive)  # every start does this too
    image = Image.objects.get()
    client, browser = api(manager), Client()
    browser.force_login(manager)
    assert client.get(f"/api/v1/images/{image.pk}").json()["changedSinceCapture"] is True
    assert client.post(f"/api/v1/images/{image.pk}/verify").json()["unchanged"] is False
    assert "CHANGED SINCE CAPTURE" in browser.get(f"/images/{image.pk}/").content.decode()
    made = b"".join(client.get(f"/api/v1/images/{image.pk}/file?as=png").streaming_content)
    export = json.loads(Picture.open(io.BytesIO(made)).info["microscope"])["export"]
    assert export["originalChangedSinceCapture"] is True and "changed since capture" in export["steps"][0]
    assert run()[0] == CHANGED
    [finding] = Verification.objects.first().findings.all()
    assert (finding.kind, finding.image_id) == (Finding.Kind.CHANGED, image.pk)
    assert "Changed since capture" in browser.get("/verification/").content.decode()


@pytest.mark.parametrize(
    ("image_format", "edit"), [("png", save_again), ("jpg", edit_only_what_is_said), ("tiff", lambda path: None)]
)
def test_a_picture_with_the_same_pixels_is_listed_as_captured(archive, keep_image, image_format, edit):
    path = archive.path_of(keep_image(image_format=image_format).filename)
    edit(path)
    lose_the_rows()
    rebuild()
    assert Image.objects.get().changed_since_capture is False
    assert run()[0] == 0


def test_for_an_older_record_it_is_unknown_if_the_pixels_changed(api, viewer, archive, keep_image, monkeypatch):
    """An older record has no sum of its pixels. It never counts as changed."""
    image = keep_image(image_format="png")
    path = archive.path_of(image.filename)
    older = {name: value for name, value in image.metadata.items() if name != "pixels"}
    texts = PngInfo()
    texts.add_text("microscope", json.dumps(older))
    with Picture.open(path) as picture:
        picture.load()
        picture.save(path, "PNG", pnginfo=texts)
    lose_the_rows()
    rebuild()
    listed = Image.objects.get()
    assert api(viewer).get(f"/api/v1/images/{listed.pk}").json()["changedSinceCapture"] is None
    browser = Client()
    browser.force_login(viewer)
    assert "Unknown: the record has no checksum" in browser.get(f"/images/{listed.pk}/").content.decode()
    assert run()[0] == 0


def test_an_original_under_the_name_of_another_format_is_changed(archive, keep_image):
    path = archive.path_of(keep_image(image_format="png").filename)
    record = format_of(path.name).read_record(path)
    record["pixels"]["of"] = FORMATS["jpg"].sum_of
    texts = PngInfo()
    texts.add_text("microscope", json.dumps(record))
    Picture.fromarray(np.zeros((48, 64, 3), np.uint8)).save(path, "PNG", pnginfo=texts)
    lose_the_rows()
    rebuild()
    assert Image.objects.get().changed_since_capture is True
