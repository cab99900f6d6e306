"""The stream of one open camera, and the estimate of when its frames were exposed."""

import time

from camera.drivers.base import Driver
from camera.engine.call_watchdog import CallWatchdog
from camera.engine.clock.camera_clock import CameraClock
from camera.engine.clock.exposure_start import ExposureStartEstimator
from camera.engine.clock.pace import Pace
from camera.frame import RawFrame


class Stream:
    """Only for the camera's thread. `clock` dates the frames; None while the stream is off.

    `has_frames`: True if a frame has come since the start, or since a setting for which the driver may have restarted
    the stream.
    """

    def __init__(self, driver: Driver, watchdog: CallWatchdog) -> None:
        self._driver = driver
        self._watchdog = watchdog
        self.camera_clock = CameraClock(lambda: watchdog.call(driver.read_clock))
        self.pace = Pace()
        self.clock: ExposureStartEstimator | None = None
        self.has_frames = False
        self._stopping_s = 0.0
        self._share: float | None = None

    def start(self) -> ExposureStartEstimator:
        # Before the first frame, so that the frames of this stream began while the clock was seen to be steady.
        self.camera_clock.read()
        # Before the call: no frame of the new stream can have begun earlier.
        began_to_start_s = time.perf_counter()
        self.clock = ExposureStartEstimator(began_to_start_s, self.camera_clock, self._share)
        self.has_frames = False
        self._watchdog.call(self._driver.start)
        # The time ends here and not at the first frame, which a busy machine makes late.
        self.pace.restart_s = self._stopping_s + time.perf_counter() - began_to_start_s
        return self.clock

    def stop(self) -> None:
        clock, self.clock = self.clock, None
        if clock is None:
            return
        # What the times mean does not change, so the next stream need not find it out again, unless somebody set the
        # clock.
        if self.camera_clock.is_readable and self.camera_clock.read():
            self._share = clock.believed_share
        began_s = time.perf_counter()
        self._watchdog.call(self._driver.stop)
        self._stopping_s = time.perf_counter() - began_s

    def observe(self, raw: RawFrame, clock: ExposureStartEstimator, grab_began_at_s: float, is_wanted: bool) -> None:
        """Date the frame. If somebody waits for one, the camera's clock is read once more, to see that nobody set it
        meanwhile."""
        if (is_wanted or self.camera_clock.is_due(raw.received_at_s)) and not self.camera_clock.read():
            clock.forget_marks()
        clock.observe(raw, grab_began_at_s)
        self.has_frames = True
