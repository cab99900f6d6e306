"""Decides when a probe is worth its frames.

One probe finds out what the frames' own times mark. If the camera's clock cannot be read, a probe also follows each
start of the stream, and comes again when drift may have loosened the bound by about a frame.
"""

import logging

from camera.drivers.settings import SettingsRequest
from camera.engine.clock.exposure_start import ExposureStartEstimator
from camera.engine.probes.probe import Probe, choose_exposure_ms
from camera.engine.settings.applied_settings import SettingsApplier
from camera.engine.stream import Stream
from camera.errors import SettingRefused
from camera.frame import RawFrame

logger = logging.getLogger(__name__)

# Each probe costs frames, so the program stops after so many that showed nothing.
MAX_FRUITLESS = 2


class Probing:
    """The probes of one open camera. Only for the camera's thread, while nobody waits for a frame.

    `step_ms`: the step of the last probe. None if there was none, or if the camera took no step.
    """

    def __init__(self, applier: SettingsApplier, stream: Stream) -> None:
        self._applier = applier
        self._stream = stream
        self._probe: Probe | None = None
        self._newest: RawFrame | None = None
        self._fruitless = 0
        self._uncertainty_s: float | None = None
        self.step_ms: float | None = None

    @property
    def is_on(self) -> bool:
        return self._probe is not None

    def begin_if_due(self) -> bool:
        clock, newest = self._stream.clock, self._newest
        if clock is None or newest is None or not self._is_due(clock, newest):
            return False
        is_read, attempt = self._stream.camera_clock.is_readable, self._fruitless + 1
        exposure_ms = choose_exposure_ms(newest.descriptor.exposure_ms, _readout_ms(newest), is_read, attempt)
        try:
            self._probe = Probe(self._applier, exposure_ms)
        except SettingRefused as refused:
            logger.info("The camera's clock stays as uncertain as it is. %s", refused)
            self._fruitless = MAX_FRUITLESS
            return False
        self.step_ms = self._probe.step_ms
        return True

    def observe(self, raw: RawFrame, clock: ExposureStartEstimator) -> None:
        """Note a frame. Everything else must have noted it before."""
        self._newest = raw
        probe = self._probe
        if probe is None:
            return
        probe.observe(raw, clock)
        if probe.is_done:
            self._probe = None
            self._note_outcome(probe, clock, raw)

    def give_up(self) -> None:
        """End a probe at once, because somebody needs a frame."""
        probe, self._probe = self._probe, None
        if probe is not None:
            self._applier.return_to_shared()

    def note_stop(self) -> None:
        """Note that the stream has stopped. What its frames proved does not hold for the next stream."""
        self._probe = self._newest = self._uncertainty_s = None

    def _is_due(self, clock: ExposureStartEstimator, newest: RawFrame) -> bool:
        is_dated_by_driver = newest.exposure_began_at_s is not None or newest.descriptor.camera_time_s is None
        if is_dated_by_driver or self._fruitless >= MAX_FRUITLESS:
            return False
        if not self._applier.is_settled or not self._applier.is_set_to(SettingsRequest()):
            return False
        if self._stream.camera_clock.is_readable:
            return clock.believed_share is None
        return self._uncertainty_s is None or clock.uncertainty_s > self._uncertainty_s + _period_s(newest)

    def _note_outcome(self, probe: Probe, clock: ExposureStartEstimator, raw: RawFrame) -> None:
        if probe.settle_s is not None:
            self._stream.pace.note_settling(probe.settle_s, raw.descriptor.exposure_ms, raw)
            self._uncertainty_s = clock.uncertainty_s
        is_fruitful = clock.believed_share is not None if self._stream.camera_clock.is_readable else probe.settle_s
        self._fruitless = 0 if is_fruitful else self._fruitless + 1


def _readout_ms(raw: RawFrame) -> float:
    return (raw.readout_s or 0.0) * 1000


def _period_s(raw: RawFrame) -> float:
    """The time between two frames: as short as exposure and read-out allow."""
    return max(raw.descriptor.exposure_ms / 1000, raw.readout_s or 0.0)
