"""`manage.py rebuild` among damaged and foreign files, without a folder, with a faulty database, and interrupted."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError
from django.db import DatabaseError
from PIL import Image as Picture

from images.formats import FORMATS
from images.index.adoption import adopt_unlisted
from images.models import Image
from images.record.image import dump_record
from images.tests.commands import start_command
from images.tests.conftest import rows_refused
from images.tests.frames import TAKEN_AT, make_frame, make_record_of
from images.tests.places import path_of
from images.tests.test_rebuild import run
from microscope.tests.migrated import fill_file

REPORTED, INTERRUPTED = 16, 128
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def images_folder(archive, settings) -> Path:
    settings.IMAGE_SAVE_PATH = archive.root
    archive.check_folder()
    return archive.root


@pytest.mark.parametrize("image_format", list(FORMATS))
def test_damaged_and_foreign_files_are_reported_and_never_listed(archive, keep_original, keep_image, image_format):
    kept, _ = keep_original(image_format=image_format)
    listed = keep_image()
    folder, extension, content = path_of(kept).parent, FORMATS[image_format].extension, path_of(kept).read_bytes()
    spoilt = {number: folder / f"capture_20250116_000000_00{number}{extension}" for number in (1, 2, 4, 5)}
    spoilt[1].write_bytes(content[:500])
    spoilt[2].write_text("no picture")
    spoilt[4].write_bytes(content[:-1])
    with spoilt[5].open("wb") as file:
        Picture.new("RGB", (8, 8)).save(file, {"jpg": "JPEG", "png": "PNG", "tiff": "TIFF"}[image_format])
    (folder / "holiday.jpg").write_bytes(b"\xff\xd8\xff\xd9")
    (folder / "notes.txt").write_text("buy milk")
    shutil.copy(path_of(kept), folder / f"capture_20250116_000000_003{extension}")
    path = archive.path_of(listed.filename)
    path.write_bytes(path.read_bytes()[:-2] + b"more\xff\xd9")
    code, printed = run()
    assert code == REPORTED
    for name in (*(path.name for path in spoilt.values()), "holiday.jpg", "notes.txt"):
        assert f"Not listed: {name}" in printed.replace("2025-01-16/", "")
    assert f"Not listed: {listed.filename} is not what it was" in printed
    assert "is a copy of" in printed
    assert Image.objects.count() == 2
    assert "8 files not listed" in printed
    assert (adopt_unlisted(archive), Image.objects.count()) == (0, 2), "nor does a start of the server list them"


def test_damaged_records_hinder_no_other_image_of_their_batch(archive, keep_original):
    kept, _ = keep_original(taken_at=TAKEN_AT + timedelta(minutes=1))
    damaged = [
        {"actual": {}},
        {"position": {"x": "left", "y": None, "z": None}},
        {"image": {"width": 10**30, "height": 1}},
        {"image": {"width": -1, "height": 1}},
        {"user": ["ada"]},
        {"user": "a\0b"},
        {"job": "wound healing"},
        {"job": {"id": 10**30, "name": "x"}},
        {"job": {"id": 5, "name": "x" * 300}},
        {"scale": {"calibration": {"madeBy": "\0"}}},
        {"stain": "\0"},
    ]
    for number, changes in enumerate(damaged):
        text = dump_record({**make_record_of(make_frame()), **changes})
        path = path_of(kept).with_name(f"capture_20250116_000000_{number:03d}.jpg")
        Picture.new("RGB", (8, 8)).save(path, comment=text.encode())
    code, printed = run()
    assert (code, Image.objects.filter(filename=kept.filename).count()) == (REPORTED, 1), printed


def test_a_folder_that_is_not_there_is_told(settings, tmp_path):
    settings.IMAGE_SAVE_PATH = tmp_path / "nowhere"
    with pytest.raises(CommandError, match=r"The folder .* is missing"):
        run()
    assert not settings.IMAGE_SAVE_PATH.exists()


def test_after_a_fault_of_the_database_it_can_be_run_again(keep_original):
    keep_original()
    with rows_refused(), pytest.raises(DatabaseError):
        run()
    assert run()[0] == 0
    assert Image.objects.count() == 1


@pytest.mark.long
def test_an_interrupted_rebuild_says_so_and_the_next_does_the_rest(tmp_path, keep_original):
    for number in range(400):
        keep_original(taken_at=TAKEN_AT + timedelta(seconds=number // 4))
    fill_file(tmp_path / "microscope.sqlite3")
    with start_command(tmp_path, "rebuild") as first:
        while first.poll() is None and not (tmp_path / "microscope.sqlite3-wal").exists():
            pass
        first.send_signal(2)
        printed = first.communicate(timeout=600)[0]
    assert first.returncode in (INTERRUPTED, 0, 130, -2), printed
    with start_command(tmp_path, "rebuild") as second:
        printed = second.communicate(timeout=600)[0]
    assert second.returncode == 0
    assert "400 files looked at" in printed
