"""The API of the camera over HTTP: its state, its settings, and the live view."""

import io
import json

import pytest
from django.conf import settings
from PIL import Image
from rest_framework.test import APIClient

from camera.drivers.simulated.driver import SimulatedDriver
from camera.live.view import LiveView
from camera.registry import the_instrument
from camera.service import Camera
from camera.tests.rig import STEADY, Rig, rigged, took_s, wait_until
from camera.tests.standin.loading import no_library

pytestmark = pytest.mark.django_db

CAMERA, SETTINGS, FRAME, LIVE = (f"/api/v1/camera{end}" for end in ("", "/settings", "/frame", "/live"))


@pytest.fixture
def pixelink(tmp_path, camera):
    """A Pixelink camera on the stand-in. It replaces the camera of the process."""
    with rigged(tmp_path / "pixelink", STEADY) as rig:
        yield from in_place_of_ours(rig)


@pytest.fixture
def pixelink_missing(tmp_path, camera):
    with rigged(tmp_path / "pixelink", STEADY, is_plugged=False) as rig:
        yield from in_place_of_ours(rig)


def in_place_of_ours(rig: Rig):
    config = the_instrument()
    before = config.camera, config.live
    config.camera, config.live = rig.service, LiveView(rig.service, most_watchers=3, most_fps=20)
    yield rig
    config.live.close()
    config.camera, config.live = before


@pytest.fixture
def ask(api, viewer):
    return api(viewer)


@pytest.fixture
def control(api, operator):
    return api(operator)


def patch(client, **change):
    return client.patch(SETTINGS, change, format="json")


class TestState:
    def test_closed_until_it_is_used(self, ask, camera):
        answer = ask.get(CAMERA)
        assert answer.status_code == 200
        state = answer.json()
        assert state["state"] == "closed"
        assert state["simulated"] is False
        assert all(state[name] is None for name in ("driver", "model", "settings", "limits", "cause", "frameRate"))

    def test_ready(self, ask, camera):
        camera.limits()
        state = ask.get(CAMERA).json()
        assert state["state"] in ("ready", "streaming")
        assert (state["driver"], state["simulated"]) == ("simulated", True)
        assert state["simulationReason"]
        assert state["settings"]["exposure"] == 5.0
        assert state["limits"]["exposure"] == {"minimum": 0.02, "maximum": 10000.0, "unit": "ms"}
        assert state["since"].endswith("Z")

    def test_streaming(self, ask, camera):
        with camera.watching():
            camera.wait_for_newest(1, 5)
            state = ask.get(CAMERA).json()
        assert (state["state"], state["watchers"]) == ("streaming", 1)
        assert state["frameRate"] > 0
        assert state["frameAge"] >= 0

    def test_a_real_one_says_who_it_is(self, ask, pixelink):
        pixelink.service.capture()
        state = ask.get(CAMERA).json()
        assert (state["simulated"], state["serialNumber"]) == (False, "725001234")
        assert (state["model"], state["vendor"]) == ("PL-D725MU", "PixeLINK")
        assert state["temperature"] == 41.5

    def test_a_fault_has_a_cause_and_a_time(self, ask, camera, drivers: list[SimulatedDriver]):
        camera.limits()
        drivers[-1].unplug()
        wait_until(lambda: camera.status().cause)
        state = ask.get(CAMERA).json()
        assert state["state"] in ("fault", "reopening")
        assert state["cause"]["code"] == "camera_lost"
        assert "unplugged" in state["cause"]["message"]

    def test_a_hanging_call_is_reported_in_time(self, ask, tmp_path, camera):
        with rigged(tmp_path / "pixelink") as rig:
            for _ in in_place_of_ours(rig):
                rig.service.limits()
                rig.camera.hang("PxLGetNextFrame")
                with rig.service.watching():
                    wait_until(lambda: (ask.get(CAMERA).json()["cause"] or {}).get("code") == "camera_not_responding")
                rig.camera.release()


class TestSettings:
    def test_what_the_camera_accepted_is_answered(self, control, camera):
        answer = patch(control, exposure=7.126, gain=2.04)
        assert answer.status_code == 200
        assert (answer.json()["exposure"], answer.json()["gain"]) == (7.13, 2.0)
        assert answer.json()["roi"] == {"left": 0, "top": 0, "width": 320, "height": 240}
        assert camera.capture().descriptor.exposure_ms == 7.13

    def test_one_alone_leaves_the_other(self, control, camera):
        patch(control, exposure=7, gain=2)
        assert patch(control, gain=3).json()["exposure"] == 7
        assert patch(control).json()["gain"] == 3

    @pytest.mark.parametrize(
        ("field", "value", "limits"),
        [
            ("exposure", value, "between 0.02 and 10000 ms")
            for value in (
                "NaN",
                "Infinity",
                "-Infinity",
                "0",
                "-1",
                "10001",
                "1e999",
                "true",
                '"5"',
                "[5]",
                "1" + "0" * 400,
            )
        ]
        + [("gain", value, "between 0 and 24 dB") for value in ("NaN", "-1", "25", '"much"', "{}")],
    )
    def test_nonsense_names_the_field_and_the_limits_and_changes_nothing(self, control, camera, field, value, limits):
        before = camera.configure(4.0, 1.0)
        answer = control.patch(SETTINGS, f'{{"{field}": {value}}}', content_type="application/json")
        body = answer.json()
        assert (answer.status_code, body["statusCode"]) == (400, 400)
        assert list(body["errors"]) == [field]
        assert limits in body["errors"][field][0]
        assert camera.status().settings == before

    def test_each_setting_names_the_user_who_changed_it_last(self, control, api, make_user, viewer, camera):
        grace = api(make_user("grace", "managers"))

        def told() -> dict:
            return {name: by for name, by in api(viewer).get(CAMERA).json()["settingsBy"].items() if by}

        camera.limits()
        assert told() == {}
        patch(control, exposure=7, gain=2, rotation=90)
        control.delete("/api/v1/control")
        patch(grace, exposure=9, gain=2)
        assert told() == {"exposure": "grace", "gain": "ada", "rotation": "ada"}
        assert patch(grace, exposure=-1).status_code == 400
        grace.delete("/api/v1/control")
        control.post("/api/v1/camera/capture", {"exposure": 3}, format="json")
        control.post("/api/v1/camera/white-balance")
        assert told() == {"exposure": "grace", "gain": "ada", "rotation": "ada", "whiteBalance": "ada"}

    def test_an_unknown_field_is_refused_and_the_known_one_not_set(self, control, camera):
        before = camera.configure()
        answer = patch(control, exposure=9, exposures=9)
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == ["exposures"]
        assert camera.status().settings == before

    @pytest.mark.parametrize("body", ["{", "[1]", "5", '"exposure"', "null"])
    def test_a_body_that_is_no_object_is_refused(self, control, camera, body):
        assert control.patch(SETTINGS, body, content_type="application/json").status_code == 400
        assert camera.status().state == "closed"

    def test_a_script_that_signs_in_by_session_needs_the_csrf_token(self, camera, operator):
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(operator)
        assert patch(client, exposure=6).status_code == 403
        page = APIClient(enforce_csrf_checks=True)
        page.get("/sign-in")
        token = page.cookies[settings.CSRF_COOKIE_NAME].value
        signed_in = page.post("/sign-in", {"username": "ada", "password": "ada-password", "csrfmiddlewaretoken": token})
        assert signed_in.status_code == 302
        headers = {"HTTP_X_CSRFTOKEN": page.cookies[settings.CSRF_COOKIE_NAME].value}
        answer = page.patch(SETTINGS, json.dumps({"exposure": 6}), content_type="application/json", **headers)
        assert (answer.status_code, answer.json()["exposure"]) == (200, 6.0)


class TestWhoMay:
    @pytest.mark.parametrize("address", [CAMERA, FRAME, LIVE])
    def test_looking_needs_sign_in_and_the_permission(self, api, make_user, camera, address):
        assert api().get(address).status_code == 401
        assert api(make_user("nobody")).get(address).status_code == 403

    def test_setting_needs_more_than_looking(self, api, viewer, camera):
        assert patch(api(), exposure=5).status_code == 401
        assert patch(api(viewer), exposure=5).status_code == 403
        assert camera.status().state == "closed"

    def test_other_methods_are_not_allowed(self, control, camera):
        assert control.post(CAMERA).status_code == 405
        assert control.get(SETTINGS).status_code == 405


class TestPictures:
    def test_one_frame(self, ask, camera):
        answer = ask.get(FRAME)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/jpeg")
        assert Image.open(io.BytesIO(answer.content)).size == (320, 240)
        assert (answer["X-Exposure-Ms"], answer["Cache-Control"]) == ("5", "no-store")

    def test_live(self, ask, camera):
        answer = ask.get(LIVE)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "multipart/x-mixed-replace; boundary=frame"
        parts = [next(answer.streaming_content) for _ in range(3)]
        assert all(b"\xff\xd8" in part for part in parts)
        answer.close()
        wait_until(lambda: camera.status().watchers == 0)

    def test_a_stream_that_nobody_reads_leaves_nothing_behind(self, ask, camera):
        ask.get(LIVE).close()
        wait_until(lambda: camera.status().watchers == 0)
        assert the_instrument().live.watchers == 0

    @pytest.mark.django_db(transaction=True)  # a stream that ends closes its connection, as on the server
    def test_too_many_watchers(self, ask, camera):
        streams = [ask.get(LIVE) for _ in range(3)]
        answer = ask.get(LIVE)
        assert (answer.status_code, answer.json()["code"]) == (503, "too_many_watchers")
        for stream in streams:
            stream.close()
        assert ask.get(FRAME).status_code == 200


class TestNoCamera:
    @pytest.mark.parametrize("call", ["settings", "frame", "live"])
    def test_none_found(self, call, ask, control, pixelink_missing):
        self.assert_unavailable(call, ask, control, "camera_not_found", "No camera was found")
        pixelink_missing.library.plug(pixelink_missing.camera)
        wait_until(lambda: pixelink_missing.service.status().state in ("ready", "streaming"))
        assert ask.get(FRAME).status_code == 200

    @pytest.mark.parametrize("call", ["settings", "frame", "live"])
    def test_library_missing(self, call, ask, control, pixelink):
        with no_library():
            self.assert_unavailable(call, ask, control, "camera_library_missing", "library")

    @pytest.mark.parametrize("call", ["settings", "frame", "live"])
    def test_in_use(self, call, ask, control, pixelink):
        pixelink.camera.in_use_elsewhere = True
        self.assert_unavailable(call, ask, control, "camera_in_use", "Another program")

    def test_in_use_by_a_process_that_is_named(self, control, pixelink):
        other: Camera = pixelink.make_service()
        other.limits()
        answer = patch(control, exposure=5)
        assert answer.status_code == 503
        assert "in use by process" in answer.json()["message"]
        other.close()

    def assert_unavailable(self, call, ask, control, code: str, words: str) -> None:
        answers = []
        calls = {
            "settings": lambda: patch(control, exposure=5),
            "frame": lambda: ask.get(FRAME),
            "live": lambda: ask.get(LIVE),
        }
        assert took_s(lambda: answers.append(calls[call]())) < 5
        body = answers[0].json()
        assert (answers[0].status_code, body["code"]) == (503, code)
        assert words in body["message"]
        assert ask.get(CAMERA).json()["cause"]["code"] == code
