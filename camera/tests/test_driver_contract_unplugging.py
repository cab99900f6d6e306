"""What every driver must do when its camera is unplugged and plugged in again. Tests cannot unplug a real camera."""

from collections.abc import Iterator

import pytest

from camera.drivers.base import Driver
from camera.drivers.settings import SettingsRequest
from camera.errors import CameraError, CameraLost, CameraUnavailable
from camera.tests.driving import InThread, one_library, wait_until_notified
from camera.tests.subjects import LONG_MS, PLUGGABLE, Subject


@pytest.fixture(scope="module", autouse=True)
def library_for_all() -> Iterator[None]:
    with one_library():
        yield


@pytest.fixture(params=PLUGGABLE)
def pluggable(request) -> Iterator[Subject]:
    """A camera that a test can unplug."""
    with request.param() as subject:
        yield subject
        subject.close()


@pytest.fixture
def driver(pluggable) -> Driver:
    driver = pluggable.make()
    driver.open()
    driver.configure(SettingsRequest(exposure_ms=2.0, gain_db=0.0))
    return driver


def test_a_waiting_grab_ends_with_camera_lost(pluggable, driver):
    driver.configure(SettingsRequest(exposure_ms=LONG_MS))
    driver.start()
    grabbing = InThread(driver.grab)
    pluggable.unplug()
    with pytest.raises(CameraLost, match=r"unplugged|cable"):
        grabbing.answer()


def test_everything_says_that_the_camera_is_lost(pluggable, driver):
    driver.start()
    driver.grab()
    pluggable.unplug()
    asked = (
        driver.grab,
        driver.read_settings,
        driver.read_limits,
        lambda: driver.configure(SettingsRequest(exposure_ms=3.0)),
    )
    for ask in asked:
        with pytest.raises(CameraLost):
            ask()
    assert not driver.is_answering()
    driver.interrupt()
    driver.close()


def test_the_camera_itself_reports_it(pluggable, driver):
    pluggable.unplug()
    wait_until_notified(driver)
    assert driver.has_disconnected


def test_a_camera_that_is_not_there_does_not_open_and_nothing_is_held(pluggable, driver):
    driver.close()
    pluggable.unplug()
    with pytest.raises(CameraUnavailable):
        driver.open()
    pluggable.replug()
    assert driver.open().model


def test_once_plugged_in_again_a_new_driver_opens_it(pluggable, driver):
    driver.start()
    raw = driver.grab()
    pluggable.unplug()
    with pytest.raises(CameraError):
        driver.grab()
    driver.close()
    pluggable.replug()
    another = pluggable.make()
    another.open()
    another.configure(SettingsRequest(exposure_ms=2.0))
    another.start()
    assert another.grab().develop().shape == raw.develop().shape
    assert not another.has_disconnected


def test_the_same_driver_opens_it_too(pluggable, driver):
    pluggable.unplug()
    driver.close()
    pluggable.replug()
    driver.open()
    assert driver.is_answering()
    assert not driver.has_disconnected
