"""Objectives and calibrations from the files alone."""

import threading
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from PIL import Image as Picture

from images.index.adoption import adopt, adopt_unlisted
from images.library import the_library
from images.models import Calibration, CurrentObjective, Image, Objective
from images.record.image import dump_record
from images.tests.places import path_of

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)
OBJECTIVE = {
    "id": "aaaaaaaa-0000-4000-8000-000000000001",
    "name": "10x",
    "magnification": 10.0,
    "numericalAperture": 0.25,
}
CALIBRATION = {
    "id": "bbbbbbbb-0000-4000-8000-000000000001",
    "umPerPixel": 0.5,
    "uncertaintyUm": 0.01,
    "lengthUm": 20.0,
    "pixels": 40.0,
    "madeAt": "2025-01-10T08:00:00.123Z",
    "madeBy": "ada",
    "imageRecordId": None,
    "cameraSerialNumber": "775001234",
}
SCALE = {"known": True, "umPerPixelX": 1.0, "umPerPixelY": 0.5, "calibration": CALIBRATION}


def test_objective_and_calibration_come_back_with_the_ids_they_had(archive, keep_original, operator):
    keep_original(objective=OBJECTIVE, scale=SCALE)
    assert adopt_unlisted(archive) == 1

    image, objective, calibration = Image.objects.get(), Objective.objects.get(), Calibration.objects.get()
    assert (image.objective, image.calibration, image.um_per_pixel_x, image.um_per_pixel_y) == (
        *(objective, calibration),
        *(1.0, 0.5),
    )
    assert (str(objective.pk), objective.name, objective.numerical_aperture) == (OBJECTIVE["id"], "10x", 0.25)
    assert (str(calibration.pk), calibration.made_by, calibration.camera_model) == (
        CALIBRATION["id"],
        operator,
        "PL-D752",
    )
    assert (calibration.um_per_pixel, calibration.uncertainty_um) == (0.5, 0.01)
    assert calibration.made_at.isoformat() == "2025-01-10T08:00:00.123000+00:00"


def test_the_whole_library_comes_back_with_its_scales(archive, keep_image, calibrated, micrometer):
    """One image with the calibration line, one before and one after it: all columns of images and optics come back."""
    in_use = the_library().optics.current()
    scale = {
        "known": True,
        "umPerPixelX": 0.5,
        "umPerPixelY": 0.5,
        "calibration": in_use.calibration_for("775001234", "PL-D752"),
    }
    keep_image(objective=in_use.objective, scale=scale)

    def everything():
        images = [
            name
            for name in (field.attname for field in Image._meta.fields)
            if name not in ("id", "created_at", "is_adopted")
        ]
        calibrations = [field.attname for field in Calibration._meta.fields if field.name != "image"]
        return (
            list(Image.objects.order_by("filename").values(*images)),
            list(Calibration.objects.values(*calibrations, "image__filename")),
            list(Objective.objects.values("id", "name", "magnification", "numerical_aperture", "is_retired")),
        )

    before = everything()
    Image.objects.update(objective=None, calibration=None)
    for table in (CurrentObjective, Calibration, Objective):
        table.objects.all().delete()
    Image.objects.all()._raw_delete("default")
    assert adopt_unlisted(archive) == 2
    assert everything() == before
    assert adopt_unlisted(archive) == 0


def test_a_calibration_names_its_image_as_soon_as_that_is_listed(archive, keep_original, operator):
    _, micrometer = keep_original()
    later, _ = keep_original(
        objective=OBJECTIVE, scale={**SCALE, "calibration": {**CALIBRATION, "imageRecordId": micrometer["id"]}}
    )
    adopt(archive, later.location)
    assert (Calibration.objects.get().image, Calibration.objects.get().image_record_id) == (
        None,
        UUID(micrometer["id"]),
    )
    adopt_unlisted(archive)
    assert str(Calibration.objects.get().image.record_id) == micrometer["id"]


def test_what_the_database_says_is_not_changed_by_a_file(archive, keep_original):
    Objective.objects.create(pk=OBJECTIVE["id"], name="Plan 10x", magnification=10)
    keep_original(objective=OBJECTIVE, scale=SCALE)
    adopt_unlisted(archive)
    assert Objective.objects.get().name == "Plan 10x"


def test_a_name_that_another_objective_has_by_now_gets_its_id_behind_it(archive, keep_original):
    Objective.objects.create(name="10x", magnification=10)
    keep_original(objective=OBJECTIVE)
    assert adopt_unlisted(archive) == 1
    assert Image.objects.get().objective.name == "10x (aaaaaaaa)"


def test_who_calibrated_stays_open_when_they_are_gone(archive, keep_original):
    keep_original(objective=OBJECTIVE, scale={**SCALE, "calibration": {**CALIBRATION, "madeBy": "left"}})
    adopt_unlisted(archive)
    assert Calibration.objects.get().made_by is None
    assert Image.objects.get().metadata["scale"]["calibration"]["madeBy"] == "left"


@pytest.mark.parametrize(
    "known", [{}, {"objective": None, "scale": {"known": False}}, {"objective": None, "scale": SCALE}]
)
def test_what_a_record_does_not_know_stays_unknown(archive, keep_original, known):
    keep_original(**known)
    assert adopt_unlisted(archive) == 1
    image = Image.objects.get()
    assert (image.objective, image.calibration, image.um_per_pixel_x, image.um_per_pixel_y) == (None,) * 4
    assert not Objective.objects.exists()


@pytest.mark.parametrize(
    ("objective", "scale"),
    [
        *[({**OBJECTIVE, "id": value}, SCALE) for value in ("10x", None, 5)],
        *[({**OBJECTIVE, "magnification": value}, SCALE) for value in (0, -1, "10", None, True)],
        *[({**OBJECTIVE, "name": value}, SCALE) for value in ("", None, "x" * 101)],
        ("10x", SCALE),
        *[(OBJECTIVE, {**SCALE, "umPerPixelX": value}) for value in (0, -1, None, "1")],
        *[(OBJECTIVE, {**SCALE, "calibration": value}) for value in (None, {}, {**CALIBRATION, "umPerPixel": 0})],
        (OBJECTIVE, {**SCALE, "calibration": {**CALIBRATION, "madeAt": "lately"}}),
        (OBJECTIVE, {"known": 1}),
        (OBJECTIVE, {"umPerPixelX": 1}),
        (OBJECTIVE, 5),
    ],
)
def test_a_damaged_scale_is_reported_and_leaves_nothing_behind(archive, keep_original, caplog, objective, scale):
    kept, record = keep_original()
    damaged = dump_record({**record, "objective": objective, "scale": scale})
    with Picture.open(path_of(kept)) as picture:
        picture.save(path_of(kept), "JPEG", comment=damaged.encode())
    assert adopt_unlisted(archive) == 0
    assert f"The record in {kept.filename} is damaged" in caplog.text
    assert not any(table.objects.exists() for table in (Image, Objective, Calibration))


@committed
def test_who_adopt_at_the_same_time_restore_it_once(archive, keep_original, operator):
    originals = [keep_original(objective=OBJECTIVE, scale=SCALE)[0].location for _ in range(4)]
    together = threading.Barrier(len(originals))

    def adopt_at_last(original) -> None:
        together.wait()
        while True:
            try:
                adopt(archive, original)
                break
            except OperationalError:
                continue  # SQLite in memory, as in tests, refuses writers at once, so they retry
        connection.close()

    threads = [threading.Thread(target=adopt_at_last, args=(original,)) for original in originals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Image.objects.filter(objective=OBJECTIVE["id"], calibration=CALIBRATION["id"]).count() == 4
    assert (Objective.objects.count(), Calibration.objects.count()) == (1, 1)
