"""One push brings the bright end of the histogram to just below clipping."""

import pytest

from camera.auto_exposure import AIM, TOLERANCE, bright_level, expose_automatically
from camera.errors import CameraError
from camera.live.statistics import compute_statistics


@pytest.mark.parametrize("exposure_ms", [0.1, 5, 80, 3000])
def test_it_ends_just_below_clipping_wherever_it_begins(camera, exposure_ms):
    camera.configure(exposure_ms=exposure_ms, gain_db=0)
    settings = expose_automatically(camera)
    frame = camera.capture()
    assert bright_level(frame) == pytest.approx(AIM, abs=TOLERANCE + 0.03)
    assert compute_statistics(frame.picture, 8).clipped < 0.01
    assert camera.status().settings == settings
    assert settings.gain_db == 0


def test_a_refusing_camera_leaves_the_exposure_as_it_was(camera, drivers):
    before = camera.configure(exposure_ms=7)
    drivers[-1].faults.extend(CameraError("broken") for _ in range(4))
    with pytest.raises(CameraError):
        expose_automatically(camera)
    assert camera.status().settings == before


def test_an_operator_may_ask_for_it_and_a_viewer_may_not(api, operator, viewer, camera):
    assert api(viewer).post("/api/v1/camera/auto-exposure").status_code == 403
    answer = api(operator).post("/api/v1/camera/auto-exposure")
    assert answer.status_code == 200
    assert answer.json()["exposure"] == camera.status().settings.exposure_ms
