"""The features of an open Pixelink camera: presence, limits, reading and setting.

Values are in the SDK's units (seconds for exposure). All are 32-bit floats.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from camera import errors
from camera.drivers.base import NO_ONE_PUSH
from camera.drivers.limits import Range
from camera.drivers.pixelink.errors import error_for
from camera.drivers.pixelink.sdk import Answer, Sdk
from camera.errors import SettingRefused

POLL_EVERY_S = 0.02


@dataclass(frozen=True, slots=True)
class Feature:
    """`flags` are FeatureFlags. `ranges` has one range for each parameter; it is empty if the SDK reports no limits."""

    flags: int
    ranges: tuple[Range, ...]


class Features:
    """For one thread at a time, as all calls with a handle."""

    def __init__(self, sdk: Sdk, handle: int) -> None:
        self.sdk = sdk
        self.handle = handle
        self.ids = sdk.api.FeatureId
        self.flags = sdk.api.FeatureFlags
        self._presence: dict[int, bool] = {}

    def describe(self, feature: int) -> Feature | None:
        """Return flags and limits; None if the library cannot report them. The call also succeeds for a missing
        feature, so check the flag PRESENCE."""
        answer = self.sdk.ask("getCameraFeatures", self.handle, feature)
        if not answer or not answer[0].uNumberOfFeatures or not answer[0].Features:
            return None
        found = answer[0].Features[0]
        count = found.uNumberOfParameters if found.Params else 0
        limits = (found.Params[place] for place in range(count))
        return Feature(found.uFlags, tuple(Range(limit.fMinValue, limit.fMaxValue) for limit in limits))

    def has(self, feature: int) -> bool:
        """Return True if the camera has the feature, also if the library cannot report it: then reading or setting
        shows it."""
        if feature not in self._presence:
            described = self.describe(feature)
            if described is None:
                return True
            # Kept, because a camera gains or loses no features while it is open.
            self._presence[feature] = bool(described.flags & self.flags.PRESENCE)
        return self._presence[feature]

    def ranges(self, feature: int) -> tuple[Range, ...]:
        """Return the current range of each parameter; empty if the camera lacks the feature."""
        described = self.describe(feature)
        return described.ranges if described and described.flags & self.flags.PRESENCE else ()

    def read(self, feature: int) -> list[float]:
        """Return the values, at least one. For features that every camera has: raises if it cannot be read."""
        _flags, values = self.sdk.require("getFeature", self.handle, feature)
        if not values or not all(math.isfinite(value) for value in values):
            raise errors.CameraUnavailable(f"The camera reports no valid value for feature {feature} ({values}).")
        return values

    def find(self, feature: int) -> list[float]:
        """Return the values; empty if the camera lacks the feature or reports no valid number."""
        values = self.state(feature)[1]
        return values if all(math.isfinite(value) for value in values) else []

    def state(self, feature: int) -> tuple[int, list[float]]:
        """Return the flags, which contain the current mode, and the values; (0, []) if the camera lacks the feature."""
        answer = self.sdk.ask("getFeature", self.handle, feature) if self.has(feature) else None
        return (answer[0], answer[1]) if answer else (0, [])

    def is_in_mode(self, feature: int, mode: int) -> bool:
        """Return True if the feature is in this mode: MANUAL, AUTO, ONEPUSH or OFF."""
        return bool(self.state(feature)[0] & mode)

    def can_do(self, feature: int, mode: int) -> bool:
        """Return True if the camera has the feature and supports this mode of it."""
        described = self.describe(feature)
        return described is not None and bool(described.flags & mode) and self.has(feature)

    def can_be_set(self, feature: int) -> bool:
        described = self.describe(feature)
        return described is not None and self.has(feature) and not described.flags & self.flags.READ_ONLY

    def is_settable_while_streaming(self, feature: int) -> bool:
        """Return True also if the library cannot report it: then the return code of the call shows it."""
        described = self.describe(feature)
        return described is None or bool(described.flags & self.flags.SETTABLE_WHILE_STREAMING)

    def set_by_hand(self, feature: int, *values: float) -> Answer:
        """Set the values. This ends automatic control of the feature."""
        return self._set(feature, self.flags.MANUAL, values)

    def turn_off(self, feature: int, values: Sequence[float]) -> Answer:
        return self._set(feature, self.flags.OFF, values)

    def push_once(self, feature: int, values: Sequence[float]) -> Answer:
        """Let the camera set the feature once by itself. The feature is in mode ONEPUSH until that is done."""
        return self._set(feature, self.flags.ONEPUSH, values)

    def _set(self, feature: int, mode: int, values: Any) -> Answer:
        return self.sdk.call("setFeature", self.handle, feature, mode, values)


def push_white_balance(features: Features, patience_s: float) -> None:
    """Balance the white once. Blocks until the camera is done; the stream must be on. Raises SettingRefused, with the
    old gains restored, if the camera cannot or needs longer than `patience_s`."""
    feature = features.ids.WHITE_SHADING
    if not features.can_do(feature, features.flags.ONEPUSH):
        raise SettingRefused(NO_ONE_PUSH)
    before = features.read(feature)
    answer = features.push_once(feature, before)
    if not answer.is_success:
        raise error_for(answer.name, "setFeature")
    until_s = time.perf_counter() + patience_s
    while features.is_in_mode(feature, features.flags.ONEPUSH):
        if time.perf_counter() > until_s:
            features.set_by_hand(feature, *before)
            raise SettingRefused(
                f"The camera found no white balance in {patience_s:.0f} s. Move to a bright, empty part of the slide."
            )
        time.sleep(POLL_EVERY_S)
    # The vendor's way to keep the result: read the gains, and set them manually.
    features.set_by_hand(feature, *features.read(feature))
