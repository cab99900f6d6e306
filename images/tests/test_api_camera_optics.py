"""The calls of the camera that set or return the objective."""

import pytest

from images.calibration.calibrate import calibrate
from images.calibration.scale import Line
from images.models import CurrentObjective, Image, Objective

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)
CAMERA = "/api/v1/camera"
SETTINGS = "/api/v1/camera/settings"
NOBODY = "0f0e0d0c-0b0a-0908-0706-050403020100"
OPTICS = ("objective", "umPerPixelX", "umPerPixelY")


@pytest.fixture
def ask(api, operator, camera, archive):
    """ask(...) changes camera settings as an operator."""
    client = api(operator)
    return lambda **body: client.patch(SETTINGS, body, format="json")


@pytest.fixture
def calibrated_here(ask, api, operator, manager, objective):
    """The objective, calibrated on a picture of the simulated camera: half a micrometre per pixel."""
    answer = api(operator).post(f"{CAMERA}/capture", {}, format="json").json()
    return calibrate(objective.pk, answer["imageId"], Line(0, 0, 100, 0), 50, by=manager).calibration


def optics(answer: dict) -> tuple:
    return tuple(answer[name] for name in OPTICS)


def test_until_somebody_chooses_nothing_is_known(api, viewer, camera):
    assert optics(api(viewer).get(CAMERA).json()) == (None, None, None)


@committed
def test_an_operator_chooses_and_everybody_sees_it(ask, api, viewer, objective):
    fields = {"id": str(objective.pk), "name": "10x", "magnification": 10.0, "numericalAperture": 0.25}
    answer = ask(objective=str(objective.pk)).json()
    assert optics(answer) == (fields, None, None)
    assert answer["exposure"] == 5.0, "the camera's own settings stand beside"
    assert optics(api(viewer).get(CAMERA).json()) == (fields, None, None)
    assert optics(ask(exposure=2).json()) == (fields, None, None)
    assert optics(ask(objective=None).json()) == (None, None, None)


def test_who_chose_it_is_told_by_name(ask, api, operator, viewer, objective):
    operator.first_name, operator.last_name = "Ada", "Lovelace"
    operator.save()
    client = api(viewer)
    assert client.get(CAMERA).json()["objectiveBy"] is None
    ask(objective=str(objective.pk))
    assert client.get(CAMERA).json()["objectiveBy"] == "Ada Lovelace"
    ask(objective=None)
    assert client.get(CAMERA).json()["objectiveBy"] == "Ada Lovelace"


@committed
def test_the_scale_of_the_frames_as_they_come_is_told(ask, api, viewer, calibrated_here):
    answer = ask(objective=str(calibrated_here.objective_id)).json()
    assert (answer["umPerPixelX"], answer["umPerPixelY"]) == (0.5, 0.5)
    client = api(viewer)
    assert optics(client.get(CAMERA).json()) == optics(answer)
    [listed] = client.get("/api/v1/objectives").json()["results"]
    assert (listed["isInUse"], listed["calibration"]["id"]) == (True, str(calibrated_here.pk))


@committed
def test_a_capture_carries_it_and_can_be_found_by_it(ask, api, operator, viewer, calibrated_here):
    ask(objective=str(calibrated_here.objective_id))
    captured = api(operator).post(f"{CAMERA}/capture", {}, format="json").json()
    assert captured["metadata"]["scale"]["umPerPixelX"] == 0.5
    client = api(viewer)
    image = client.get(f"/api/v1/images/{captured['imageId']}").json()
    assert (image["objective"]["name"], image["umPerPixelX"], image["umPerPixelY"]) == ("10x", 0.5, 0.5)
    assert image["calibration"]["imageId"] == Image.objects.earliest("pk").pk
    found = client.get(f"/api/v1/images?objective={calibrated_here.objective_id}").json()["results"]
    assert [one["imageId"] for one in found] == [captured["imageId"]]
    assert client.get(f"/api/v1/images?objective={NOBODY}").json()["results"] == []
    assert client.get("/api/v1/images?objective=10x").status_code == 400


@pytest.mark.parametrize("value", [NOBODY, "10x", 5, True, [], {}])
def test_an_objective_that_cannot_be_chosen_is_told_by_its_name(ask, value):
    response = ask(objective=value)
    assert (response.status_code, list(response.json()["errors"])) == (400, ["objective"])
    assert not CurrentObjective.objects.exists()


def test_a_retired_objective_is_not_chosen(ask, objective):
    Objective.objects.update(is_retired=True)
    assert ask(objective=str(objective.pk)).json()["errors"] == {"objective": ["10x is retired."]}


def test_where_the_camera_refuses_the_objective_stays_and_the_other_way_round(ask, objective, camera):
    assert ask(objective=str(objective.pk), exposure=-1).status_code == 400
    assert not CurrentObjective.objects.exists()
    assert ask(objective=NOBODY, exposure=2).status_code == 400
    assert camera.configure().exposure_ms == 5.0


def test_a_viewer_does_not_choose(api, viewer, camera, objective):
    assert api(viewer).patch(SETTINGS, {"objective": str(objective.pk)}, format="json").status_code == 403
    assert not CurrentObjective.objects.exists()


def test_a_body_that_is_no_object_is_refused(api, operator, camera):
    assert api(operator).patch(SETTINGS, [1], format="json").status_code == 400
