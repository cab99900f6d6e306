"""The interface of a camera driver. It is small on purpose, so that a driver for another make takes an afternoon."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from camera.drivers.installation import Installation
from camera.drivers.limits import Limits
from camera.drivers.settings import Settings, SettingsRequest
from camera.errors import SettingRefused
from camera.frame import CameraIdentity, CameraWarning, RawFrame

NO_ONE_PUSH = "This camera cannot find its white balance by itself."


class ClockReading(NamedTuple):
    """A reading of the camera's clock, taken at some moment between `asked_at_s` and `answered_at_s`
    (time.perf_counter)."""

    camera_s: float
    asked_at_s: float
    answered_at_s: float


class Driver(ABC):
    """One camera. Its methods block and are not thread-safe: call them from one thread at a time.

    Exceptions: `interrupt`, `warnings`, and `develop` of a grabbed frame may be called from any thread. Units are
    milliseconds, decibels and pixels. Methods raise CameraError and no other exception.
    """

    name: ClassVar[str]
    is_simulated: ClassVar[bool] = False
    simulation_reason: str | None = None

    def describe_installation(self) -> list[tuple[str, str]]:
        """Return names and sentences that help to find a missing camera, such as whether the vendor's library is
        installed. Does not open a camera and never raises."""
        return []

    @classmethod
    def find_installation(cls) -> Installation:
        """Return what the files of this PC say: which library is installed, and which cameras are plugged in. Loads and
        opens nothing. Any thread; quick; never raises."""
        return Installation()

    @abstractmethod
    def open(self) -> CameraIdentity:
        """Open the camera. Raises CameraUnavailable with the reason if it cannot; then no resource stays open."""

    @abstractmethod
    def close(self) -> None:
        """Close the camera in any state. Never raises. May be called twice."""

    @abstractmethod
    def read_limits(self) -> Limits:
        """Return the current limits. The first call after `open` may try settings out, with the stream stopped for a
        moment. It restores the settings."""

    @abstractmethod
    def read_settings(self) -> Settings: ...

    @abstractmethod
    def configure(self, wanted: SettingsRequest) -> Settings:
        """Apply the settings that are not None, and return what the camera accepted.

        Frames whose exposure has begun keep the old settings. If a setting needs the stream stopped, the driver stops
        and restarts it. Raises one of SETTING_REFUSALS, with no setting changed, if the camera refuses a value or lacks
        the feature. Every camera accepts the neutral values (no gain, no flip, no rotation, no binning) and its current
        settings: `check(wanted.changes_from(self.read_settings()), limits)` says what it must refuse.
        """

    def balance_white(self) -> Settings:
        """Balance the white once, on the current view, and return the new settings.

        The stream must be on. Blocks for some frames. Raises SettingRefused, with no setting changed, if the camera
        lacks this feature or finds no gains.
        """
        raise SettingRefused(NO_ONE_PUSH)

    @abstractmethod
    def start(self) -> None:
        """Start the stream. Does nothing if the stream is on; restarts an interrupted one."""

    @abstractmethod
    def stop(self) -> None:
        """Stop the stream. Does nothing if it is off."""

    @abstractmethod
    def grab(self) -> RawFrame:
        """Block until the next frame has arrived, and return it.

        Raises FrameTimeout or FrameInvalid if the next try may succeed, CameraLost if it cannot.
        """

    @abstractmethod
    def is_answering(self) -> bool:
        """Return True if the camera still responds. Never raises."""

    def interrupt(self) -> None:  # noqa: B027 (a driver whose grab always ends by itself need do nothing)
        """Make a waiting `grab` of another thread end soon. It raises FrameTimeout unless its frame has arrived. No
        more frames arrive until the next `start`. Never raises."""

    def read_clock(self) -> ClockReading | None:
        """Read the clock of `Descriptor.camera_time_s`, with the stream on or off. Quick. None if
        the camera or its library cannot."""
        return None

    @property
    def warnings(self) -> tuple[CameraWarning, ...]:
        """The current warnings of the camera or its library. Any thread; does not block; empty while closed."""
        return ()

    @property
    def has_disconnected(self) -> bool:
        """True if the library has reported that the camera is gone."""
        return False


def require_numbers(wanted: SettingsRequest) -> None:
    """Raise SettingRefused for NaN and infinities, because libraries written in C would accept them."""
    for value in wanted.floats:
        if not math.isfinite(value):
            raise SettingRefused(f"A camera cannot be set to {value}. Enter a number.")
