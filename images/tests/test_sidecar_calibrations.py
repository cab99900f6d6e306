"""A calibration is written beside the original it was drawn on, so it comes back even if no image used it."""

import json
import resource
from uuid import UUID

import pytest
from django.db import OperationalError, connection, connections, transaction

from images.archive.names import location_of
from images.calibration.calibrate import calibrate
from images.calibration.objectives import choose_objective
from images.calibration.scale import Line
from images.edit.bin import bin_image, empty_bin
from images.edit.edit import edit_image
from images.index.adoption import adopt, adopt_unlisted
from images.library import the_library
from images.models import Calibration, CurrentObjective, Image, Objective
from images.tests.conftest import wait_until
from images.tests.sidecars import file_of, read, row
from images.tests.test_storage import limited

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)
LINE = Line(10, 20, 50, 20)
NEXT_LINE = {"x1": 10, "y1": 20, "x2": 30, "y2": 20}


def rows() -> list[dict]:
    names = [field.attname for field in Calibration._meta.fields if field.name != "image"]
    return list(Calibration.objects.order_by("made_at").values(*names, "image__filename", "objective__name"))


def lose_optics() -> None:
    for table in (CurrentObjective, Calibration, Objective):
        table.objects.all()._raw_delete("default")


def lose_the_rows() -> None:
    Image.objects.update(objective=None, calibration=None)
    lose_optics()
    Image.objects.all()._raw_delete("default")


def test_it_is_written_beside_its_image_with_all_that_it_needs(calibrated, micrometer, manager):
    said = read(micrometer)
    [drawn] = said["calibrations"]
    assert (drawn["objective"]["name"], drawn["cameraModel"]) == ("10x", "PL-D752")
    assert drawn["calibration"]["id"] == str(calibrated.pk)
    assert drawn["calibration"]["imageRecordId"] == said["recordId"] == str(micrometer.record_id)
    assert (drawn["calibration"]["umPerPixel"], drawn["calibration"]["madeBy"]) == (0.5, "mary")
    assert [(one["by"], one["was"]) for one in said["history"]] == [("mary", {})]
    assert row(micrometer)[-1] == said["revision"] == 1


def test_a_preview_of_a_calibration_is_not_written(objective, micrometer, manager):
    calibrate(objective.pk, micrometer.pk, LINE, 20, by=manager, is_kept=False)
    assert not file_of(micrometer).exists()
    assert not Calibration.objects.exists()


def test_adoption_brings_back_those_that_no_image_used(archive, calibrated, objective, micrometer, manager):
    calibrate(objective.pk, micrometer.pk, Line(0, 0, 40, 30), 30, by=manager)
    before = rows()
    assert len(before) == 2
    lose_the_rows()
    assert adopt_unlisted(archive) == 1
    assert rows() == before
    assert adopt_unlisted(archive) == 0


@committed
def test_one_that_came_back_is_in_force_once_its_objective_is_chosen(archive, calibrated, micrometer, manager):
    lose_the_rows()
    the_library().optics.refresh()
    adopt_unlisted(archive)
    choose_objective(Objective.objects.get().pk, manager)
    assert the_library().optics.current().calibration_for("775001234", "PL-D752")["id"] == str(calibrated.pk)


def test_what_is_changed_later_leaves_it_there(calibrated, micrometer, operator):
    before = read(micrometer)["calibrations"]
    edit_image(micrometer.pk, operator, note="a slide of Zeiss")
    bin_image(micrometer.pk, operator)
    assert read(micrometer)["calibrations"] == before
    assert (read(micrometer)["revision"], read(micrometer)["values"]["note"]) == (3, "a slide of Zeiss")


@pytest.mark.parametrize("loss", ["lost", "older", "damaged"])
def test_a_file_that_was_lost_is_made_again_with_it(archive, calibrated, objective, micrometer, manager, loss):
    older = file_of(micrometer).read_bytes()
    calibrate(objective.pk, micrometer.pk, Line(0, 0, 40, 30), 30, by=manager)
    before = read(micrometer)["calibrations"]
    assert len(before) == 2
    file_of(micrometer).unlink()
    if loss != "lost":
        file_of(micrometer).write_bytes(older if loss == "older" else b"{")
    adopt_unlisted(archive)
    assert read(micrometer)["calibrations"] == before


@pytest.mark.parametrize("limit_bytes", [0, 1, 100])
def test_a_disk_that_fills_up_is_told_and_keeps_no_calibration(api, manager, objective, micrometer, limit_bytes):
    client, body = api(manager), {"imageId": micrometer.pk, **NEXT_LINE, "lengthUm": 20}
    with limited(resource.RLIMIT_FSIZE, limit_bytes):
        response = client.post(f"/api/v1/objectives/{objective.pk}/calibrations", body, format="json")
    assert response.status_code == 507
    assert not Calibration.objects.exists() and not file_of(micrometer).exists()
    assert row(micrometer)[-1] is None


@committed
def test_a_calibration_whose_row_a_crash_prevented_is_restored_at_the_next_start(
    archive, objective, micrometer, manager
):
    with transaction.atomic():
        calibrate(objective.pk, micrometer.pk, LINE, 20, by=manager)
        transaction.set_rollback(True)
    assert not Calibration.objects.exists()
    adopt_unlisted(archive)
    assert Calibration.objects.get().um_per_pixel == 0.5


@committed
def test_who_edits_the_image_after_such_a_death_brings_it_back_too(objective, micrometer, manager, operator):
    with transaction.atomic():
        calibrate(objective.pk, micrometer.pk, LINE, 20, by=manager)
        transaction.set_rollback(True)
    edit_image(micrometer.pk, operator, note="seen")
    assert (Calibration.objects.count(), len(read(micrometer)["calibrations"])) == (1, 1)


@committed
def test_a_row_that_is_refused_at_the_last_moment_follows_by_itself(
    impatient_backfiller, api, manager, objective, micrometer
):
    def refuse(execute, sql, params, many, context):
        if sql.startswith('INSERT INTO "calibrations"'):
            raise OperationalError("the connection is lost")
        return execute(sql, params, many, context)

    client, body = api(manager), {"imageId": micrometer.pk, **NEXT_LINE, "lengthUm": 20}
    with connection.execute_wrapper(refuse):
        response = client.post(f"/api/v1/objectives/{objective.pk}/calibrations", body, format="json")
    assert response.status_code == 503
    wait_until(lambda: impatient_backfiller.pending_count == 0)
    connections.close_all()
    assert Calibration.objects.get().um_per_pixel == 1.0


@pytest.mark.parametrize(
    "drawn",
    [
        5,
        {},
        {"objective": None, "cameraModel": "", "calibration": {}},
        {"objective": {"id": "10x"}, "cameraModel": "PL-D752", "calibration": {}},
    ],
)
def test_an_invalid_calibration_is_reported_and_makes_no_rows(archive, micrometer, operator, caplog, drawn):
    edit_image(micrometer.pk, operator, note="seen")
    file_of(micrometer).write_text(json.dumps({**read(micrometer), "calibrations": [drawn]}))
    lose_the_rows()
    image = adopt(archive, location_of(micrometer.filename))
    assert "Not followed" in caplog.text
    assert (image.note, Objective.objects.count(), Calibration.objects.count()) == ("", 0, 0)


@committed
def test_it_goes_with_its_image_and_stays_in_the_database(archive, calibrated, micrometer, manager):
    """After that it comes back from images that used it, or not at all."""
    bin_image(micrometer.pk, manager)
    empty_bin()
    assert not file_of(micrometer).exists()
    assert (Calibration.objects.get().image, Calibration.objects.get().image_record_id) == (
        None,
        UUID(micrometer.record_id),
    )
