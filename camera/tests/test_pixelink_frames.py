"""Grabbing from a Pixelink camera: what can be wrong with a frame, and what its descriptor reports."""

from collections.abc import Iterator

import numpy as np
import pytest

from camera import errors
from camera.tests.driving import InThread, driving, one_library, wait_until_notified
from camera.tests.standin.codes import PixelFormat, ReturnCode, StreamState
from camera.tests.standin.faults import GARBAGE

GONE = [
    ReturnCode.ApiNoCameraError,
    ReturnCode.ApiInvalidHandleError,
    ReturnCode.ApiHardwareError,
    ReturnCode.ApiIOError,
    ReturnCode.ApiNoDeviceError,
    ReturnCode.ApiNoCameraAvailableError,
]


@pytest.fixture(scope="module", autouse=True)
def library_for_all() -> Iterator[None]:
    with one_library():
        yield


class TestFaults:
    @pytest.mark.parametrize(
        ("code", "error", "hint"),
        [
            (ReturnCode.ApiCameraTimeoutError, errors.FrameTimeout, "in time"),
            (ReturnCode.ApiInvalidFrameReceivedError, errors.FrameInvalid, "usable"),
            (ReturnCode.ApiGetNextFrameBusy, errors.FrameInvalid, "usable"),
            (ReturnCode.ApiUnknownError, errors.FrameInvalid, "usable"),
            (ReturnCode.ApiOutOfBandwidthError, errors.FrameInvalid, "USB 3"),
            (ReturnCode.ApiNotEnoughResourcesError, errors.FrameInvalid, "USB 3"),
            (ReturnCode.ApiUnsupportedPixelFormatError, errors.PixelFormatUnsupported, "Set it to"),
            *((code, errors.FrameInvalid, "still responds") for code in GONE),
        ],
    )
    def test_each_code_has_its_error_and_the_next_frame_is_fine(self, code, error, hint):
        with driving() as driven:
            driven.streaming().camera.faults.answer("PxLGetNextFrame", code)
            with pytest.raises(error, match=hint):
                driven.grab()
            assert driven.grab().develop().shape == (64, 96)

    @pytest.mark.parametrize("code", GONE)
    def test_after_unplugging_each_code_means_that_the_camera_is_lost(self, code):
        with driving() as driven:
            driven.streaming(exposure_s=5.0).camera.unplugged_code = code
            grabbing = InThread(driven.grab)
            assert driven.camera.wait_until_grabbing()
            driven.library.unplug(driven.camera)
            with pytest.raises(errors.CameraLost):
                grabbing.answer()
            with pytest.raises(errors.CameraLost):
                driven.grab()

    @pytest.mark.parametrize("code", [ReturnCode.ApiCameraTimeoutError, ReturnCode.ApiUnknownError])
    def test_once_the_library_has_reported_the_loss_any_code_means_it(self, code):
        with driving() as driven:
            driven.streaming().camera.unplugged_code = code
            driven.library.unplug(driven.camera)
            wait_until_notified(driven.driver)
            with pytest.raises(errors.CameraLost):
                driven.grab()

    def test_lost_frames_are_success_and_go_into_the_record(self):
        with driving() as driven:
            before = driven.streaming().grab().descriptor
            driven.camera.faults.lose_frames(3)
            after = driven.grab().descriptor
            assert (before.driver_status, after.driver_status) == ("ApiSuccess", "ApiSuccessWithFrameLoss")
            assert after.frame_number >= before.frame_number + 4

    @pytest.mark.parametrize(
        ("code", "hint"),
        [(ReturnCode.ApiSuccessLowMemory, "usbfs"), (ReturnCode.ApiSuccessReducedSpeedWarning, "USB 3")],
    )
    def test_a_poor_connection_is_success_and_warned_of_once(self, code, hint, caplog):
        with driving() as driven:
            driven.opened().camera.faults.answer("PxLSetStreamState", code)
            driven.camera.faults.answer("PxLGetNextFrame", code, calls=2)
            driven.driver.start()
            assert [driven.grab().descriptor.driver_status for _ in range(3)] == [code.name, code.name, "ApiSuccess"]
        assert [hint in record.message for record in caplog.records if record.levelname == "WARNING"] == [True]


class TestGarbage:
    @pytest.mark.parametrize(
        "fields",
        [
            GARBAGE,
            *({name: value} for name in ("Shutter.fValue", "Gain.fValue") for value in (float("nan"), float("inf"))),
            {"Shutter.fValue": 0.0},
            {"Shutter.fValue": -1.0},
            *({f"Roi.{name}": float("nan")} for name in ("fLeft", "fTop", "fWidth", "fHeight")),
            {"Roi.fLeft": -8.0},
            {"Roi.fWidth": 0.0},
            {"Roi.fHeight": float("inf")},
            {"Roi.fWidth": 1e9},
            {"Roi.fWidth": 192.0},
            {"PixelAddressingValue.fHorizontal": float("nan")},
            {"PixelAddressingValue.fVertical": -2.0},
            {"PixelFormat.fValue": float("nan")},
            {"PixelFormat.fValue": 4711.0},
            {"PixelFormat.fValue": 31.0},
            {"PixelFormat.fValue": float(PixelFormat.MONO16)},
            {"Roi.fWidth": 48.0, "Roi.fHeight": 32.0},
        ],
        ids=str,
    )
    def test_a_frame_that_says_nonsense_is_not_believed(self, fields):
        with driving() as driven:
            driven.streaming().camera.faults.garble_descriptors(1, fields)
            with pytest.raises(errors.FrameInvalid, match="The frame"):
                driven.grab()
            assert driven.grab().develop().shape == (64, 96)

    @pytest.mark.parametrize("name", ["Rotate", "DecimationMode", "Gamma", "Temperature"])
    @pytest.mark.parametrize("value", [float("nan"), float("inf"), 77.0])
    def test_nonsense_beside_the_point_does_no_harm(self, name, value):
        with driving() as driven:
            driven.streaming().camera.faults.garble_descriptors(1, {f"{name}.fValue": value})
            assert driven.grab().develop().shape == (64, 96)

    def test_another_size_is_believed_when_the_next_frame_says_the_same(self):
        with driving() as driven:
            driven.streaming().camera.faults.resize_frames(48, 32, frames=3)
            with pytest.raises(errors.FrameInvalid, match=r"48 x 32.*set to 96 x 64"):
                driven.grab()
            assert driven.grab().develop().shape == (32, 48)
            assert driven.grab().develop().shape == (32, 48)

    def test_a_frame_larger_than_its_buffer_is_never_believed(self):
        with driving() as driven:
            driven.streaming().camera.faults.resize_frames(960, 640, frames=5)
            for _ in range(5):
                with pytest.raises(errors.FrameInvalid, match="960 x 640"):
                    driven.grab()


class TestOlderDescriptors:
    """Older libraries leave some fields at zero."""

    def test_a_frame_number_of_32_bit(self):
        with driving() as driven:
            driven.streaming().camera.faults.garble_descriptors(1, {"u64FrameNumber": 0, "uFrameNumber": 4_000_000_000})
            assert driven.grab().descriptor.frame_number == 4_000_000_000

    def test_one_value_for_both_axes_of_pixel_addressing(self):
        zero = {"PixelAddressingValue.fHorizontal": 0.0, "PixelAddressingValue.fVertical": 0.0}
        with driving() as driven:
            driven.streaming(addressing_x=2, addressing_y=2).camera.faults.garble_descriptors(1, zero)
            raw = driven.grab()
            assert (raw.descriptor.binning.x, raw.descriptor.binning.y) == (2, 2)
            assert raw.develop().shape == (32, 48)

    def test_no_pixel_addressing_at_all(self):
        zero = {
            "PixelAddressingValue.fHorizontal": 0.0,
            "PixelAddressingValue.fVertical": 0.0,
            "Decimation.fValue": 0.0,
        }
        with driving() as driven:
            driven.streaming().camera.faults.garble_descriptors(1, zero)
            assert driven.grab().develop().shape == (64, 96)

    @pytest.mark.parametrize(
        ("times", "told_s"),
        [
            ({"dFrameTime": 0.0, "fFrameTime": 12.5}, 12.5),
            ({"dFrameTime": 0.0, "fFrameTime": 100_000.0}, None),  # by then too coarse for milliseconds
            ({"dFrameTime": 0.0, "fFrameTime": 0.0}, None),
            ({"dFrameTime": float("nan")}, None),
            ({"dFrameTime": 123_456.789_012_3}, 123_456.789_012_3),
        ],
    )
    def test_times(self, times, told_s):
        with driving() as driven:
            driven.streaming().camera.faults.garble_descriptors(1, times)
            assert driven.grab().descriptor.camera_time_s == told_s


class TestBuffers:
    def test_one_that_is_too_small_is_resized_once(self):
        with driving() as driven:
            driven.streaming().camera.faults.answer("PxLGetNextFrame", ReturnCode.ApiBufferTooSmall)
            driven.library.calls.clear()
            assert driven.grab().develop().shape == (64, 96)
            assert driven.library.calls.count("PxLGetNextFrame") == 2

    def test_one_that_stays_too_small_is_an_invalid_frame(self):
        with driving() as driven:
            driven.streaming().camera.faults.answer("PxLGetNextFrame", ReturnCode.ApiBufferTooSmall, calls=2)
            with pytest.raises(errors.FrameInvalid):
                driven.grab()
            assert driven.grab().develop().shape == (64, 96)

    def test_frames_that_grew_behind_our_back_come_out_right(self):
        with driving() as driven:
            driven.streaming(pixel_format=PixelFormat.MONO8)
            driven.camera.leave_behind(pixel_format=PixelFormat.MONO16)
            pixels = [frame for frame in (try_to_grab(driven) for _ in range(8)) if frame is not None]
            assert pixels[-1].dtype == np.uint16
            assert pixels[-1].shape == (64, 96)


class TestGrabbing:
    def test_it_makes_one_call_and_no_other(self):
        with driving() as driven:
            driven.streaming().library.calls.clear()
            for _ in range(5):
                driven.grab()
            assert list(driven.library.calls) == ["PxLGetNextFrame"] * 5

    def test_an_interruption_reaches_a_grab_that_waits_in_the_library(self):
        with driving() as driven:
            driven.streaming(exposure_s=5.0)
            grabbing = InThread(driven.grab)
            assert driven.camera.wait_until_grabbing()
            driven.driver.interrupt()
            with pytest.raises(errors.FrameTimeout, match="stopped"):
                grabbing.answer()
            assert driven.camera.stream.state == StreamState.STOP

    def test_a_stream_that_ended_by_itself_is_restarted(self):
        with driving() as driven:
            driven.streaming().grab()
            driven.camera.halt(StreamState.STOP)
            with pytest.raises(errors.FrameTimeout):
                driven.grab()
            assert driven.grab().develop().shape == (64, 96)

    def test_stopping_a_stream_that_is_off_already_is_fine(self):
        with driving() as driven:
            driven.streaming().camera.faults.answer("PxLSetStreamState", ReturnCode.ApiNoStreamError)
            driven.driver.stop()
            driven.driver.start()
            assert driven.grab()

    def test_a_stream_that_does_not_start_is_reported(self):
        with driving() as driven:
            driven.opened().camera.faults.answer("PxLSetStreamState", ReturnCode.ApiOutOfBandwidthError)
            with pytest.raises(errors.CameraUnavailable, match="USB 3"):
                driven.driver.start()
            driven.driver.start()
            assert driven.grab()

    def test_a_frame_tells_how_it_was_taken(self):
        with driving(is_colour=True) as driven:
            left = {"gain_db": 2.5, "white_shading": (1.5, 1.0, 0.75), "gamma": 2.2, "flip_vertical": True}
            told = driven.streaming(**left, exposure_s=0.0035).grab().descriptor
            assert (told.exposure_ms, told.gain_db, told.gamma) == (3.5, 2.5, 2.2)
            assert told.white_balance == (1.5, 1.0, 0.75)
            assert (told.flip_horizontal, told.flip_vertical) == (False, True)
            assert told.pixel_format.startswith("BAYER8_")


class TestConversion:
    def test_a_failing_one_is_told(self):
        with driving(is_colour=True) as driven:
            raw = driven.streaming().grab()
            driven.library.faults.answer("PxLFormatImage", ReturnCode.ApiInvalidParameterError)
            with pytest.raises(errors.CaptureFailed, match=r"BAYER8.*ApiInvalidParameterError"):
                raw.develop()
            assert raw.develop().shape == (64, 96, 3)

    def test_a_library_that_wants_more_room_than_the_picture_takes_gets_it(self):
        with driving(is_colour=True) as driven:
            raw = driven.streaming().grab()
            pixels = raw.develop()
            driven.library.faults.answer("PxLFormatImage", ReturnCode.ApiBufferTooSmall)
            assert np.array_equal(raw.develop(), pixels)

    def test_it_can_be_made_when_the_camera_is_gone(self):
        with driving(is_colour=True) as driven:
            raw = driven.streaming().grab()
            before = raw.develop()
            driven.library.unplug(driven.camera)
            driven.driver.close()
            assert np.array_equal(raw.develop(), before)


def try_to_grab(driven) -> np.ndarray | None:
    try:
        return driven.grab().develop()
    except errors.FrameError:
        return None
