"""The interface between the program and one make of camera. Small on purpose: a new make is an afternoon's work."""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from camera.errors import SettingRefused
from camera.frame import CameraIdentity, PixelAddressing, RawFrame, Roi


@dataclass(frozen=True, slots=True)
class Range:
    """From the smallest to the largest value, both allowed. Not every value between need be."""

    minimum: float
    maximum: float

    def __contains__(self, value: float) -> bool:
        # One part in a million: limits come as 32-bit floats, and a value typed as the limit must pass.
        return self.minimum - 1e-6 * abs(self.minimum) <= value <= self.maximum + 1e-6 * abs(self.maximum)

    def clamp(self, value: float) -> float:
        return min(max(value, self.minimum), self.maximum)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the camera can be set to now; other settings can change it."""

    exposure_ms: Range
    gain_db: Range


@dataclass(frozen=True, slots=True)
class Settings:
    """What the camera is set to, as it says itself."""

    exposure_ms: float
    gain_db: float
    roi: Roi
    addressing: PixelAddressing
    pixel_format: str


class Driver(ABC):
    """One camera. Blocking and not thread-safe: whoever holds it calls it from one thread at a time.

    Two calls are exceptions and may come from any thread: `interrupt`, and `develop` of a frame already grabbed.
    Speaks milliseconds, decibels and pixels. Every method raises the family of `camera.errors` and nothing else.
    """

    name: ClassVar[str]
    is_simulated: ClassVar[bool] = False
    simulation_reason: str | None = None

    @abstractmethod
    def open(self) -> CameraIdentity:
        """Take the camera. Raises a `CameraUnavailable` that says why it cannot be had; then nothing is held."""

    @abstractmethod
    def close(self) -> None:
        """Give the camera back, whatever state it is in. Never raises; may be called twice."""

    @abstractmethod
    def read_limits(self) -> Limits: ...

    @abstractmethod
    def read_settings(self) -> Settings: ...

    @abstractmethod
    def configure(self, exposure_ms: float | None = None, gain_db: float | None = None) -> Settings:
        """Set what is named and answer what the camera accepted. Frames already under way keep what they had.

        Raises SettingRefused, with nothing changed, if the camera does not take a value.
        """

    @abstractmethod
    def start(self) -> None:
        """Begin to stream. Does nothing if the stream is on, and begins anew one that was interrupted."""

    @abstractmethod
    def stop(self) -> None:
        """End the stream. Does nothing if it is off."""

    @abstractmethod
    def grab(self) -> RawFrame:
        """Block until the next frame has arrived, at least for its exposure.

        Raises FrameTimeout or FrameInvalid when the next try may succeed, CameraLost when it will not.
        """

    @abstractmethod
    def is_answering(self) -> bool:
        """Ask the camera for a sign of life. Never raises."""

    def interrupt(self) -> None:  # noqa: B027 (a driver whose grab always ends by itself need do nothing)
        """Make a `grab` that is waiting in another thread end soon, with a FrameTimeout unless its frame has come.
        No more frames come until the next `start`. Never raises."""

    @property
    def has_disconnected(self) -> bool:
        """Whether the camera has reported by itself that it is gone."""
        return False


def demand_numbers(*values: float | None) -> None:
    """Raise SettingRefused for what is no number: libraries written in C take it for one."""
    for value in values:
        if value is not None and not math.isfinite(value):
            raise SettingRefused(f"{value} is no value that a camera can be set to.")
