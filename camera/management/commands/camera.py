"""Print the camera library, the cameras, the limits, one test frame, and how well frames are dated."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from camera.absent.uses_camera import require_camera
from camera.drivers.limits import Limits
from camera.drivers.selection import MAKES
from camera.engine.clock.clock_report import ClockReport
from camera.errors import CameraError
from camera.frame import Frame
from camera.registry import the_camera
from camera.results.status import CameraStatus
from camera.service import Camera

# Long enough to read the clock of the camera several times.
WATCHED_S = 3.0


class Command(BaseCommand):
    help = (
        "Print the camera library, its cameras, the limits of the selected one, a test frame, and how frames are dated."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        camera = the_camera()
        camera.purpose = "manage.py camera"
        try:
            require_camera()
            self._report_library()
            self._report_camera(camera)
        except CameraError as problem:
            raise CommandError(str(problem)) from problem
        finally:
            camera.close()

    def _report_library(self) -> None:
        for make in MAKES.values():
            for name, text in make(settings.CAMERA_SERIAL_NUMBER).describe_installation():
                self._say(name, text)

    def _report_camera(self, camera: Camera) -> None:
        camera.limits()
        self._report_status(camera.status())
        self._report_frame(camera.capture())
        self._report_clock(_watch(camera))

    def _report_status(self, status: CameraStatus) -> None:
        assert status.identity and status.limits and status.settings
        limits, settings, identity = status.limits, status.settings, status.identity
        if status.is_simulated:
            self._say("SIMULATED", status.simulation_reason or "")
        self._say("Driver", status.driver or "")
        self._say("Camera", f"{identity.vendor} {identity.model}, firmware {identity.firmware or 'unknown'}")
        self._say("Serial number", identity.serial_number)
        for warning in status.warnings:
            self._say("Warning", warning.message)
        self._say("Exposure", f"{limits.exposure_ms.minimum:g} to {limits.exposure_ms.maximum:g} ms")
        self._say("Gain", f"{limits.gain_db.minimum:g} to {limits.gain_db.maximum:g} dB")
        roi = settings.roi
        self._say("Region", f"{roi.width} x {roi.height} at {roi.left}, {roi.top}")
        self._report_geometry(limits)

    def _report_geometry(self, limits: Limits) -> None:
        allowed, binning = limits.roi, limits.binning
        if allowed:
            self._say(
                "  steps", f"{allowed.step_width} x {allowed.step_height}, at {allowed.step_left}, {allowed.step_top}"
            )
            self._say("  at least", f"{allowed.minimum_width} x {allowed.minimum_height}")
        if binning:
            self._say("Binning", f"{', '.join(map(str, binning.values))} by {', '.join(binning.modes)}")
        self._say("Pixel formats", ", ".join(offered.name for offered in limits.pixel_formats))
        self._say("White balance", "one-push" if limits.has_one_push_white_balance else "no one-push")

    def _report_frame(self, frame: Frame) -> None:
        taken = frame.descriptor
        self._say("Test frame", f"{frame.width} x {frame.height}, {taken.pixel_format}, {taken.significant_bits} bit")
        self._say("  exposed", f"{taken.exposure_ms:g} ms at {taken.gain_db:g} dB")
        self._say("  values", f"{frame.pixels.min()} to {frame.pixels.max()}, mean {frame.pixels.mean():.1f}")
        temperature = taken.sensor_temperature_c
        self._say("  sensor", "unknown" if temperature is None else f"{temperature:.1f} degrees Celsius")
        self._say("  came with", f"{taken.driver_status or 'no code'}, try {frame.tries}")

    def _report_clock(self, found: ClockReport | None) -> None:
        """Print what is known about the camera's clock, from which the program computes when exposures start."""
        if found is None:
            return
        if found.offset is None:
            self._say("Camera's clock", "cannot be read" if not found.contradictions else "is unreliable")
        else:
            middle_s = (found.offset.least_s + found.offset.most_s) / 2
            margin_ms = (found.offset.most_s - found.offset.least_s) / 2 * 1000
            self._say("Camera's clock", f"{middle_s:.6f} s behind this computer's, give or take {margin_ms:.3f} ms")
        if found.drift:
            self._say("  drift", f"{found.drift.ppm:+.0f} ppm, give or take {found.drift.margin_ppm:.0f}")
        marks = f"when the exposure {found.marks}" if found.marks else "not known: begin or end of the exposure"
        self._say("  frames tell", marks)
        self._say("  step tried", f"{found.step_ms:g} ms of exposure" if found.step_ms else "none")
        readout = "unknown" if found.readout_ms is None else f"{found.readout_ms:.1f} ms"
        self._say("  frames dated", f"to {found.uncertainty_ms:.1f} ms at {found.exposure_ms:g} ms, read-out {readout}")
        if found.restart_ms is not None:
            self._say("Stream start", f"{found.restart_ms:.0f} ms")
        if found.settle_frames is not None:
            self._say("Settings take", f"{found.settle_frames:.1f} frames")

    def _say(self, name: str, text: str) -> None:
        self.stdout.write(f"{name:<18}{text}")


def _watch(camera: Camera) -> ClockReport | None:
    """Watch the camera for a while and return the report of its clock; None for the simulated camera, which knows when
    its exposures start."""
    until_s, seen = time.monotonic() + WATCHED_S, 0
    with camera.watching():
        while time.monotonic() < until_s and not camera.status().is_simulated:
            newest = camera.wait_for_newest(seen, WATCHED_S)
            seen = newest.count if newest else seen
        return None if camera.status().is_simulated else camera.status().clock
