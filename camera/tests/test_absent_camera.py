"""The camera of a library: it says that it is not there, whatever is asked of it."""

import inspect
import threading

import pytest

from camera.absent.camera import AbsentCamera
from camera.drivers.names import SIMULATED_CAMERAS
from camera.drivers.simulated.driver import MODELS
from camera.errors import NoCamera
from camera.service import Camera

# These answer, and open nothing.
CALM = {"status", "close", "break_off", "newest_count", "longest_exposure_s"}
ARGUMENTS = {"begin_burst": (3, 3), "wait_for_newest": (0, 0.1)}
METHODS = {name for name, _ in inspect.getmembers(Camera, inspect.isfunction) if not name.startswith("_")}


def use(name: str) -> None:
    returned = getattr(AbsentCamera(), name)(*ARGUMENTS.get(name, ()))
    if returned is not None:
        returned.__enter__()  # what returns a block refuses when it begins


@pytest.mark.parametrize("name", sorted(METHODS - CALM))
def test_every_use_says_that_there_is_no_camera(name):
    threads = threading.active_count()
    with pytest.raises(NoCamera, match="Open one of the instruments"):
        use(name)
    assert threading.active_count() == threads


def test_what_everybody_asks_has_an_answer():
    camera = AbsentCamera()
    status = camera.status()
    assert (status.state, status.is_well, status.is_simulated, status.identity) == ("none", False, False, None)
    assert (camera.newest_count, camera.longest_exposure_s) == (0, 0.0)
    camera.break_off()
    camera.close()
    assert camera.status().state == "none"


def test_the_settings_know_every_simulated_camera_without_its_driver():
    assert list(SIMULATED_CAMERAS) == list(MODELS)
