"""`manage.py camera` prints what is connected and what it can do."""

import io
import re

import pytest
from django.core.management import CommandError, call_command

from camera.engine.frame_loop import Timing
from camera.engine.process_lock import CameraLock
from camera.registry import the_instrument
from camera.tests.rig import rigged
from camera.tests.standin.loading import no_library


def run() -> str:
    out = io.StringIO()
    call_command("camera", stdout=out)
    text = out.getvalue()
    assert text.isascii()
    return text


@pytest.fixture
def pixelink(tmp_path, camera):
    """A Pixelink camera on the stand-in. It replaces the camera of the process."""
    config = the_instrument()
    with rigged(tmp_path / "pixelink", Timing(call_timeout_s=5.0)) as rig:
        before, config.camera = config.camera, rig.service
        yield rig
        config.camera = before


def test_simulated_it_says_so_and_why(camera, tmp_path):
    with no_library():
        text = run()
    assert "SIMULATED         The settings ask for the simulated camera." in text
    assert "Pixelink library  The Pixelink library could not be loaded" in text
    assert "Test frame        320 x 240, RGB24, 8 bit" in text
    assert "  exposed         5 ms at 0 dB" in text
    assert not CameraLock(tmp_path).is_held


def test_a_real_camera_with_its_limits_and_a_test_frame(pixelink):
    text = run()
    for line in (
        "Pixelink library  loaded",
        "Cameras seen      725001234",
        "Driver            pixelink",
        "Camera            PixeLINK PL-D725MU",
        "Exposure          0.01 to 10000 ms",
        "Gain              0 to 18 dB",
        "Region            96 x 64 at 0, 0",
        "  exposed         2 ms at 0 dB",
        "  sensor          41.5 degrees Celsius",
        "  came with       ApiSuccess, try 1",
    ):
        assert line in text
    assert "SIMULATED" not in text
    assert pixelink.library.open_handles == []


def test_no_camera_is_one_sentence_after_what_there_is(pixelink):
    pixelink.library.unplug(pixelink.camera)
    out = io.StringIO()
    with pytest.raises(CommandError, match="No camera was found"):
        call_command("camera", stdout=out)
    assert "Cameras seen      none" in out.getvalue()


def test_it_names_the_other_process_that_has_the_camera(camera, tmp_path):
    lock = CameraLock(tmp_path)
    lock.acquire("the server")
    with pytest.raises(CommandError, match=r"in use by process \d+ \(the server\)"):
        run()
    lock.release()


def test_what_was_found_of_the_cameras_clock_is_said(pixelink):
    lines = {line[:18].strip(): line[18:] for line in run().splitlines()}
    assert re.fullmatch(r"-?\d+\.\d{6} s behind this computer's, give or take \d+\.\d{3} ms", lines["Camera's clock"])
    assert re.fullmatch(r"[+-]\d+ ppm, give or take \d+", lines["drift"])
    assert re.fullmatch(r"to [\d.]+ ms at [\d.]+ ms, read-out 0.6 ms", lines["frames dated"])
    assert lines["Stream start"].endswith(" ms")


def test_a_clock_that_cannot_be_read_is_said(pixelink):
    pixelink.library.missing_functions.add("PxLGetCurrentTimestamp")
    text = run()
    assert "Camera's clock    cannot be read" in text
    assert "ms of exposure" in text
