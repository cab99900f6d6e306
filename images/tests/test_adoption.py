import logging
import shutil
from typing import Any

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.db import connection, connections
from PIL import Image as Picture

from images.api.serializers import describe_captured
from images.archive.archive import Archive, StoredFile
from images.capture.capture import capture_image
from images.index.adoption import adopt, adopt_unlisted
from images.library import the_library
from images.models import Image, Job, Removal
from images.record.image import dump_record
from images.tests.conftest import rows_refused, server_address, wait_until
from images.tests.frames import make_frame, make_record_of
from images.tests.places import path_of

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)  # committed, so that other threads see the rows


@pytest.fixture
def job(operator):
    return Job.objects.create(name="wound healing", user=operator)


@committed
def test_a_capture_whose_row_is_refused_is_safe_and_its_row_comes_by_itself(camera, impatient_backfiller, operator):
    camera.limits()
    with rows_refused():
        captured = capture_image(by=operator)
        answer = describe_captured(captured)
        assert (answer["success"], answer["databaseSaved"], answer["imageId"]) == (True, False, None)
        assert (answer["url"], answer["thumbnailUrl"]) == (None, None)
        assert path_of(captured.kept).exists()
    wait_until(lambda: impatient_backfiller.pending_count == 0)

    image = Image.objects.get()
    assert (image.filename, image.sha256, image.user) == (captured.kept.filename, captured.kept.sha256, operator)
    assert image.is_adopted


@committed
def test_rows_refused_for_many_captures_come_exactly_once_each(camera, archive, impatient_backfiller, operator):
    camera.limits()
    with rows_refused():
        names = [capture_image(by=operator, exposure_ms=1).kept.filename for _ in range(5)]
        assert impatient_backfiller.pending_count == 5
    wait_until(lambda: impatient_backfiller.pending_count == 0)
    assert sorted(Image.objects.values_list("filename", flat=True)) == sorted(names)
    assert adopt_unlisted(archive) == 0


@committed
def test_a_connection_that_the_server_ended_costs_no_image(camera, impatient_backfiller, operator):
    """For example PostgreSQL restarts. SQLite has no server: there the table is locked for a moment."""
    camera.limits()
    if connection.vendor == "postgresql":
        with psycopg.connect(**server_address()) as other:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_backend_pid()")
                other.execute("SELECT pg_terminate_backend(%s)", cursor.fetchone())
            captured = capture_image(by=operator)
    else:
        with rows_refused():
            captured = capture_image(by=operator)
    assert captured.image is None
    wait_until(lambda: impatient_backfiller.pending_count == 0)
    connections.close_all()
    assert Image.objects.get().filename == captured.kept.filename


@committed
def test_the_row_of_a_lost_file_keeps_its_name_and_the_new_image_gets_another(archive, still_camera, operator):
    """The clock was set back, so the name comes again, and the original under that name is gone."""
    lost = capture_image(by=operator).kept
    archive.remove(lost.filename)

    captured = capture_image(by=operator)
    assert captured.image.filename == captured.kept.filename == "capture_20250116_103045_123_2.jpg"
    assert archive.measure(captured.kept.location) == captured.kept
    assert captured.image.sha256 == captured.kept.sha256
    assert Image.objects.get(filename=lost.filename).sha256 == lost.sha256


class OvertakenArchive(Archive):
    """An archive whose originals are adopted by another process as soon as they are published."""

    def keep(self, *args: Any) -> StoredFile:
        kept = super().keep(*args)
        adopt(self, kept.location)
        return kept


@committed
def test_an_image_that_somebody_else_listed_first_is_answered_as_saved(archive, still_camera, operator, tmp_path):
    the_library().archive = OvertakenArchive(archive.root, reserve_bytes=0, memory=tmp_path / "memory.txt")
    captured = capture_image(by=operator)
    assert captured.image == Image.objects.get()


@committed
def test_an_image_whose_user_is_deleted_meanwhile_is_kept(archive, still_camera, make_user):
    user = make_user("leaving", "operators")
    get_user_model().objects.filter(pk=user.pk).delete()
    captured = capture_image(by=user)
    assert (captured.image.user, captured.record["user"]) == (None, "leaving")


def test_an_original_without_a_row_is_adopted_once(archive, keep_original, operator, job):
    kept, record = keep_original(username=operator.username, job={"id": job.pk, "name": job.name})
    assert adopt_unlisted(archive) == 1
    assert adopt_unlisted(archive) == 0

    image = Image.objects.get()
    assert (image.filename, image.sha256, image.file_size) == (kept.filename, kept.sha256, kept.size_bytes)
    assert (image.user, image.job, image.metadata, image.is_adopted) == (operator, job, record, True)
    assert image.captured_at.isoformat() == "2025-01-16T10:30:45.123000+00:00"


def test_the_whole_library_can_be_made_again_from_its_files(archive, keep_image, job):
    for image_format in ("jpg", "png", "tiff"):
        keep_image(job=job, image_format=image_format)
    fields = [field.attname for field in Image._meta.fields if field.name not in ("id", "created_at", "is_adopted")]
    before = list(Image.objects.order_by("filename").values(*fields))
    Image.objects.all()._raw_delete("default")

    assert adopt_unlisted(archive) == 3
    assert list(Image.objects.order_by("filename").values(*fields)) == before


def test_who_and_which_job_stay_open_when_they_are_gone(archive, keep_original):
    keep_original(username="somebody who left", job={"id": 4711, "name": "gone"})
    assert adopt_unlisted(archive) == 1
    image = Image.objects.get()
    assert (image.user, image.job) == (None, None)
    assert image.metadata["user"] == "somebody who left"
    assert image.metadata["job"] == {"id": 4711, "name": "gone"}


def test_a_copy_of_a_listed_image_is_left_alone(archive, keep_image, caplog):
    image = keep_image()
    original = archive.path_of(image.filename)
    shutil.copy(original, original.with_name("capture_20250116_103045_999.jpg"))
    assert adopt_unlisted(archive) == 0
    assert "is a copy of capture_20250116_103045_123.jpg" in caplog.text


def test_what_is_to_be_removed_is_not_adopted(archive, keep_original):
    kept, record = keep_original()
    Removal.objects.create(filename=kept.filename, record_id=record["id"])
    assert adopt_unlisted(archive) == 0


def test_a_new_image_under_the_name_of_one_to_be_removed_is_adopted(archive, keep_original):
    kept, _ = keep_original()
    Removal.objects.create(filename=kept.filename, record_id=make_record_of(make_frame())["id"])
    assert adopt_unlisted(archive) == 1


def test_damaged_and_foreign_files_are_reported_and_hinder_nobody(archive, keep_original, caplog):
    kept, _ = keep_original()
    folder = path_of(kept).parent
    (folder / "capture_20250116_000000_001.jpg").write_bytes(path_of(kept).read_bytes()[:500])
    (folder / "capture_20250116_000000_002.jpg").write_text("no picture")
    (folder / "capture_20250116_000000_003.gif").write_text("GIF89a")
    (folder / "capture_20250116_000000_004.jpg").mkdir()
    (folder / "capture_20250116_000000_005.jpg").symlink_to("nowhere")
    assert adopt_unlisted(archive) == 1
    for number in range(1, 6):
        assert f"capture_20250116_000000_00{number}" in caplog.text


@committed
@pytest.mark.parametrize(
    "changes",
    [
        {"actual": {}},
        {"actual": None},
        {"position": {"x": "left", "y": None, "z": None}},
        {"image": {"width": 10**30, "height": 1}},
        {"image": {"width": -1, "height": 1}},
        {"image": {}},
        {"simulated": None},
        {"user": ["ada"]},
        {"user": "a\0b"},
        {"job": "wound healing"},
        {"job": {"id": 10**30}},
        {"stain": "\0"},
    ],
)
def test_an_original_with_a_damaged_record_hinders_nobody(archive, keep_original, changes):
    kept, _ = keep_original()
    text = dump_record({**make_record_of(make_frame()), **changes})
    Picture.new("RGB", (8, 8)).save(path_of(kept).with_name("capture_20250116_000000_001.jpg"), comment=text.encode())
    adopt_unlisted(archive)
    assert Image.objects.filter(filename=kept.filename).exists()


def test_a_listed_original_that_was_cut_is_reported(archive, keep_image, caplog):
    image = keep_image()
    path = archive.path_of(image.filename)
    path.write_bytes(path.read_bytes()[:500])
    assert adopt_unlisted(archive) == 0
    assert f"{image.filename} ends too early" in caplog.text


def test_a_file_in_the_folder_of_another_day_is_reported(archive, keep_original, caplog):
    kept, _ = keep_original()
    (archive.root / "2025-01-17").mkdir()
    path_of(kept).rename(archive.root / "2025-01-17" / kept.filename)
    assert adopt_unlisted(archive) == 0
    assert f"2025-01-17/{kept.filename} is not how this program names and files an image" in caplog.text


def test_a_file_that_somebody_renamed_is_reported(archive, keep_original, caplog):
    kept, _ = keep_original()
    path_of(kept).rename(path_of(kept).with_name("capture_of_my_cells.jpg"))
    assert adopt_unlisted(archive) == 0
    assert "capture_of_my_cells.jpg is not how this program names" in caplog.text


@pytest.mark.parametrize(("image_format", "extension"), [("jpg", ".jpg"), ("png", ".png"), ("tiff", ".ome.tif")])
def test_a_file_under_the_name_of_a_lost_one_gets_a_name_of_its_own(
    archive, keep_original, keep_image, image_format, extension
):
    lost = keep_image(image_format=image_format)
    archive.remove(lost.filename)
    other, _ = keep_original(username="somebody else with a longer name", image_format=image_format)
    assert other.size_bytes != lost.file_size
    assert adopt_unlisted(archive) == 1
    assert sorted(Image.objects.values_list("filename", "image_format")) == [
        (f"capture_20250116_103045_123{extension}", image_format),
        (f"capture_20250116_103045_123_2{extension}", image_format),
    ]
    assert not archive.path_of(lost.filename).exists()


@committed
def test_an_original_that_cannot_be_listed_keeps_no_other_from_it(impatient_backfiller, archive, keep_original, caplog):
    kept, _ = keep_original()
    impatient_backfiller.add_later(kept.location.beside("capture_20250116_000000_000.jpg"))
    impatient_backfiller.add_later(kept.location)
    wait_until(lambda: impatient_backfiller.pending_count == 0)
    assert Image.objects.get().filename == kept.filename
    assert any(record.levelno == logging.ERROR for record in caplog.records)


@committed
def test_a_registrar_that_was_closed_leaves_the_rest_to_the_next_start(impatient_backfiller, archive, keep_original):
    with rows_refused():
        impatient_backfiller.add_later(keep_original()[0].location)
        impatient_backfiller.close()
    assert impatient_backfiller.pending_count == 1
    assert adopt_unlisted(archive) == 1
