"""The objective and scale that images record, and when these are unknown."""

from contextlib import suppress
from dataclasses import replace
from uuid import UUID

import pytest
from django.db import OperationalError, connection, transaction

from camera.frame import Binning, CameraIdentity
from camera.registry import the_instrument
from images.calibration.calibrate import calibrate
from images.calibration.objectives import choose_objective
from images.calibration.scale import Line
from images.capture.capture import capture_image
from images.errors import CalibrationFixed
from images.library import the_library
from images.models import Calibration, CurrentObjective, Image, Objective
from images.tests.conftest import StillCamera
from images.tests.frames import make_frame

pytestmark = pytest.mark.django_db


class DatabaseGone:
    """During the block every query fails, as if the database server was stopped."""

    def __enter__(self):
        def refuse(*_):
            raise OperationalError("the server is gone")

        self._refusing = connection.execute_wrapper(refuse)
        self._refusing.__enter__()

    def __exit__(self, *problem):
        self._refusing.__exit__(*problem)


@pytest.fixture
def capture(archive, camera, operator):
    """capture() keeps a frame of the camera 775001234. `said` replaces values of its descriptor."""

    def take(identity: CameraIdentity | None = None, **said):
        frame = make_frame(**said)
        the_instrument().camera = StillCamera(replace(frame, camera=identity or frame.camera))
        return capture_image(by=operator)

    return take


def columns(image: Image) -> tuple:
    image.refresh_from_db()
    return image.objective, image.calibration, image.um_per_pixel_x, image.um_per_pixel_y


def test_without_an_objective_an_image_says_unknown(capture):
    captured = capture()
    assert (captured.record["objective"], captured.record["scale"]) == (None, {"known": False})
    assert columns(captured.image) == (None, None, None, None)


def test_an_objective_without_a_calibration_is_recorded_and_gives_no_scale(capture, objective, operator):
    choose_objective(objective.pk, operator)
    captured = capture()
    assert captured.record["objective"] == {
        "id": str(objective.pk),
        "name": "10x",
        "magnification": 10.0,
        "numericalAperture": 0.25,
    }
    assert captured.record["scale"] == {"known": False}
    assert columns(captured.image) == (objective, None, None, None)


def test_a_calibrated_image_carries_its_scale_and_where_it_comes_from(capture, calibrated, micrometer):
    captured = capture(binning=Binning(4, 2, "bin"), rotation_deg=90)
    scale = captured.record["scale"]
    assert (scale["known"], scale["umPerPixelX"], scale["umPerPixelY"]) == (True, 1.0, 2.0)
    told = scale["calibration"]
    assert told.pop("madeAt").endswith("Z")
    assert told == {
        "id": str(calibrated.pk),
        "umPerPixel": 0.5,
        "uncertaintyUm": pytest.approx(0.5 * 0.5**0.5 / 40),
        "lengthUm": 20.0,
        "pixels": 40.0,
        "madeBy": "mary",
        "madeById": str(calibrated.made_by.lasting_id),
        "imageRecordId": str(micrometer.record_id),
        "cameraSerialNumber": "775001234",
    }
    assert columns(captured.image) == (calibrated.objective, calibrated, 1.0, 2.0)


@pytest.mark.parametrize(
    "identity",
    [
        CameraIdentity("Pixelink", "PL-D752", "775009999"),
        CameraIdentity("Microscope", "Simulated colour-2mp", "SIMULATED"),
    ],
)
def test_the_calibration_of_one_camera_is_not_taken_for_another(capture, calibrated, identity):
    captured = capture(identity)
    assert captured.record["scale"] == {"known": False}
    assert columns(captured.image) == (calibrated.objective, None, None, None)


@pytest.mark.django_db(transaction=True)
def test_a_new_calibration_supersedes_and_images_keep_theirs(capture, calibrated, micrometer, manager):
    before = capture()
    newer = calibrate(calibrated.objective_id, micrometer.pk, Line(0, 0, 40, 0), 40, by=manager).calibration
    after = capture()
    assert columns(before.image) == (calibrated.objective, calibrated, 0.5, 0.5)
    assert columns(after.image) == (calibrated.objective, newer, 1.0, 1.0)
    assert before.record["scale"]["calibration"]["id"] == str(calibrated.pk)


def test_a_calibration_is_never_changed(calibrated):
    calibrated.um_per_pixel = 1
    with pytest.raises(CalibrationFixed):
        calibrated.save()
    assert Calibration.objects.get().um_per_pixel == 0.5


@pytest.mark.django_db(transaction=True)
def test_another_objective_has_no_scale_of_this_one(capture, calibrated, operator):
    choose_objective(Objective.objects.create(name="40x", magnification=40).pk, operator)
    assert capture().record["scale"] == {"known": False}
    choose_objective(None, operator)
    assert capture().record["objective"] is None


@pytest.mark.django_db(transaction=True)
def test_with_the_database_away_a_capture_records_what_was_known(capture, calibrated, impatient_backfiller):
    the_library().optics.current()
    with DatabaseGone():
        captured = capture()
    assert captured.image is None
    assert captured.record["objective"]["name"] == "10x"
    assert captured.record["scale"]["umPerPixelX"] == 0.5


@pytest.mark.django_db(transaction=True)
def test_with_the_database_away_what_was_never_known_is_unknown(capture, calibrated, impatient_backfiller):
    the_library().optics.forget()
    with DatabaseGone():
        captured = capture()
    assert (captured.record["objective"], captured.record["scale"]) == (None, {"known": False})
    assert the_library().optics.current().objective["name"] == "10x", "known again as soon as it can be"


def test_the_choice_is_kept_over_a_restart(calibrated):
    the_library().optics.forget()
    assert the_library().optics.current().objective["name"] == "10x"


def test_what_was_known_before_a_change_counts_no_more_if_the_database_goes_then(calibrated):
    with DatabaseGone():
        the_library().optics.note_change()
        assert the_library().optics.current().objective is None


def rename(objective: Objective) -> None:
    objective.name = "Plan 10x"
    objective.save()


@pytest.mark.django_db(transaction=True)
class TestRowsThatChange:
    """Changes by any writer count: the API, the admin, a rebuild, a shell."""

    def test_a_new_name_is_known_at_once(self, calibrated):
        assert the_library().optics.current().objective["name"] == "10x"
        rename(calibrated.objective)
        assert the_library().optics.current().objective["name"] == "Plan 10x"

    def test_a_choice_that_is_deleted_leaves_the_objective_unknown(self, calibrated):
        assert the_library().optics.current().objective["name"] == "10x"
        CurrentObjective.objects.all().delete()
        assert the_library().optics.current().objective is None

    def test_a_calibration_that_is_deleted_leaves_the_scale_unknown(self, calibrated):
        assert the_library().optics.current().calibration_for("775001234", "PL-D752")
        Calibration.objects.all().delete()
        assert the_library().optics.current().calibration_for("775001234", "PL-D752") is None

    def test_a_change_that_is_taken_back_changes_nothing(self, calibrated):
        known = the_library().optics.current()
        with suppress(ZeroDivisionError), transaction.atomic():
            rename(calibrated.objective)
            assert the_library().optics.current() == known, "not before it is committed"
            raise ZeroDivisionError
        assert the_library().optics.current() == known


class SwitchedCamera(StillCamera):
    """A camera during whose exposure a user chooses another objective."""

    def __init__(self, choose) -> None:
        super().__init__(make_frame())
        self._choose = choose

    def take(self, *args, **named):
        self._choose()
        return super().take(*args, **named)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("archive", "camera")
def test_an_objective_changed_during_the_exposure_leaves_both_unknown(calibrated, operator):
    other = Objective.objects.create(name="40x", magnification=40)
    the_instrument().camera = SwitchedCamera(lambda: choose_objective(other.pk, operator))
    record = capture_image(by=operator).record
    assert (record["objective"], record["scale"]) == (None, {"known": False})


def test_the_calibration_of_a_removed_image_stays(calibrated, micrometer):
    micrometer.delete()
    calibrated.refresh_from_db()
    assert (calibrated.image, calibrated.image_record_id) == (None, UUID(micrometer.record_id))


def test_while_another_thread_reads_the_optics_the_known_ones_are_returned(calibrated):
    optics = the_library().optics
    known = optics.current()
    with optics._lock:
        assert optics.refresh() == known
