"""A success code that warns is kept as a warning while it applies, and no longer."""

import pytest

from camera.drivers.pixelink.sdk import Sdk
from camera.drivers.pixelink.warnings import CODES_AND_SENTENCES, ORDINARY, warning_for
from camera.drivers.settings import SettingsRequest
from camera.tests.driving import driving
from camera.tests.rig import rigged
from camera.tests.standin.codes import ReturnCode

SLOW, LOW_MEMORY = ReturnCode.ApiSuccessReducedSpeedWarning, ReturnCode.ApiSuccessLowMemory


def codes(driver) -> list[str]:
    return [warning.code for warning in driver.warnings]


def test_every_success_code_of_the_wrapper_is_ordinary_or_has_a_sentence():
    with driving():
        known = vars(Sdk().api.ReturnCode).items()
    successes = {name for name, code in known if name.startswith("Api") and code >= 0}
    assert successes == ORDINARY | set(CODES_AND_SENTENCES)
    for name in successes - ORDINARY:
        warning = warning_for(name, "initialize")
        assert warning.message[0].isupper() and warning.message.endswith(".")
    assert "code 17" in warning_for("code 17", "initialize").message


def test_a_slow_port_is_a_warning_until_the_camera_is_on_a_fast_one():
    with driving() as driven:
        driven.camera.faults.answer("PxLInitializeEx", SLOW)
        driven.driver.open()
        assert codes(driven.driver) == ["slow_usb_port"]
        assert "USB 3" in driven.driver.warnings[0].message
        driven.driver.start()
        assert [warning.code for warning in driven.grab().warnings] == ["slow_usb_port"]
        driven.driver.open()
        assert codes(driven.driver) == []
        driven.driver.start()
        assert driven.grab().warnings == ()


@pytest.mark.parametrize("function", ["PxLSetStreamState", "PxLGetNextFrame", "PxLGetFeature", "PxLSetFeature"])
def test_any_call_may_warn(function):
    with driving() as driven:
        driven.opened()
        driven.camera.faults.answer(function, LOW_MEMORY, calls=4)  # the wrapper asks for a value twice
        driven.driver.configure(SettingsRequest(exposure_ms=3.0))
        driven.driver.start()
        driven.grab()
        assert codes(driven.driver) == ["low_usb_memory"]


def test_a_warning_about_a_setting_goes_when_the_setting_is_taken_without():
    with driving() as driven:
        driven.opened()
        driven.driver.configure(SettingsRequest(gain_db=1.0))
        driven.camera.faults.answer("PxLSetFeature", 10)
        driven.driver.configure(SettingsRequest(gain_db=3.0))
        assert codes(driven.driver) == ["gain_ineffective"]
        driven.driver.configure(SettingsRequest(exposure_ms=3.0))
        assert codes(driven.driver) == ["gain_ineffective"]
        driven.driver.configure(SettingsRequest(gain_db=0.0))
        assert codes(driven.driver) == []


def test_a_closed_driver_warns_of_nothing():
    with driving() as driven:
        driven.camera.faults.answer("PxLInitializeEx", SLOW)
        driven.driver.open()
        driven.driver.close()
        assert codes(driven.driver) == []


def test_the_status_warns_while_the_camera_is_slow_and_no_longer_after_replugging(tmp_path):
    with rigged(tmp_path) as rig:
        rig.camera.faults.answer("PxLInitializeEx", SLOW)
        frame = rig.service.capture()
        assert [warning.code for warning in frame.warnings] == ["slow_usb_port"]
        status = rig.service.status()
        assert status.is_well and [warning.code for warning in status.warnings] == ["slow_usb_port"]
        rig.library.unplug(rig.camera)
        rig.wait_for_status(lambda status: status.cause is not None)
        assert rig.service.status().warnings == ()
        rig.library.plug(rig.camera)
        rig.wait_for_status(lambda status: status.cause is None)
        assert rig.service.capture().warnings == ()
        assert rig.service.status().warnings == ()
