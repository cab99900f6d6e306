"""Geometry and colours over HTTP: what can be set, what the camera accepts, and what is refused."""

import json

import pytest

from camera.live.view import LiveView
from camera.registry import the_instrument
from camera.tests.rig import STEADY, rigged
from camera.tests.standin.codes import FeatureId

pytestmark = pytest.mark.django_db

CAMERA, SETTINGS, WHITE_BALANCE, CAPTURE = (
    f"/api/v1/camera{end}" for end in ("", "/settings", "/white-balance", "/capture")
)
PART = {"left": 80, "top": 64, "width": 160, "height": 128}


@pytest.fixture
def control(api, operator):
    return api(operator)


@pytest.fixture
def mono(tmp_path, camera):
    """A mono Pixelink camera that can neither rotate nor bin. It replaces the camera of the process."""
    lacking = frozenset({FeatureId.ROTATE, FeatureId.PIXEL_ADDRESSING, FeatureId.GAMMA, FeatureId.FLIP})
    with rigged(tmp_path / "pixelink", STEADY, absent_features=lacking) as rig:
        config = the_instrument()
        before = config.camera, config.live
        config.camera, config.live = rig.service, LiveView(rig.service, most_watchers=3, most_fps=20)
        yield rig
        config.live.close()
        config.camera, config.live = before


# The answer also has these fields, about objective and scale.
OPTICS = {"objective", "objectiveBy", "umPerPixelX", "umPerPixelY"}


def patch(client, **change):
    return client.patch(SETTINGS, change, format="json")


class TestWhatCanBeSet:
    def test_limits_and_settings_carry_all_of_it(self, control, camera):
        camera.limits()
        state = control.get(CAMERA).json()
        assert state["limits"]["roi"] == {
            "sensorWidth": 320,
            "sensorHeight": 240,
            "minimumWidth": 64,
            "minimumHeight": 48,
            "stepLeft": 8,
            "stepTop": 8,
            "stepWidth": 8,
            "stepHeight": 8,
        }
        assert state["limits"]["binning"] == {
            "values": [1, 2, 4],
            "modes": ["average", "bin", "decimate"],
            "mayDiffer": True,
        }
        assert state["limits"]["pixelFormats"] == [{"name": "RGB24", "bits": 8, "isColour": True}]
        assert (state["limits"]["flip"], state["limits"]["rotations"]) == (True, [0, 90, 180, 270])
        assert state["limits"]["gamma"] == {"minimum": 0.35, "maximum": 4.0}
        assert state["limits"]["whiteBalance"] == {"minimum": 0.25, "maximum": 4.0, "onePush": True}
        assert state["settings"] == {
            "exposure": 5.0,
            "gain": 0.0,
            "roi": {"left": 0, "top": 0, "width": 320, "height": 240},
            "binning": {"x": 1, "y": 1, "mode": "average"},
            "pixelFormat": "RGB24",
            "flipHorizontal": False,
            "flipVertical": False,
            "rotation": 0,
            "gamma": 1.0,
            "whiteBalance": {"red": 1.0, "green": 1.0, "blue": 1.0},
        }
        assert state["whiteBalance"] is True

    def test_what_a_camera_lacks_is_null_or_empty(self, control, mono):
        mono.service.limits()
        state = control.get(CAMERA).json()
        limits = state["limits"]
        assert (limits["binning"], limits["gamma"], limits["whiteBalance"]) == (None, None, None)
        assert (limits["flip"], limits["rotations"]) == (False, [0])
        assert (state["settings"]["gamma"], state["settings"]["whiteBalance"]) == (None, None)
        assert state["whiteBalance"] is False


class TestSetting:
    def test_all_at_once_and_the_next_capture_has_it(self, control, camera, archive):
        change = {
            "roi": {"left": 83, "top": 65, "width": 165, "height": 130},
            "binning": {"x": 2, "y": 1, "mode": "decimate"},
            "flipHorizontal": True,
            "rotation": 90,
            "gamma": 2.0,
            "whiteBalance": {"red": 1.5, "green": 1, "blue": 0.5},
        }
        answer = patch(control, **change)
        assert answer.status_code == 200, answer.json()
        accepted = answer.json()
        assert accepted["roi"] == PART
        assert {name: accepted[name] for name in change} == change | {"roi": PART}
        captured = control.post(CAPTURE, {"format": "png"}, format="json").json()
        assert (captured["width"], captured["height"]) == (128, 80)
        actual = captured["metadata"]["actual"]
        assert actual["roi"] == PART
        assert (actual["rotationDeg"], actual["flipHorizontal"], actual["gamma"]) == (90, True, 2.0)
        assert actual["whiteBalance"] == [1.5, 1.0, 0.5]
        assert actual["binning"] == change["binning"]

    def test_what_was_answered_can_be_asked_again(self, control, camera):
        accepted = patch(control, roi=PART, rotation=180).json()
        settings = {name: value for name, value in accepted.items() if name not in OPTICS}
        assert patch(control, **settings).json() == accepted

    def test_left_out_or_null_stays_but_a_region_of_null_is_the_whole_sensor(self, control, camera):
        before = patch(control, roi=PART, flipVertical=True, gamma=2).json()
        assert patch(control, flipVertical=None, gamma=None, whiteBalance=None, pixelFormat=None).json() == before
        assert patch(control, gain=3).json()["roi"] == PART
        whole = patch(control, roi=None).json()
        assert whole["roi"] == {"left": 0, "top": 0, "width": 320, "height": 240}
        assert whole["flipVertical"] is True

    def test_the_whole_sensor_may_be_the_first_thing_asked(self, control, camera):
        assert patch(control, roi=None).json()["roi"]["width"] == 320

    @pytest.mark.parametrize(
        ("field", "value", "words"),
        [
            ("roi", '{"left": 300, "top": 0, "width": 160, "height": 128}', "sensor of 320 x 240 pixels"),
            ("roi", '{"left": 0, "top": 0, "width": 16, "height": 16}', "at least 64 x 48"),
            ("roi", '{"left": -8, "top": 0, "width": 160, "height": 128}', "in steps of 8 x 8"),
            ("roi", '{"left": 0.5, "top": 0, "width": 160, "height": 128}', "whole pixels"),
            ("roi", '{"left": true, "top": 0, "width": 160, "height": 128}', "whole pixels"),
            ("roi", '{"left": NaN, "top": 0, "width": 160, "height": 128}', "whole pixels"),
            ("roi", '{"left": "0", "top": 0, "width": 160, "height": 128}', "whole pixels"),
            ("roi", '{"left": 1e99, "top": 0, "width": 160, "height": 128}', "whole pixels"),
            ("roi", '{"left": 1' + "0" * 50 + ', "top": 0, "width": 160, "height": 128}', "whole pixels"),
            ("roi", '{"left": 0, "top": 0, "width": 160}', "left, top, width and height"),
            ("roi", '{"left": 0, "top": 0, "width": 160, "height": 128, "depth": 1}', "left, top, width and height"),
            ("roi", "[0, 0, 160, 128]", "320 x 240"),
            ("binning", '{"x": 3, "y": 3, "mode": "bin"}', "1, 2, 4"),
            ("binning", '{"x": 2, "y": 2, "mode": "magic"}', "average, bin, decimate"),
            ("binning", '{"x": 2, "y": 2}', "x and y of 1, 2, 4"),
            ("binning", '{"x": true, "y": 1, "mode": "bin"}', "whole numbers"),
            ("binning", "2", "mode"),
            ("pixelFormat", '"MONO8"', "RGB24"),
            ("pixelFormat", "8", "RGB24"),
            ("flipHorizontal", "1", "true or false"),
            ("flipVertical", '"true"', "true or false"),
            ("rotation", "45", "0, 90, 180, 270"),
            ("rotation", "90.0", "0, 90, 180, 270"),
            ("rotation", "true", "0, 90, 180, 270"),
            ("rotation", "-90", "0, 90, 180, 270"),
            ("gamma", "NaN", "between 0.35 and 4"),
            ("gamma", "0", "between 0.35 and 4"),
            ("gamma", '"2"', "between 0.35 and 4"),
            ("whiteBalance", '{"red": NaN, "green": 1, "blue": 1}', "between 0.25 and 4"),
            ("whiteBalance", '{"red": -1, "green": 1, "blue": 1}', "between 0.25 and 4"),
            ("whiteBalance", '{"red": 1, "green": 1, "blue": 99}', "between 0.25 and 4"),
            ("whiteBalance", '{"red": 1, "green": true, "blue": 1}', "red, green and blue"),
            ("whiteBalance", '"auto"', "red, green and blue"),
        ],
    )
    def test_nonsense_names_the_field_and_the_limits_and_changes_nothing(self, control, camera, field, value, words):
        before = camera.configure(4.0, 1.0)
        body = f'{{"exposure": 9, "{field}": {value}}}'
        answer = control.patch(SETTINGS, body, content_type="application/json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])
        assert words in answer.json()["errors"][field][0]
        assert camera.status().settings == before

    def test_frames_too_small_to_say_what_they_are_are_refused(self, control, camera):
        patch(control, roi={"left": 0, "top": 0, "width": 64, "height": 48})
        before = control.get(CAMERA).json()["settings"]
        answer = patch(control, exposure=9, binning={"x": 4, "y": 4, "mode": "bin"})
        assert (answer.status_code, answer.json()["code"]) == (400, "setting_refused")
        assert control.get(CAMERA).json()["settings"] == before

    def test_a_request_for_what_the_camera_lacks_names_it(self, control, mono):
        answer = patch(control, flipVertical=True, rotation=90)
        assert (answer.status_code, answer.json()["code"]) == (400, "setting_refused")
        assert set(answer.json()["errors"]) == {"flipVertical", "rotation"}
        assert patch(control, flipVertical=False, rotation=0).status_code == 200

    @pytest.mark.parametrize("field", ["roi", "pixelFormat", "rotation", "whiteBalance"])
    def test_a_capture_has_exposure_and_gain_of_its_own_and_nothing_else(self, control, camera, archive, field):
        answer = control.post(CAPTURE, json.dumps({field: None}), content_type="application/json")
        assert (answer.status_code, list(answer.json()["errors"])) == (400, [field])


class TestWhiteBalance:
    def test_one_push_answers_what_is_set(self, control, camera):
        answer = control.post(WHITE_BALANCE)
        assert answer.status_code == 200
        gains = answer.json()["whiteBalance"]
        assert gains["red"] < gains["green"] == 1.0 < gains["blue"]
        assert control.get(CAMERA).json()["settings"] == answer.json()

    def test_a_camera_without_it_refuses_with_a_sentence(self, control, mono):
        answer = control.post(WHITE_BALANCE)
        assert (answer.status_code, answer.json()["code"]) == (400, "setting_refused")
        assert "white balance" in answer.json()["message"]

    def test_it_needs_the_permission_to_capture(self, api, viewer, camera):
        assert api().post(WHITE_BALANCE).status_code == 401
        assert api(viewer).post(WHITE_BALANCE).status_code == 403
        assert camera.status().state == "closed"


def test_each_picture_says_how_it_is_addressed_and_turned(control, camera):
    roi = {"left": 16, "top": 8, "width": 240, "height": 160}
    patch(control, roi=roi, binning={"x": 2, "y": 1, "mode": "average"}, rotation=90, flipVertical=True)
    answer = control.get("/api/v1/camera/frame")
    assert (answer["X-Binning"], answer["X-Rotation-Deg"]) == ("2x1", "90")
    assert (answer["X-Roi"], answer["X-Flip"]) == ("16,8,240,160", "vertical")
    assert (answer["X-Frame-Width"], answer["X-Frame-Height"]) == ("160", "120")


def test_each_picture_says_that_it_is_whole_and_upright(control, camera):
    answer = control.get("/api/v1/camera/frame")
    assert (answer["X-Roi"], answer["X-Flip"]) == ("0,0,320,240", "none")
