import errno
import hashlib
import json
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from camera.drivers.seen_camera import SeenCamera
from camera.drivers.selection import DriverSelection
from camera.drivers.simulated.driver import MODELS, SimulatedDriver
from camera.engine.process_lock import CameraLock
from camera.engine.requests import SettingsRequest
from camera.errors import CameraNotFound, FrameTimeout
from camera.registry import the_instrument
from camera.service import Camera
from images.archive.archive import Archive
from images.formats import FORMATS
from images.library import the_library
from images.models import Image, Job
from images.tests.conftest import rows_refused

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]
CAPTURE = "/api/v1/camera/capture"
FIXED_NAMES = [
    *("success", "imageId", "filename", "filepath", "capturedAt", "exposureTime", "gain", "fileSize", "width"),
    *("height", "metadata", "databaseSaved", "sha256", "url", "thumbnailUrl"),
]


@pytest.fixture
def capture(api, operator):
    """capture(exposure=5) captures an image as an operator."""
    client = api(operator)
    return lambda **body: client.post(CAPTURE, json.dumps(body), content_type="application/json")


@pytest.fixture
def open_camera(camera) -> Camera:
    camera.limits()
    return camera


def originals(archive: Archive) -> list[Path]:
    return [path for path in archive.root.rglob("*") if path.is_file() and path.name != ".microscope-archive"]


def has_our_shape(response) -> bool:
    body = json.loads(response.content)
    return set(body) == {"statusCode", "code", "message", "errors"} and body["statusCode"] == response.status_code


def test_the_answer_has_every_name_with_true_values(capture, archive, api, operator):
    response = capture(exposure=8, gain=1.5, xPosition=1.25, yPosition=None, zPosition=-3)
    answer = response.json()
    assert response.status_code == 201
    assert list(answer) == FIXED_NAMES
    assert list(answer["metadata"])[:4] == ["format", "quality", "cameraConnected", "simulatedMode"]

    content = Path(answer["filepath"]).read_bytes()
    assert (answer["fileSize"], answer["sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert (answer["exposureTime"], answer["gain"]) == (8.0, 1.5)
    assert (answer["width"], answer["height"]) == (320, 240)
    assert answer["metadata"]["simulatedMode"] is True and answer["metadata"]["cameraConnected"] is False
    assert (answer["metadata"]["format"], answer["metadata"]["quality"]) == ("JPG", 95)
    assert (answer["success"], answer["databaseSaved"]) == (True, True)
    stamp = answer["capturedAt"].translate(str.maketrans("T.", "__", "-:Z"))
    assert answer["filename"] == f"capture_{stamp}.jpg"

    image = Image.objects.get(pk=answer["imageId"])
    assert (image.user, image.x_position, image.y_position, image.z_position) == (operator, 1.25, None, -3.0)
    assert image.metadata == FORMATS["jpg"].read_record(Path(answer["filepath"]))
    served = api(operator).get(answer["url"])
    assert b"".join(served.streaming_content) == content
    assert api(operator).get(answer["thumbnailUrl"]).status_code == 200


def test_what_is_left_out_stays_as_the_camera_is_set(capture, camera):
    camera.configure(exposure_ms=7, gain_db=2)
    answer = capture().json()
    assert (answer["exposureTime"], answer["gain"]) == (7.0, 2.0)
    assert answer["metadata"]["requested"] == {"exposureMs": None, "gainDb": None}


def test_settings_of_one_capture_are_not_everybodys(capture, open_camera):
    before = open_camera.status().settings
    assert capture(exposure=9, gain=3).status_code == 201
    assert open_camera.status().settings == before


@pytest.mark.parametrize("image_format", list(FORMATS))
def test_an_image_is_kept_in_the_format_asked_for(capture, image_format):
    answer = capture(format=image_format, exposure=1).json()
    path = Path(answer["filepath"])
    assert path.name.endswith(FORMATS[image_format].extension)
    assert FORMATS[image_format].read_record(path)["id"] == answer["metadata"]["recordId"]


def test_a_capture_can_belong_to_a_job(capture, operator):
    job = Job.objects.create(name="wound healing", user=operator)
    assert Image.objects.get(pk=capture(jobId=job.pk).json()["imageId"]).job == job


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("exposure", 0, "between 0.02 and 10000 ms"),
        ("exposure", -1, "between 0.02 and 10000 ms"),
        ("exposure", 10_001, "between 0.02 and 10000 ms"),
        ("exposure", "100", "between 0.02 and 10000 ms"),
        ("exposure", True, "between 0.02 and 10000 ms"),
        ("exposure", [100], "between 0.02 and 10000 ms"),
        ("exposure", {}, "between 0.02 and 10000 ms"),
        ("exposure", 10**400, "between 0.02 and 10000 ms"),
        ("gain", -0.1, "between 0 and 24 dB"),
        ("gain", 24.1, "between 0 and 24 dB"),
        ("gain", "1", "between 0 and 24 dB"),
        ("format", "bmp", "not a valid choice"),
        ("format", None, "may not be null"),
        ("format", "\ud800", "not a valid choice"),
        ("quality", 0, "greater than or equal to 1"),
        ("quality", 101, "less than or equal to 100"),
        ("quality", "95", "Must be a whole number"),
        ("quality", 95.5, "Must be a whole number"),
        ("quality", True, "Must be a whole number"),
        ("quality", None, "may not be null"),
        ("xPosition", "1", "Must be a number"),
        ("yPosition", True, "Must be a number"),
        ("zPosition", 10**400, "Must be a number"),
        ("jobId", 4711, "There is no job 4711"),
        ("jobId", 0, "greater than or equal to 1"),
        ("jobId", 10**30, "less than or equal to"),
        ("jobId", "1", "Must be a whole number"),
        ("exposre", 100, "Unknown field"),
        ("\ud800", 1, "Unknown field"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(capture, archive, open_camera, field, value, said):
    before = open_camera.status().settings
    response = capture(**{field: value})
    assert response.status_code == 400
    assert has_our_shape(response)
    [(named, sentences)] = response.json()["errors"].items()
    assert named == (field if field.isascii() else "?")
    assert said in sentences[0]
    assert originals(archive) == []
    assert not Image.objects.exists()
    assert open_camera.status().settings == before


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("field", ["exposure", "gain", "xPosition"])
def test_nan_and_infinity_are_refused(api, operator, archive, open_camera, field, number):
    response = api(operator).post(CAPTURE, f'{{"{field}": {number}}}', content_type="application/json")
    assert response.status_code == 400
    assert list(response.json()["errors"]) == [field]
    assert originals(archive) == []


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ("5", "application/json", 400),
        ('"text"', "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        ('{"exposure": ' + "1" * 5000 + "}", "application/json", 400),
        ("exposure=100", "application/x-www-form-urlencoded", 415),
        ("<exposure>100</exposure>", "application/xml", 415),
        ("exposure", "", 415),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(api, operator, archive, body, content_type, status):
    response = api(operator).generic("POST", CAPTURE, body, content_type=content_type)
    assert response.status_code == status
    assert has_our_shape(response)
    assert originals(archive) == []


@pytest.mark.parametrize("body", ["", "{}"])
def test_an_empty_body_asks_for_an_image_as_the_camera_is_set(api, operator, body):
    assert api(operator).post(CAPTURE, body, content_type="application/json").status_code == 201


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
fields = st.sampled_from(["exposure", "gain", "format", "quality", "xPosition", "jobId"]) | st.text(max_size=8)


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(st.dictionaries(fields, values, min_size=1, max_size=3))
def test_no_body_makes_the_server_fail(api, operator, open_camera, body):
    wanted = {**body, "exposure": 1} if 1 < _number(body.get("exposure")) <= 10_000 else body  # no long exposures
    response = api(operator).post(CAPTURE, json.dumps(wanted), content_type="application/json")
    assert response.status_code == 201 or (response.status_code == 400 and has_our_shape(response))


def _number(value: object) -> float:
    return value if isinstance(value, int | float) else 0


def test_after_four_failures_it_says_so_and_nothing_is_kept(capture, archive, open_camera, drivers):
    drivers[-1].faults.extend(FrameTimeout("no frame") for _ in range(4))
    response = capture()
    assert (response.status_code, response.json()["code"]) == (500, "capture_failed")
    assert has_our_shape(response)
    assert originals(archive) == []
    assert capture().status_code == 201


def test_three_failures_are_made_good(capture, open_camera, drivers):
    drivers[-1].faults.extend(FrameTimeout("no frame") for _ in range(3))
    answer = capture().json()
    assert answer["metadata"]["frame"]["tries"] == 4


def test_without_a_camera_the_cause_is_told_at_once_and_it_works_once_it_is_there(capture, archive, tmp_path):
    there: list[SimulatedDriver] = []

    def find() -> SimulatedDriver:
        if not there:
            raise CameraNotFound("No camera was found. Is it plugged in?")
        return there[0]

    config = the_instrument()
    selection = DriverSelection("pixelink", find, find, SeenCamera(tmp_path))
    config.camera = Camera(selection, CameraLock(tmp_path / "other"), SettingsRequest(5.0, 0.0))
    try:
        began_s = time.monotonic()
        response = capture()
        assert time.monotonic() - began_s < 8  # a request that waited for the camera would take ten seconds
        assert (response.status_code, response.json()["code"]) == (503, "camera_not_found")
        assert "Retry-After" in response
        assert originals(archive) == []

        there.append(SimulatedDriver(MODELS["colour-small"]))
        until_s = time.monotonic() + 15
        while (response := capture()).status_code == 503 and time.monotonic() < until_s:
            time.sleep(0.05)
        assert response.status_code == 201
    finally:
        config.camera.close()


class FullArchive(Archive):
    """An archive whose disk is full."""

    def keep(self, taken_at, extension, write):
        def fill_up(file):
            file.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")

        return super().keep(taken_at, extension, fill_up)


def test_a_full_disk_is_told_and_the_next_capture_works_once_there_is_room(capture, archive, tmp_path):
    the_library().archive = FullArchive(archive.root, reserve_bytes=0, memory=tmp_path / "memory.txt")
    response = capture()
    assert (response.status_code, response.json()["code"]) == (507, "disk_full")
    assert originals(archive) == [] and not Image.objects.exists()
    the_library().archive = archive
    assert capture().status_code == 201


def test_a_drive_that_is_away_is_told_before_anything_is_exposed(capture, archive, camera, tmp_path):
    archive.check()
    archive.root.rename(tmp_path / "drive")
    response = capture()
    assert (response.status_code, response.json()["code"]) == (507, "storage_missing")
    assert camera.status().state == "closed"


@pytest.mark.django_db(transaction=True)
def test_where_the_row_is_refused_the_answer_says_so(impatient_backfiller, open_camera, administrator):
    client = APIClient()
    client.force_authenticate(administrator)  # the user was signed in before the database went away
    with rows_refused():
        response = client.post(CAPTURE, {}, format="json")
    answer = response.json()
    assert response.status_code == 201
    assert list(answer) == FIXED_NAMES
    assert (answer["success"], answer["databaseSaved"], answer["imageId"], answer["url"]) == (True, False, None, None)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_refused_in_our_words(api, operator, method):
    response = api(operator).generic(method, CAPTURE)
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert has_our_shape(response)
