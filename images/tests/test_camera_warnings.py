"""A camera that works and warns: health, the page and the record of each image show the warning."""

import pytest
from django.urls import reverse

from camera.registry import the_instrument
from camera.tests.rig import rigged
from camera.tests.standin.codes import ReturnCode
from images.models import Image

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]


@pytest.fixture
def slow_camera(tmp_path, camera):
    """At each opening the vendor's library returns a success code that says: the camera runs at USB 2 speed."""
    config = the_instrument()
    with rigged(tmp_path / "rig-folder") as rig:
        rig.camera.faults.answer("PxLInitializeEx", ReturnCode.ApiSuccessReducedSpeedWarning)
        config.camera = rig.service
        yield rig
        config.camera = camera


@pytest.fixture(autouse=True)
def folder(tmp_path):
    (tmp_path / "rig-folder").mkdir()


def test_the_camera_health_the_page_and_the_record_warn_of_a_slow_port(slow_camera, api, operator, client):
    captured = api(operator).post("/api/v1/camera/capture", {"format": "tiff"}, format="json")
    assert captured.status_code == 201, captured.content
    told = api(operator).get("/api/v1/camera").json()["warnings"]
    assert [warning["code"] for warning in told] == ["slow_usb_port"]
    sentence = told[0]["message"]
    assert sentence.startswith("The camera runs at USB 2 speed")

    health = client.get("/health")
    assert health.status_code == 200
    assert health.json()["status"] == "ok"
    assert health.json()["camera"]["warnings"] == told

    image = Image.objects.get(pk=captured.json()["imageId"])
    assert image.metadata["warnings"] == told
    client.force_login(operator)
    for address in ("/", "/images/", reverse("image", args=[image.pk])):
        assert sentence in client.get(address).content.decode()
    slow_camera.service.close()
    assert sentence in client.get(address).content.decode()  # the image keeps the warning of its capture


def test_after_replugging_into_a_fast_port_nobody_is_warned(slow_camera, api, operator, client):
    assert api(operator).post("/api/v1/camera/capture", {}, format="json").status_code == 201
    slow_camera.library.unplug(slow_camera.camera)
    slow_camera.wait_for_status(lambda status: status.cause is not None)
    slow_camera.library.plug(slow_camera.camera)
    slow_camera.wait_for_status(lambda status: status.cause is None)
    captured = api(operator).post("/api/v1/camera/capture", {}, format="json").json()
    assert captured["metadata"] and Image.objects.get(pk=captured["imageId"]).metadata["warnings"] == []
    assert api(operator).get("/api/v1/camera").json()["warnings"] == []
    assert client.get("/health").json()["camera"]["warnings"] == []
