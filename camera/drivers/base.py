"""The interface between the program and one make of camera. Small on purpose: a new make is an afternoon's work."""

import math
from abc import ABC, abstractmethod
from typing import ClassVar

from camera.drivers.limits import Limits
from camera.drivers.settings import Settings, Wanted
from camera.errors import SettingRefused
from camera.frame import CameraIdentity, RawFrame

NO_ONE_PUSH = "This camera cannot find its white balance by itself."


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
    def read_limits(self) -> Limits:
        """As they are now. The first time after an opening it may have to try things out, for which the stream is off
        for a moment; what is set stays."""

    @abstractmethod
    def read_settings(self) -> Settings: ...

    @abstractmethod
    def configure(self, wanted: Wanted) -> Settings:
        """Set what is named and answer what the camera accepted. Frames already under way keep what they had.

        What cannot be set while streaming is set by a short stop; the stream is then on again. Raises SettingRefused,
        with nothing changed, if the camera does not take a value or lacks what it is for; it never lacks the neutral
        one (no gain, no flip, no rotation, each pixel by itself).
        """

    def balance_white(self) -> Settings:
        """Have the camera find, once, the gains with which what it sees is neutral; answer what is set then.

        The stream must be on. Blocks for some frames. Raises SettingRefused, with nothing changed, where the camera
        lacks it or finds none.
        """
        raise SettingRefused(NO_ONE_PUSH)

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


def demand_numbers(wanted: Wanted) -> None:
    """Raise SettingRefused for what is no number: libraries written in C take it for one."""
    for value in wanted.numbers:
        if not math.isfinite(value):
            raise SettingRefused(f"{value} is no value that a camera can be set to.")
