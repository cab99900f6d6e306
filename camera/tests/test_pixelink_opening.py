"""Opening a Pixelink camera: which one is opened, why it may fail, and the traps of the wrapper's import."""

import gc
import os
from functools import partial

import pytest

from camera import errors
from camera.drivers.pixelink.driver import PixelinkDriver
from camera.drivers.settings import SettingsRequest
from camera.tests.driving import SERIAL, InThread, driving
from camera.tests.standin.camera import StandinCamera
from camera.tests.standin.codes import ReturnCode
from camera.tests.standin.loading import no_library

OTHER_SERIAL = 42
VERSIONED = "libPxLApi.so.4.3.0.1"


class TestWhichCamera:
    def test_the_camera_says_who_it_is(self):
        with driving() as driven:
            driven.camera.name = "Bench 3, lamp side"
            identity = driven.driver.open()
            assert (identity.vendor, identity.model) == ("PixeLINK", "PL-D725MU")
            assert (identity.serial_number, identity.name) == (str(SERIAL), "Bench 3, lamp side")
            assert identity.firmware == "1.0.0.0"

    @pytest.mark.parametrize("serial_number", [SERIAL, OTHER_SERIAL])
    @pytest.mark.parametrize("written", ["{}", " {} ", "0{}"])
    def test_the_right_one_among_two_is_opened(self, serial_number, written):
        with driving(written.format(serial_number)) as driven:
            driven.library.plug(StandinCamera(OTHER_SERIAL))
            assert driven.driver.open().serial_number == str(serial_number)

    def test_with_no_number_the_first_free_one_is_opened(self):
        with driving() as driven:
            driven.library.plug(StandinCamera(OTHER_SERIAL))
            driven.camera.in_use_elsewhere = True
            assert driven.driver.open().serial_number == str(OTHER_SERIAL)

    def test_an_unknown_number_is_not_found_and_the_error_lists_the_cameras_seen(self):
        with driving("777") as driven, pytest.raises(errors.CameraNotFound, match=rf"777.*{SERIAL}"):
            driven.driver.open()

    @pytest.mark.parametrize("serial_number", ["PL-D725", "12.5", "-1", "0", "1e3", str(2**32), str(2**40)])
    def test_a_number_that_no_camera_can_have_never_opens_any_camera(self, serial_number):
        with driving(serial_number) as driven:
            with pytest.raises(errors.CameraNotFound, match="CAMERA_SERIAL_NUMBER"):
                driven.driver.open()
            assert "PxLInitializeEx" not in driven.library.calls

    def test_no_camera_at_all(self):
        with driving() as driven:
            driven.library.unplug(driven.camera)
            with pytest.raises(errors.CameraNotFound, match=r"No camera was found\. Check cable and power\."):
                driven.driver.open()

    def test_no_camera_is_reported_also_if_the_library_cannot_list_them(self):
        with driving("777") as driven:
            driven.library.faults.answer("PxLGetNumberCamerasEx", ReturnCode.ApiUnknownError)
            with pytest.raises(errors.CameraNotFound, match="777"):
                driven.driver.open()


class TestNotToBeHad:
    @pytest.mark.parametrize("serial_number", ["", str(SERIAL)])
    def test_in_use_by_another_program(self, serial_number):
        with driving(serial_number) as driven:
            driven.camera.in_use_elsewhere = True
            with pytest.raises(errors.CameraInUse, match="Another program"):
                driven.driver.open()
            driven.camera.in_use_elsewhere = False
            assert driven.driver.open()

    @pytest.mark.parametrize("serial_number", ["", str(SERIAL)])
    @pytest.mark.parametrize("code", [ReturnCode.ApiNoCameraAvailableError, ReturnCode.ApiNoCameraError])
    def test_a_camera_that_is_listed_but_not_available_is_in_use(self, serial_number, code):
        with driving(serial_number) as driven:
            driven.camera.faults.answer("PxLInitializeEx", code)
            with pytest.raises(errors.CameraInUse, match=str(SERIAL)):
                driven.driver.open()

    @pytest.mark.parametrize(
        ("code", "error", "hint"),
        [
            (ReturnCode.ApiOSAccessDeniedError, errors.CameraAccessDenied, "udev"),
            (ReturnCode.ApiHardwareError, errors.CameraLost, "cable"),
            (ReturnCode.ApiIOError, errors.CameraLost, "cable"),
            (ReturnCode.ApiCameraTimeoutError, errors.CameraNotResponding, "reconnect"),
            (ReturnCode.ApiOutOfBandwidthError, errors.CameraUnavailable, "USB 3"),
            (ReturnCode.ApiNotEnoughResourcesError, errors.CameraUnavailable, "USB 3"),
            (ReturnCode.ApiUnknownError, errors.CameraUnavailable, "ApiUnknownError"),
        ],
    )
    def test_each_cause_has_its_error_and_a_hint(self, code, error, hint):
        with driving() as driven:
            driven.camera.faults.answer("PxLInitializeEx", code)
            with pytest.raises(error, match=hint) as raised:
                driven.driver.open()
            assert isinstance(raised.value, errors.CameraUnavailable)
            assert driven.driver.open()

    def test_a_camera_left_streaming_by_a_killed_program_opens(self):
        with driving() as driven:
            driven.camera.leave_behind(is_streaming=True)
            assert driven.driver.open()
            driven.driver.start()
            assert driven.grab()

    @pytest.mark.parametrize("function", ["PxLGetFeature", "PxLSetFeature", "PxLGetCameraFeatures"])
    def test_one_that_goes_while_it_is_opened_is_given_back(self, function):
        with driving() as driven:
            driven.camera.unplugged_code = ReturnCode.ApiHardwareError
            driven.camera.leave_behind(frame_rate_hz=0.01)
            driven.camera.hang(function)
            opening = InThread(driven.driver.open)
            assert driven.camera.gates.wait_until_hanging(function)
            driven.library.unplug(driven.camera)
            driven.camera.release()
            with pytest.raises(errors.CameraLost):
                opening.answer()
            assert driven.library.open_handles == []

    def test_success_with_a_remark_is_success(self):
        with driving() as driven:
            driven.camera.faults.answer("PxLInitializeEx", ReturnCode.ApiSuccessReducedSpeedWarning)
            assert driven.driver.open()


class TestOlderLibraries:
    @pytest.mark.parametrize("function", ["PxLSetEventCallback", "PxLGetCameraInfoEx", "PxLGetNumberCamerasEx"])
    def test_functions_that_can_be_done_without(self, function):
        with driving(str(SERIAL)) as driven:
            driven.library.missing_functions.add(function)
            assert driven.driver.open().serial_number == str(SERIAL)
            driven.driver.start()
            assert driven.grab()

    def test_without_descriptions_of_features_pictures_can_be_taken_but_limits_are_unknown(self):
        with driving() as driven:
            driven.library.missing_functions.add("PxLGetCameraFeatures")
            driven.streaming()
            driven.driver.configure(SettingsRequest(exposure_ms=3.0, gain_db=2.0))
            assert driven.grab().readout_s is None
            with pytest.raises(errors.CameraUnavailable, match="limits"):
                driven.driver.read_limits()

    @pytest.mark.parametrize("function", ["PxLInitializeEx", "PxLGetFeature"])
    def test_functions_that_cannot(self, function):
        with driving() as driven:
            driven.library.missing_functions.add(function)
            with pytest.raises(errors.CameraUnavailable, match=f"too old.*{function}"):
                driven.driver.open()


class TestLibraryMissing:
    def test_no_library_now_and_one_later_without_a_restart(self):
        driver = PixelinkDriver()
        with no_library(), pytest.raises(errors.CameraLibraryMissing, match="Install the Pixelink SDK"):
            driver.open()
        with driving():
            assert driver.open()
            driver.close()

    @pytest.mark.parametrize(
        "names",
        [[], ["libPxLApi.so"], ["libPxLApi.so.4"], ["libPxLApi.so.4.3"], ["libPxLApi.so.new"], None],
        ids=["empty", "no version", "link", "short version", "no number", "no folder"],
    )
    def test_each_trap_of_the_version_search_is_explained_and_a_mended_folder_helps(self, names, tmp_path, monkeypatch):
        folder = tmp_path / "sdk"
        for name in names or []:
            folder.mkdir(exist_ok=True)
            (folder / name).touch()
        if names == []:
            folder.mkdir()
        with driving() as driven:
            monkeypatch.setenv("PIXELINK_SDK_LIB", str(folder))
            with pytest.raises(errors.CameraLibraryMissing, match="PIXELINK_SDK_LIB"):
                driven.driver.open()
            for leftover in folder.glob("*"):
                leftover.unlink()
            folder.mkdir(exist_ok=True)
            (folder / VERSIONED).touch()
            assert driven.driver.open()

    def test_without_a_named_folder_the_folders_of_libraries_are_searched(self, tmp_path, monkeypatch):
        for name in (VERSIONED, "libPxLApi.so.4", "libPxLApi.so"):
            (tmp_path / name).touch()
        with driving() as driven:
            monkeypatch.delenv("PIXELINK_SDK_LIB")
            monkeypatch.setenv("LD_LIBRARY_PATH", f"/nowhere:{tmp_path}")
            assert driven.driver.open()
            assert "PIXELINK_SDK_LIB" not in os.environ

    def test_without_a_named_folder_a_missing_library_is_reported(self, tmp_path, monkeypatch):
        with driving() as driven:
            monkeypatch.delenv("PIXELINK_SDK_LIB")
            monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
            monkeypatch.chdir(tmp_path)
            with pytest.raises(errors.CameraLibraryMissing, match="PIXELINK_SDK_LIB"):
                driven.driver.open()

    def test_the_wrappers_own_warnings_do_not_reach_the_console(self, capsys):
        with driving() as driven:
            driven.driver.open()
        assert capsys.readouterr().out == ""


class TestGivingBack:
    def test_a_handle_is_given_back_once(self):
        with driving() as driven:
            driven.opened()
            assert len(driven.library.open_handles) == 1
            driven.driver.close()
            driven.driver.close()
            assert driven.library.calls.count("PxLUninitialize") == 1

    def test_a_dead_handle_is_given_back_too(self):
        with driving() as driven:
            driven.streaming()
            driven.library.unplug(driven.camera)
            driven.driver.close()
            assert driven.library.open_handles == []

    def test_a_library_that_calls_back_late_does_no_harm(self):
        """The library may call back while the driver is closed and deleted."""
        with driving() as driven:
            for _ in range(5):
                driver = PixelinkDriver()
                driver.open()
                driven.library.unplug(driven.camera)
                driver.close()
                del driver
                gc.collect()
                driven.library.plug(driven.camera)

    def test_calls_without_a_camera_say_that_it_is_not_open(self):
        driver = PixelinkDriver()
        assert not driver.is_answering()
        set_something = partial(driver.configure, SettingsRequest(exposure_ms=1.0))
        for call in (driver.read_limits, driver.read_settings, set_something, driver.start, driver.grab):
            with pytest.raises(errors.CameraUnavailable, match="not open"):
                call()
        driver.stop()
        driver.interrupt()
