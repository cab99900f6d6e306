"""Say what there is: library, cameras, limits, and one test frame."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from camera.drivers.limits import Limits
from camera.drivers.pixelink_sdk import Sdk
from camera.errors import CameraError
from camera.frame import Frame
from camera.service import Camera, CameraStatus, the_camera


class Command(BaseCommand):
    help = "Print the camera library, the cameras it sees, the limits of ours, and what one test frame says."

    def handle(self, *args: Any, **options: Any) -> None:
        camera = the_camera()
        camera.purpose = "manage.py camera"
        try:
            self._report_library()
            self._report_camera(camera)
        except CameraError as problem:
            raise CommandError(str(problem)) from problem
        finally:
            camera.close()

    def _report_library(self) -> None:
        try:
            sdk = Sdk()
        except CameraError as problem:
            self._say("Pixelink library", str(problem))
            return
        found = (sdk.ask("getNumberCameras") or ([],))[0]
        self._say("Pixelink library", "loaded")
        self._say("Cameras seen", ", ".join(str(one.CameraSerialNum) for one in found) or "none")

    def _report_camera(self, camera: Camera) -> None:
        camera.limits()
        self._report_status(camera.status())
        self._report_frame(camera.capture())

    def _report_status(self, status: CameraStatus) -> None:
        assert status.identity and status.limits and status.settings
        limits, settings, identity = status.limits, status.settings, status.identity
        if status.is_simulated:
            self._say("SIMULATED", status.simulation_reason or "")
        self._say("Driver", status.driver or "")
        self._say("Camera", f"{identity.vendor} {identity.model}, firmware {identity.firmware or 'unknown'}")
        self._say("Serial number", identity.serial_number)
        self._say("Exposure", f"{limits.exposure_ms.minimum:g} to {limits.exposure_ms.maximum:g} ms")
        self._say("Gain", f"{limits.gain_db.minimum:g} to {limits.gain_db.maximum:g} dB")
        roi = settings.roi
        self._say("Region", f"{roi.width} x {roi.height} at {roi.left}, {roi.top}")
        self._report_geometry(limits)

    def _report_geometry(self, limits: Limits) -> None:
        allowed, addressing = limits.roi, limits.addressing
        if allowed:
            self._say(
                "  steps", f"{allowed.step_width} x {allowed.step_height}, at {allowed.step_left}, {allowed.step_top}"
            )
            self._say("  at least", f"{allowed.minimum_width} x {allowed.minimum_height}")
        if addressing:
            self._say("Addressing", f"{', '.join(map(str, addressing.values))} by {', '.join(addressing.modes)}")
        self._say("Pixel formats", ", ".join(offered.name for offered in limits.pixel_formats))
        self._say("White balance", "by one push" if limits.has_one_push_white_balance else "not by itself")

    def _report_frame(self, frame: Frame) -> None:
        taken = frame.descriptor
        self._say("Test frame", f"{frame.width} x {frame.height}, {taken.pixel_format}, {taken.significant_bits} bit")
        self._say("  exposed", f"{taken.exposure_ms:g} ms at {taken.gain_db:g} dB")
        self._say("  values", f"{frame.pixels.min()} to {frame.pixels.max()}, mean {frame.pixels.mean():.1f}")
        temperature = taken.sensor_temperature_c
        self._say("  sensor", "unknown" if temperature is None else f"{temperature:.1f} degrees Celsius")
        self._say("  library said", f"{taken.sdk_code}, try {frame.tries}")

    def _say(self, name: str, text: str) -> None:
        self.stdout.write(f"{name:<18}{text}")
