"""A frame that somebody asked for, and how it becomes pixels."""

from dataclasses import dataclass
from datetime import datetime

from camera.engine.requests import Source
from camera.frame import Frame, RawFrame
from camera.results.status import as_utc


@dataclass(frozen=True, slots=True)
class TakenFrame:
    """The frame of a capture, not yet converted to pixels. `captured_at` and `tries` are as in Frame."""

    raw: RawFrame
    source: Source
    captured_at: datetime
    tries: int = 1

    def develop(self) -> Frame:
        """Make the pixels, in the caller's thread."""
        return develop(self.raw, self.source, self.captured_at, self.tries)


def develop(raw: RawFrame, source: Source, captured_at: datetime | None = None, tries: int = 1) -> Frame:
    """Convert a raw frame to pixels. Runs in the caller's thread."""
    return Frame(
        pixels=raw.develop(),
        descriptor=raw.descriptor,
        camera=source.identity,
        driver=source.driver,
        is_simulated=source.is_simulated,
        captured_at=captured_at or as_utc(raw.received_at_s - raw.descriptor.exposure_ms / 1000),
        tries=tries,
        label_rows=raw.label_rows,
        warnings=raw.warnings,
    )
