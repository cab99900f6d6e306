import contextlib
import json
import threading
import unicodedata

import pytest
from django.db import OperationalError, connection

from images.calibration.calibrate import Calibrated, calibrate
from images.calibration.objectives import choose_objective
from images.calibration.scale import Line
from images.library import the_library
from images.models import Calibration, Image, Objective

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)
OBJECTIVES = "/api/v1/objectives"
NOBODY = "0f0e0d0c-0b0a-0908-0706-050403020100"
LINE = {"x1": 10, "y1": 20, "x2": 50, "y2": 20}


@pytest.fixture
def ask(api, manager):
    """ask("post", address, **body) calls the API as a manager."""
    client = api(manager)

    def send(method: str, address: str, **body):
        if method == "get":
            return client.get(address)
        return getattr(client, method)(address, json.dumps(body), content_type="application/json")

    return send


@pytest.fixture
def calibrations(objective) -> str:
    return f"{OBJECTIVES}/{objective.pk}/calibrations"


@pytest.mark.usefixtures("camera")
def test_an_objective_is_added_and_listed_uncalibrated(ask, api, viewer):
    response = ask("post", OBJECTIVES, name=" Plan 40x ", magnification=40, numericalAperture=0.65)
    added = response.json()
    assert response.status_code == 201
    assert {**added, "id": None, "createdAt": None} == {
        "id": None,
        "createdAt": None,
        "name": "Plan 40x",
        "magnification": 40.0,
        "numericalAperture": 0.65,
        "isRetired": False,
        "isInUse": False,
        "revision": added["revision"],
        "calibration": None,
    }
    assert api(viewer).get(OBJECTIVES).json() == {"results": [added]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("name", value) for value in ("", " ", None, 5, "x" * 101, "a\0b", "10x")],
        *[("magnification", value) for value in (0, -10, "10", True, None, float("nan"), float("inf"), 10**400)],
        *[("numericalAperture", value) for value in (0, -0.1, 3, "0.25", float("nan"))],
        ("umPerPixel", 0.5),
    ],
)
def test_an_objective_that_makes_no_sense_is_told_by_its_name(ask, objective, field, value):
    response = ask("post", OBJECTIVES, **{"name": "20x", "magnification": 20, field: value})
    assert (response.status_code, list(response.json()["errors"])) == (400, [field])
    assert Objective.objects.count() == 1


@pytest.mark.usefixtures("camera")
def test_an_objective_is_renamed_and_retired_and_nothing_else(ask, objective):
    address = f"{OBJECTIVES}/{objective.pk}"
    assert ask("patch", address, name="Plan 10x").json()["name"] == "Plan 10x"
    assert ask("patch", address, isRetired=True).json()["isRetired"]
    for field, value in (("magnification", 20), ("numericalAperture", 1)):
        response = ask("patch", address, **{field: value})
        assert (response.status_code, list(response.json()["errors"])) == (400, [field])
    objective.refresh_from_db()
    assert (objective.name, objective.magnification, objective.is_retired) == ("Plan 10x", 10.0, True)


@pytest.mark.usefixtures("camera")
@pytest.mark.parametrize("stale", [{"name": "mine"}, {"isRetired": False}])
def test_a_change_on_an_older_revision_is_refused_and_shows_what_stands_now(ask, objective, stale):
    address = f"{OBJECTIVES}/{objective.pk}"
    seen = ask("get", OBJECTIVES).json()["results"][0]["revision"]
    now = ask("patch", address, name="theirs", isRetired=True, revision=seen).json()["revision"]
    response = ask("patch", address, **stale, revision=seen)
    told = response.json()
    assert (response.status_code, told["code"]) == (409, "edit_conflict")
    assert told["current"] == {"revision": now, "name": "theirs", "isRetired": True}
    assert "it is now called theirs, and retired. Nothing was saved." in told["message"]
    objective.refresh_from_db()
    assert (objective.name, objective.is_retired) == ("theirs", True)
    assert ask("patch", address, **stale, revision=now).status_code == 200


@pytest.mark.usefixtures("camera")
def test_if_match_serves_as_the_revision_and_the_same_change_twice_is_no_conflict(api, manager, objective):
    client, address = api(manager), f"{OBJECTIVES}/{objective.pk}"
    seen = f'"{client.get(OBJECTIVES).json()["results"][0]["revision"]}"'
    for _ in range(2):
        answer = client.patch(address, {"name": "mine"}, format="json", HTTP_IF_MATCH=seen)
        assert (answer.status_code, answer.json()["name"]) == (200, "mine")
    assert client.patch(address, {"name": "other"}, format="json", HTTP_IF_MATCH=seen).status_code == 409
    assert client.patch(address, {"name": "other"}, format="json").status_code == 200


@committed
@pytest.mark.usefixtures("camera")
def test_a_new_name_is_what_the_next_record_carries(ask, calibrated):
    the_library().optics.current()
    ask("patch", f"{OBJECTIVES}/{calibrated.objective_id}", name="Plan 10x")
    assert the_library().optics.current().objective["name"] == "Plan 10x"


def test_a_name_is_taken_once(ask, objective):
    other = Objective.objects.create(name="20x", magnification=20)
    for response in (
        ask("post", OBJECTIVES, name="10x", magnification=10),
        ask("patch", f"{OBJECTIVES}/{other.pk}", name="10x"),
    ):
        assert (response.status_code, response.json()["errors"]) == (
            400,
            {"name": ["This name is taken by the objective 10x."]},
        )


@pytest.mark.parametrize(
    ("kept", "asked"),
    [
        ("40x", "40X"),
        (unicodedata.normalize("NFC", "Ölimmersion"), unicodedata.normalize("NFD", "ölimmersion")),
        ("10x \u00b5", "10X \u03bc"),
        ("Plan  20x", "plan 20x"),
    ],
)
def test_two_objectives_whose_names_read_the_same_are_not_to_be_had(ask, client, administrator, kept, asked):
    first = ask("post", OBJECTIVES, name=kept, magnification=40).json()
    answer = ask("post", OBJECTIVES, name=asked, magnification=40)
    assert (answer.status_code, answer.json()["errors"]) == (
        400,
        {"name": [f"This name is taken by the objective {first['name']}."]},
    )
    other = ask("post", OBJECTIVES, name="another", magnification=4).json()
    assert ask("patch", f"{OBJECTIVES}/{other['id']}", name=asked).status_code == 400
    client.force_login(administrator)
    page = client.post("/admin/images/objective/add/", {"name": asked, "magnification": "40"}).content.decode()
    assert f"This name is taken by the objective {first['name']}." in page
    assert {one.name for one in Objective.objects.all()} == {first["name"], "another"}
    renamed = ask("patch", f"{OBJECTIVES}/{first['id']}", name=asked)
    assert (renamed.status_code, renamed.json()["name"]) == (200, asked.strip())


def test_the_objective_in_use_is_not_retired(ask, objective, manager):
    choose_objective(objective.pk, manager)
    response = ask("patch", f"{OBJECTIVES}/{objective.pk}", isRetired=True)
    assert (response.status_code, list(response.json()["errors"])) == (400, ["isRetired"])


@pytest.mark.parametrize("address", [f"{OBJECTIVES}/{NOBODY}", f"{OBJECTIVES}/{NOBODY}/calibrations"])
def test_an_objective_that_is_not_there_is_404(ask, address, micrometer):
    body = {"imageId": micrometer.pk, **LINE, "lengthUm": 20} if "calibrations" in address else {"name": "x"}
    assert ask("post" if "calibrations" in address else "patch", address, **body).status_code == 404


def test_who_may_only_look_or_capture_does_not_calibrate(api, viewer, operator, calibrations, objective, micrometer):
    body = {"imageId": micrometer.pk, **LINE, "lengthUm": 20, "keep": False}
    for user in (viewer, operator):
        client = api(user)
        assert client.get(calibrations).json() == {"results": []}
        assert client.post(calibrations, body, format="json").status_code == 403
        assert client.post(OBJECTIVES, {"name": "20x", "magnification": 20}, format="json").status_code == 403
        assert client.patch(f"{OBJECTIVES}/{objective.pk}", {"name": "20x"}, format="json").status_code == 403


def test_a_line_along_a_known_length_calibrates(ask, calibrations, micrometer, objective):
    response = ask("post", calibrations, imageId=micrometer.pk, **LINE, lengthUm=20)
    answer = response.json()
    assert (response.status_code, answer["kept"], answer["previous"], answer["differencePercent"]) == (
        201,
        True,
        None,
        None,
    )
    fields = answer["calibration"]
    assert (fields["umPerPixel"], fields["pixels"], fields["lengthUm"]) == (0.5, 40.0, 20.0)
    assert fields["uncertaintyUm"] == pytest.approx(0.5 * 0.5**0.5 / 40)
    assert (fields["madeBy"], fields["imageId"], fields["imageRecordId"]) == (
        "mary",
        micrometer.pk,
        str(micrometer.record_id),
    )
    assert (fields["cameraSerialNumber"], fields["cameraModel"]) == ("775001234", "PL-D752")
    assert ask("get", calibrations).json() == {"results": [fields]}


def test_a_calibration_can_be_seen_before_it_is_kept(ask, calibrations, micrometer, calibrated):
    response = ask("post", calibrations, imageId=micrometer.pk, **LINE, lengthUm=21, keep=False)
    answer = response.json()
    assert (response.status_code, answer["kept"], answer["calibration"]["id"]) == (200, False, None)
    assert answer["calibration"]["umPerPixel"] == 0.525
    assert answer["differencePercent"] == pytest.approx(5.0)
    assert answer["previous"]["id"] == str(calibrated.pk)
    assert Calibration.objects.get() == calibrated


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *[("lengthUm", value) for value in (0, -5, float("nan"), float("inf"), "20", True, None, 1e-300, 1e300)],
        *[("x1", value) for value in (-1, 65, float("nan"), "1", None)],
        *[("y2", value) for value in (-0.5, 49)],
        *[("imageId", value) for value in (4711, 10**30, 0, "1", None)],
        *[("keep", value) for value in ("perhaps", None)],
        ("um_per_pixel", 0.5),
    ],
)
@pytest.mark.parametrize("keep", [True, False])
def test_a_calibration_that_makes_no_sense_is_told_by_its_name(ask, calibrations, micrometer, field, value, keep):
    body = {"imageId": micrometer.pk, **LINE, "lengthUm": 20, "keep": keep, field: value}
    response = ask("post", calibrations, **body)
    assert (response.status_code, list(response.json()["errors"])) == (400, [field])
    assert not Calibration.objects.exists()


@pytest.mark.parametrize("x2", [10, 10.9])
def test_a_line_of_no_pixels_is_refused(ask, calibrations, micrometer, x2):
    response = ask("post", calibrations, imageId=micrometer.pk, **{**LINE, "x2": x2}, lengthUm=20)
    assert (response.status_code, list(response.json()["errors"])) == (400, ["x2"])


def test_an_image_taken_with_another_objective_does_not_calibrate_this_one(ask, calibrations, micrometer):
    other = Objective.objects.create(name="40x", magnification=40)
    Image.objects.filter(pk=micrometer.pk).update(objective=other)
    response = ask("post", calibrations, imageId=micrometer.pk, **LINE, lengthUm=20)
    assert response.status_code == 400
    assert "taken with 40x, not with 10x" in response.json()["errors"]["imageId"][0]


@pytest.mark.parametrize("metadata", [{}, [], {"actual": {}, "camera": {}}])
def test_an_image_that_does_not_say_how_it_was_taken_calibrates_nothing(ask, calibrations, micrometer, metadata):
    Image.objects.filter(pk=micrometer.pk).update(metadata=metadata)
    response = ask("post", calibrations, imageId=micrometer.pk, **LINE, lengthUm=20)
    assert (response.status_code, list(response.json()["errors"])) == (400, ["imageId"])


def test_a_retired_objective_is_calibrated_no_more(ask, calibrations, micrometer, objective):
    Objective.objects.filter(pk=objective.pk).update(is_retired=True)
    assert ask("post", calibrations, imageId=micrometer.pk, **LINE, lengthUm=20).status_code == 400


def test_a_clock_that_was_set_back_does_not_bring_the_old_calibration_back(ask, calibrations, micrometer, calibrated):
    Calibration.objects.filter(pk=calibrated.pk).update(made_at="2125-01-01T00:00:00Z")
    newer = ask("post", calibrations, imageId=micrometer.pk, **LINE, lengthUm=40).json()["calibration"]
    assert ask("get", calibrations).json()["results"][0]["id"] == newer["id"]
    assert the_library().optics.current().calibration_for("775001234", "PL-D752")["umPerPixel"] == 1.0


def calibrate_at_last(*asked, by) -> Calibrated:
    """Retry while the database is locked: SQLite in memory, as in tests, refuses writers at once."""
    while True:
        with contextlib.suppress(OperationalError):
            return calibrate(*asked, by=by)


@committed
def test_two_calibrations_at_once_are_both_kept_and_the_second_sees_the_first(objective, micrometer, manager):
    """Each answer gives the difference to the calibration before: of two at once, the second must see the first."""
    choose_objective(objective.pk, manager)
    together = threading.Barrier(2)
    found = []

    def draw(length_um: float) -> None:
        together.wait()
        found.append(calibrate_at_last(objective.pk, micrometer.pk, Line(0, 0, 40, 0), length_um, by=manager))
        connection.close()

    threads = [threading.Thread(target=draw, args=(length_um,)) for length_um in (20, 40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first, second = sorted(found, key=lambda one: one.calibration.made_at)
    assert (first.previous, second.previous) == (None, first.calibration)
    in_force = the_library().optics.current().calibration_for("775001234", "PL-D752")
    assert in_force["id"] == str(second.calibration.pk)
