import json

import pytest

from camera.errors import CameraLost
from images.archive.names import location_of
from images.library import the_library
from images.tests.conftest import wait_until
from images.tests.frames import TAKEN_AT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]


def test_all_is_well_and_a_stranger_may_know(client):
    response = client.get("/health")
    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "ok"
    assert body["checks"] == {"database": "ok", "storage": "ok", "camera": "ok"}
    assert response["Cache-Control"] == "no-store"


def test_it_says_that_the_camera_is_simulated_and_why(client, camera):
    camera.limits()
    told = client.get("/health").json()["camera"]
    assert told["simulated"] is True
    assert told["simulationReason"] == "The settings ask for the simulated camera."


def test_a_drive_that_is_away_is_told_without_its_path(client, archive, tmp_path):
    archive.check()
    archive.root.rename(tmp_path / "drive")
    response = client.get("/health")
    assert response.status_code == 503
    assert response.json()["checks"]["storage"] == "storage_missing"
    assert str(tmp_path) not in response.content.decode()

    (tmp_path / "drive").rename(archive.root)
    assert client.get("/health").status_code == 200


def test_a_lost_camera_is_told_by_its_cause(client, camera, drivers):
    camera.capture(exposure_ms=1)
    drivers[-1].unplug()
    wait_until(lambda: not camera.status().is_well)
    response = client.get("/health")
    assert response.status_code == 503
    assert response.json()["checks"]["camera"] == CameraLost.code


def test_images_that_wait_for_their_rows_are_counted(client, archive):
    the_library().backfiller._ending.set()
    the_library().backfiller.add_later(location_of("capture_20250116_103045_123.jpg"))
    assert client.get("/health").json()["imagesWaitingForDatabase"] == 1


def test_it_names_nobody_no_place_and_no_version(client, archive, operator, settings):
    archive.keep(TAKEN_AT, ".jpg", lambda file: file.write(b"pixels"))
    said = json.dumps(client.get("/health").json()).lower()
    for secret in (operator.username + '"', str(archive.root), "python", "django", "5.2", settings.SECRET_KEY, "/"):
        assert secret.lower() not in said


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_it_can_only_be_read(client, method):
    response = client.generic(method, "/health")
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert client.head("/health").status_code == 200
