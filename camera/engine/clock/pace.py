"""Decides what is quicker on this camera: to wait until new settings take effect, or to restart the stream with them.

Both times are measured when they happen. Before that, only a very long exposure is broken off.
"""

from dataclasses import dataclass

from camera.frame import RawFrame

# From this exposure on the frame in progress is broken off, also if the settings in force are the right ones.
LONG_EXPOSURE_MS = 500.0
# Below this there is little to gain, and watchers see a gap at every restart.
SHORT_EXPOSURE_MS = 100.0


@dataclass
class Pace:
    """The pace of one open camera. `restart_s`: from stopping the stream until a new one has started.
    `settle_frames`: frame periods from setting an exposure until the first one with it begins."""

    restart_s: float | None = None
    settle_frames: float | None = None

    def note_settling(self, settle_s: float, exposure_ms: float, raw: RawFrame) -> None:
        """Note how long after a change of the exposure the first frame with the new one began. Until then frames of
        `exposure_ms` passed, read out as `raw` was."""
        self.settle_frames = settle_s / max(exposure_ms / 1000, raw.readout_s or 0.0)

    def is_restart_quicker(self, exposure_ms: float) -> bool:
        """Return True if a restart is quicker while frames of this exposure are under way."""
        if self.restart_s is None or self.settle_frames is None:
            return exposure_ms >= LONG_EXPOSURE_MS
        return exposure_ms > SHORT_EXPOSURE_MS and self.settle_frames * exposure_ms / 1000 > self.restart_s
