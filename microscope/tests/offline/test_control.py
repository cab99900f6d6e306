"""With the database away, control of the camera goes on in memory. Row and audit log follow when it is back."""

import pytest
from django.test import Client

from images.models import CameraControl
from microscope.models import AuditEntry
from microscope.tests.offline.outage import database_away

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]

CAMERA, SETTINGS, CONTROL = "/api/v1/camera", "/api/v1/camera/settings", "/api/v1/control"


@pytest.fixture
def sign_in(make_user):
    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(make_user(name, "operators"))
        assert client.get(CAMERA).status_code == 200
        return client

    return sign_in


def set_exposure(client: Client):
    return client.patch(SETTINGS, '{"exposure": 7}', content_type="application/json")


def take(client: Client):
    return client.post(CONTROL, '{"minutes": 5}', content_type="application/json")


def test_whoever_has_control_keeps_it(sign_in):
    grace, linus = sign_in("grace"), sign_in("linus")
    assert take(grace).status_code == 201
    with database_away():
        assert set_exposure(grace).status_code == 200
        refused = set_exposure(linus)
        assert (refused.status_code, refused.json()["code"]) == (409, "control_held")
        assert linus.get(CONTROL).json()["holder"]["name"] == "grace"


def test_a_free_camera_belongs_to_whoever_sets_it_first_and_the_row_follows(sign_in):
    grace, linus = sign_in("grace"), sign_in("linus")
    with database_away():
        assert set_exposure(grace).status_code == 200
        assert set_exposure(linus).status_code == 409
    assert CameraControl.objects.get().holder_name == ""
    assert not AuditEntry.objects.filter(what="control_taken").exists()
    assert take(grace).status_code == 201
    assert CameraControl.objects.get().holder_name == "grace"
    assert AuditEntry.objects.filter(what="control_taken", who="grace").count() == 1


def test_control_is_asked_for_given_and_released(sign_in):
    grace, linus = sign_in("grace"), sign_in("linus")
    with database_away():
        assert take(grace).status_code == 201
        asked = linus.post(f"{CONTROL}/ask", '{"message": "Two pictures"}', content_type="application/json")
        assert asked.status_code == 202
        assert grace.post(f"{CONTROL}/answer", '{"give": true}', content_type="application/json").status_code == 200
        assert set_exposure(linus).status_code == 200
        assert linus.delete(CONTROL).status_code == 204
        assert set_exposure(grace).status_code == 200
