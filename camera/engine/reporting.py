"""Makes the report about the camera's clock about once a second, because it takes longer than a frame may."""

from camera.engine.clock.clock_report import ClockReport
from camera.engine.clock.exposure_start import ExposureStartEstimator
from camera.engine.probes.probing import Probing
from camera.engine.stream import Stream
from camera.frame import RawFrame

REPORT_EVERY_S = 1.0
MARKS = {0.0: "begins", 1.0: "ends"}


class Reporting:
    """The newest report. Only for the camera's thread."""

    def __init__(self, stream: Stream, probing: Probing) -> None:
        self._stream = stream
        self._probing = probing
        self._reported_at_s = float("-inf")
        self._step_ms: float | None = None
        self._last: ClockReport | None = None

    def report(self, raw: RawFrame, clock: ExposureStartEstimator) -> ClockReport | None:
        """Return the report after the newest frame, `raw`. It is made again only if it is old or a probe has just
        ended."""
        is_news = self._step_ms != self._probing.step_ms or raw.received_at_s - self._reported_at_s >= REPORT_EVERY_S
        if is_news and not self._probing.is_on:
            self._reported_at_s, self._step_ms = raw.received_at_s, self._probing.step_ms
            self._last = self._make_report(raw, clock)
        return self._last

    def _make_report(self, raw: RawFrame, clock: ExposureStartEstimator) -> ClockReport:
        camera_clock, pace = self._stream.camera_clock, self._stream.pace
        return ClockReport(
            offset=camera_clock.offset_at(raw.received_at_s),
            drift=camera_clock.drift,
            contradictions=camera_clock.contradictions,
            marks=None if clock.believed_share is None else MARKS[clock.believed_share],
            uncertainty_ms=clock.uncertainty_s * 1000,
            exposure_ms=raw.descriptor.exposure_ms,
            readout_ms=None if raw.readout_s is None else raw.readout_s * 1000,
            step_ms=self._probing.step_ms,
            restart_ms=None if pace.restart_s is None else pace.restart_s * 1000,
            settle_frames=pace.settle_frames,
        )
