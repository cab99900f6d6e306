"""Files of an earlier version are read, listed, shown and changed like those of this version.

`older_files` holds a folder that the last version before records of version 2 wrote: three originals, and beside two
of them a `.changes.json`. Never edit these files: their bytes are the test.
"""

import json
import shutil
import sys
from pathlib import Path
from subprocess import PIPE, run

import pytest
from django.db import connection
from PIL import Image as Picture

from images.archive.archive import Archive
from images.archive.names import Location, location_of
from images.archive.sidecar import (
    is_sidecar,
    move_sidecar,
    original_name_of,
    read_sidecar,
    remove_sidecar,
    sidecar_of,
)
from images.calibration.objectives import choose_objective
from images.edit.bin import restore_image
from images.edit.edit import edit_image
from images.edit.history import read_history
from images.formats import FORMATS, format_of
from images.formats.png import RECORD_KEYWORD
from images.index.adoption import adopt_unlisted, sync_or_report
from images.index.misplaced import explain
from images.index.rebuild.rebuild import rebuild
from images.library import the_library
from images.models import Image, Objective
from images.older_versions import upgrade_record
from images.verification.folders import find_in_day
from images.verification.rows import check_row

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent / "older_files"
DAY = "2025-01-16"
JPG, PNG, TIFF = (
    "capture_20250116_103045_123.jpg",
    "capture_20250116_103145_123.png",
    "capture_20250116_103245_123.ome.tif",
)


@pytest.fixture
def older(archive):
    """The older files are in the archive, without rows."""
    shutil.copytree(FOLDER / DAY, archive.root / DAY)
    return archive


@pytest.fixture
def manager(make_user):
    """A manager whose name is not in the files."""
    return make_user("mia", "managers")


@pytest.fixture
def listed(older) -> dict[str, Image]:
    """The older files are listed, and the users that they name exist."""
    list(rebuild(older, report=pytest.fail))
    return {image.filename: image for image in Image.objects.all()}


def text_inside(path: Path) -> dict:
    """Return the text of the record in the file."""
    found = path.read_bytes().decode("latin-1")
    start = found.index('{"schema":"microscope.image"')
    return json.JSONDecoder().raw_decode(found[start:])[0]


def faults_of(archive, image: Image) -> list[str]:
    image.refresh_from_db()
    of_folder = [finding.detail for finding in find_in_day(archive, DAY)]
    return [str(one) for one in check_row(archive, image, is_original_unchanged=True)] + of_folder


def raw_record(image: Image) -> dict:
    """Return the record as the table holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT metadata FROM images WHERE id = %s", [image.pk])
        value = cursor.fetchone()[0]
    return json.loads(value) if isinstance(value, str) else value


def put_raw_record(image: Image, record: dict) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE images SET metadata = %s WHERE id = %s", [json.dumps(record), image.pk])


@pytest.mark.parametrize("name", [JPG, PNG])
def test_the_files_are_of_the_earlier_version(name):
    record = text_inside(FOLDER / DAY / name)
    assert record["version"] == 1
    assert "pixelAddressing" in record["actual"] and "sdkCode" in record["frame"]
    said = json.loads((FOLDER / DAY / f"{name}.changes.json").read_text(encoding="utf-8"))
    assert (said["schema"], said["version"]) == ("microscope.changes", 1)


@pytest.mark.parametrize("name", [JPG, PNG, TIFF])
def test_an_older_record_is_read_in_todays_words(name):
    path = FOLDER / DAY / name
    kind = format_of(path.name)
    record = kind.read_record(path)
    assert record["version"] == 2
    assert record["frame"]["driverStatus"] == "ApiSuccessWithFrameLoss"
    assert record["actual"]["binning"] == (
        {"x": 2, "y": 1, "mode": "bin"} if name == PNG else {"x": 1, "y": 1, "mode": "decimate"}
    )
    assert "sdkCode" not in record["frame"] and "pixelAddressing" not in record["actual"]
    assert (record["user"], record["sample"], record["file"]["format"]) == ("ada", "Colon 14", kind.name)


@pytest.mark.parametrize("record", [None, [], "text", {}, {"version": 1}, {"version": 1, "actual": 5, "frame": None}])
def test_upgrading_leaves_other_records_unchanged(record):
    upgraded = upgrade_record(record)
    assert upgraded == (record if not record or isinstance(record, str) else {**record, "version": 2})


def test_an_older_folder_is_listed_with_all_that_was_changed(listed):
    jpg, png, tiff = listed[JPG], listed[PNG], listed[TIFF]
    assert (jpg.note, jpg.sample, jpg.revision, jpg.binned_at) == ("seen twice", "Colon 14", 2, None)
    assert (png.note, png.sample, png.x_position, png.revision) == ("by mary", "Colon 15", 1.5, 3)
    assert png.binned_at is not None
    assert (tiff.note, tiff.revision) == ("first", None)
    assert [image.job.name for image in listed.values()] == ["colon"] * 3
    assert jpg.calibration is None and png.calibration.image == jpg
    assert [entry.by for entry in read_history(png).entries] == ["ada", "mary", "ada"]


def test_verify_has_no_complaint(older, listed):
    assert [faults_of(older, image) for image in listed.values()] == [[], [], []]


def test_rows_that_the_earlier_version_wrote_are_right_too_and_are_read_in_todays_words(older, listed, api, manager):
    image = listed[JPG]
    record = text_inside(FOLDER / DAY / JPG)
    put_raw_record(image, record)

    assert faults_of(older, image) == []
    assert raw_record(image) == record, "reading changes nothing"
    answer = api(manager).get(f"/api/v1/images/{image.pk}").json()
    assert answer["metadata"]["actual"]["binning"] == {"x": 1, "y": 1, "mode": "decimate"}
    assert answer["metadata"]["frame"]["driverStatus"] == "ApiSuccessWithFrameLoss"


def test_a_row_that_says_otherwise_than_its_older_record_is_still_found(older, listed):
    image, record = listed[JPG], text_inside(FOLDER / DAY / JPG)
    put_raw_record(image, {**record, "frame": {**record["frame"], "sdkCode": "ApiSuccess"}})
    assert "copy of the record (frame)" in faults_of(older, image)[0]


def test_the_page_and_an_export_say_todays_words(listed, api, client, manager):
    image = listed[PNG]
    restore_image(image.pk, manager)
    client.force_login(manager)
    page = client.get(f"/images/{image.pk}/").content.decode()
    assert "ApiSuccessWithFrameLoss" in page and "2 \N{MULTIPLICATION SIGN} 1" in page
    exported = api(manager).get(f"/api/v1/images/{image.pk}/file?as=png")
    path = the_library().archive.root / "export.png"
    path.write_bytes(b"".join(exported.streaming_content))
    with Picture.open(path) as picture:
        record = json.loads(picture.text[RECORD_KEYWORD])
    assert record["actual"]["binning"] == {"x": 2, "y": 1, "mode": "bin"}


def test_a_calibration_can_be_drawn_on_an_older_image(listed, manager, api):
    lens = Objective.objects.get()
    choose_objective(lens.pk, manager)
    line = {"imageId": listed[TIFF].pk, "x1": 0, "y1": 0, "x2": 20, "y2": 0, "lengthUm": 10}
    answer = api(manager).post(f"/api/v1/objectives/{lens.pk}/calibrations", line, format="json")
    assert (answer.status_code, answer.json()["calibration"]["umPerPixel"]) == (201, 0.5)


def test_the_next_change_writes_todays_sidecar_with_all_the_history_and_removes_the_older(older, listed, manager):
    image = listed[JPG]
    before = read_sidecar(older, location_of(JPG))
    edit_image(image.pk, manager, note="third")

    beside = older.root / DAY
    assert sorted(path.name for path in beside.glob(f"{JPG}*")) == [JPG, f"{JPG}.sidecar.json"]
    said = json.loads((beside / f"{JPG}.sidecar.json").read_text(encoding="utf-8"))
    assert (said["schema"], said["revision"]) == ("microscope.sidecar", before.revision + 1)
    assert said["history"][:-1] == before.history and said["calibrations"] == before.calibrations
    assert faults_of(older, image) == []


def test_an_older_sidecar_goes_with_its_original_and_leaves_with_it(older):
    def has_sidecar(original):
        return older.has(sidecar_of(older, original))

    jpg = location_of(JPG)
    record_id = read_sidecar(older, jpg).record_id
    renamed = jpg.beside("capture_20250116_103045_123_2.jpg")
    move_sidecar(older, jpg, renamed, "another")
    assert has_sidecar(jpg)
    move_sidecar(older, jpg, renamed, record_id)
    assert not has_sidecar(jpg) and read_sidecar(older, renamed).record_id == record_id
    remove_sidecar(older, renamed, "another")
    assert has_sidecar(renamed)
    remove_sidecar(older, renamed, record_id)
    assert not has_sidecar(renamed)


def test_an_older_sidecar_in_a_wrong_place_is_explained(older, listed):
    lost = older.root / "backup" / f"{JPG}.changes.json"
    lost.parent.mkdir()
    shutil.move(older.root / DAY / lost.name, lost)
    assert is_sidecar(lost.name) and original_name_of(lost.name) == JPG
    assert f"Move it to {DAY}/{JPG}.sidecar.json" in explain(older, Location("backup", lost.name))
    shutil.copy(lost, older.path_at(sidecar_of(older, location_of(JPG))))  # what the message advises
    assert faults_of(older, listed[JPG]) == []


def test_an_older_row_follows_an_older_sidecar_at_the_next_start(older, listed):
    image = listed[JPG]
    Image.objects.filter(pk=image.pk).update(note="behind", revision=1)
    assert adopt_unlisted(older) == 0
    image.refresh_from_db()
    assert (image.note, image.revision) == ("seen twice", 2)
    assert not sync_or_report(older, image)


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_killed_at_any_step_of_that_change_either_the_old_or_the_new_stands_and_the_history_is_whole(older, tmp_path):
    before = read_sidecar(older, location_of(JPG))
    revisions = []
    for step in range(50):
        folder = tmp_path / str(step)
        shutil.copytree(FOLDER / DAY, folder / "images" / DAY)
        done = run(
            [sys.executable, "-m", "images.tests.other_process", "change-older-sidecar", folder, str(step)],
            cwd=ROOT,
            stdout=PIPE,
            check=False,
        )
        original = folder / "images" / DAY / JPG
        found = read_sidecar(Archive(folder / "images", 0, folder / "memory.txt"), location_of(JPG))
        assert found.history[: len(before.history)] == before.history, step
        assert found.revision == len(found.history), step
        assert found.calibrations == before.calibrations, step
        revisions.append(found.revision)
        assert_the_next_change_puts_it_in_order(original, found)
        if done.returncode == 0:
            break
    assert revisions[0] == before.revision and revisions[-1] == before.revision + 1
    assert revisions == sorted(revisions) and len(revisions) > 4


def assert_the_next_change_puts_it_in_order(original: Path, found) -> None:
    command = [sys.executable, "-m", "images.tests.other_process", "change-older-sidecar", original.parents[2], "1000"]
    run(command, cwd=ROOT, stdout=PIPE, check=True)
    assert [path.name for path in original.parent.glob(f"{JPG}.*")] == [f"{JPG}.sidecar.json"]
    changed = read_sidecar(Archive(original.parents[1], 0, original.parents[2] / "memory.txt"), location_of(JPG))
    assert changed.revision == found.revision + 1


def test_if_a_crash_leaves_both_sidecars_the_new_one_counts(older, listed, manager):
    image = listed[JPG]
    left = (older.root / DAY / f"{JPG}.changes.json").read_bytes()
    edit_image(image.pk, manager, note="third")
    (older.root / DAY / f"{JPG}.changes.json").write_bytes(left)

    assert faults_of(older, image) == []
    assert read_sidecar(older, location_of(JPG)).values["note"] == "third"
    edit_image(image.pk, manager, note="fourth")
    assert not (older.root / DAY / f"{JPG}.changes.json").exists()


def test_new_records_are_of_version_2(keep_image):
    image = keep_image()
    assert image.metadata["version"] == 2
    assert FORMATS["jpg"].read_record(the_library().archive.path_of(image.filename)) == image.metadata
