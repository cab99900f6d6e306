"""Which driver is opened, as CAMERA_DRIVER says, and when simulated pictures may replace those of a camera."""

import pytest

from camera.drivers.base import Driver
from camera.drivers.pixelink.driver import PixelinkDriver
from camera.drivers.seen_camera import SeenCamera
from camera.drivers.selection import DriverSelection
from camera.drivers.simulated.driver import SimulatedDriver, SimulatedModel
from camera.errors import CameraInUse, CameraLibraryMissing, CameraNotFound, CameraUnavailable
from camera.frame import CameraIdentity
from camera.tests.driving import SERIAL, driving
from camera.tests.standin.codes import ReturnCode
from camera.tests.standin.loading import no_library

TINY = SimulatedModel("tiny", 96, 64, False, 8)


@pytest.fixture
def seen(tmp_path) -> SeenCamera:
    return SeenCamera(tmp_path)


@pytest.fixture
def choose(seen):
    """choose(mode) selects between the Pixelink driver and the simulated one."""

    def choose(mode: str, serial_number: str = "") -> DriverSelection:
        return DriverSelection(
            mode,
            lambda: PixelinkDriver(serial_number),
            lambda: SimulatedDriver(TINY),
            seen,
            has_serial_number=bool(serial_number),
        )

    return choose


def open_and_close(selection: DriverSelection) -> Driver:
    driver, _identity = selection.open()
    driver.close()
    return driver


@pytest.mark.parametrize("mode", ["auto", "pixelink"])
def test_a_real_camera_is_used_if_there_is_one(choose, seen, mode):
    with driving():
        driver, identity = choose(mode).open()
        driver.close()
    assert (driver.name, driver.is_simulated, driver.simulation_reason) == ("pixelink", False, None)
    assert identity.serial_number == str(SERIAL)
    assert str(SERIAL) in seen.recall()


def test_auto_simulates_if_there_is_no_library_and_says_why(choose, seen):
    with no_library():
        driver = open_and_close(choose("auto"))
    assert driver.is_simulated
    assert driver.simulation_reason == "No camera library is installed."
    assert seen.recall() is None


def test_auto_simulates_if_there_is_no_camera_and_says_why(choose):
    with driving() as driven:
        driven.library.unplug(driven.camera)
        driver = open_and_close(choose("auto"))
    assert driver.is_simulated
    assert driver.simulation_reason == "No camera was found."


@pytest.mark.parametrize("serial_number", ["", str(SERIAL)])
def test_auto_never_simulates_a_camera_that_someone_else_uses(choose, serial_number):
    with driving() as driven:
        driven.camera.in_use_elsewhere = True
        with pytest.raises(CameraInUse):
            choose("auto", serial_number).open()


def test_auto_never_simulates_once_a_real_camera_was_seen(choose, seen):
    seen.remember(CameraIdentity("PixeLINK", "PL-D725", "42"))
    with no_library(), pytest.raises(CameraLibraryMissing):
        choose("auto").open()
    with driving() as driven:
        driven.library.unplug(driven.camera)
        with pytest.raises(CameraNotFound):
            choose("auto").open()


def test_auto_remembers_across_restarts_that_there_was_a_camera(choose, tmp_path):
    with driving() as driven:
        open_and_close(choose("auto"))
        driven.library.unplug(driven.camera)
        after_restart = DriverSelection("auto", PixelinkDriver, lambda: SimulatedDriver(TINY), SeenCamera(tmp_path))
        with pytest.raises(CameraNotFound):
            after_restart.open()


@pytest.mark.parametrize("serial_number", [str(SERIAL), "999", "no number"])
def test_auto_never_simulates_a_camera_that_is_named(choose, serial_number):
    with driving() as driven:
        driven.library.unplug(driven.camera)
        with pytest.raises(CameraNotFound):
            choose("auto", serial_number).open()
    with no_library(), pytest.raises(CameraUnavailable):
        choose("auto", serial_number).open()


def test_pixelink_never_simulates(choose):
    with no_library(), pytest.raises(CameraLibraryMissing):
        choose("pixelink").open()
    with driving() as driven:
        driven.library.unplug(driven.camera)
        with pytest.raises(CameraNotFound):
            choose("pixelink").open()


def test_simulated_leaves_a_real_camera_alone(choose, seen):
    with driving() as driven:
        driver = open_and_close(choose("simulated"))
        assert not driven.library.calls
    assert driver.is_simulated
    assert driver.simulation_reason == "The settings ask for the simulated camera."


def test_a_camera_plugged_in_later_is_found_by_the_next_try(choose):
    with driving() as driven:
        driven.library.unplug(driven.camera)
        selection = choose("pixelink")
        with pytest.raises(CameraNotFound):
            selection.open()
        driven.library.plug(driven.camera)
        assert open_and_close(selection).name == "pixelink"


def test_a_camera_that_fails_otherwise_is_not_simulated(choose):
    with driving() as driven:
        driven.camera.faults.answer("PxLInitializeEx", ReturnCode.ApiHardwareError)
        with pytest.raises(CameraUnavailable):
            choose("auto").open()
