"""Another picture of the same size under the name of a listed image is not taken for that image."""

import shutil

import pytest

from images.models import Finding, Image
from images.tests.frames import TAKEN_AT
from images.tests.spoiled import CHANGED, MISSING, UNKNOWN, age, run
from images.tests.test_rebuild import run as run_rebuild

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_data_folder")]
REPORTED = 16


@pytest.fixture
def pair(archive, keep_image) -> tuple[Image, Image]:
    """Two TIFF originals with the same file size."""
    images = keep_image(image_format="tiff"), keep_image(image_format="tiff", taken_at=TAKEN_AT.replace(minute=50))
    assert images[0].file_size == images[1].file_size
    return images


def test_a_copy_of_another_image_over_an_original_is_named_by_rebuild_and_verify(archive, pair):
    first, second = pair
    shutil.copy(archive.path_of(second.filename), archive.path_of(first.filename))
    code, printed = run_rebuild()
    assert code == REPORTED
    assert f"Not listed: {first.filename} is not what it was when it was kept: it holds the picture of " in printed
    assert "2 files looked at: 0 images listed, 0 brought up to date, 1 files not listed" in printed
    assert run()[0] == CHANGED
    assert Finding.objects.get().detail.endswith(f"It holds another picture, that of {second.filename}.")


def test_an_image_without_a_row_that_lies_under_a_listed_name_is_listed_as_what_it_is(archive, pair):
    first, second = pair
    Image.objects.filter(pk=second.pk)._raw_delete("default")
    archive.path_of(second.filename).replace(archive.path_of(first.filename))
    assert run()[0] == CHANGED
    detail = Finding.objects.get().detail
    assert detail.endswith(f"It holds another picture, that of the record {second.record_id}, which is not listed.")
    code, printed = run_rebuild()
    assert (code, "1 images listed" in printed) == (0, True)
    listed = Image.objects.get(record_id=second.record_id)
    assert listed.filename not in (first.filename,) and archive.path_of(listed.filename).exists()
    assert run()[0] == MISSING, "the first one's own original is gone, and nothing stands in for it"
    assert Finding.objects.latest("pk").image == first


def test_the_kept_original_under_another_name_is_no_copy_of_what_took_its_place(archive, pair):
    first, second = pair
    place = archive.path_of(first.filename)
    place.rename(place.with_name(first.filename.replace(".ome.tif", " (1).ome.tif")))
    shutil.copy(archive.path_of(second.filename), place)
    age(archive)
    assert run()[0] == CHANGED | UNKNOWN
    detail = Finding.objects.get(kind="unknown").detail
    assert detail.startswith(f"This is the missing {first.filename} under another name")
    assert "Another file lies there: move that one away first." in detail


def test_a_damaged_file_of_the_listed_size_is_reported_by_a_rebuild(archive, pair):
    path = archive.path_of(pair[0].filename)
    path.write_bytes(bytes(path.stat().st_size))
    code, printed = run_rebuild()
    assert (code, f"Not listed: {path.name}" in printed) == (REPORTED, True)
