"""`manage.py camera` says what there is."""

import io

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from camera.frame_loop import Timing
from camera.ownership import CameraLock
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
    """A Pixelink camera over the stand-in, in the place of the process's own."""
    config = apps.get_app_config("camera")
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
        "  library said    ApiSuccess, try 1",
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


def test_where_another_process_has_the_camera_it_says_which(camera, tmp_path):
    lock = CameraLock(tmp_path)
    lock.acquire("the server")
    with pytest.raises(CommandError, match=r"in use by process \d+ \(the server\)"):
        run()
    lock.release()
