"""The features of an opened Pixelink camera: what it has, within which limits, and setting them.

Values are in the SDK's own units (seconds for exposure), 32-bit floats all of them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from camera import errors
from camera.drivers.limits import Range
from camera.drivers.pixelink_sdk import Answer, Sdk


@dataclass(frozen=True, slots=True)
class Feature:
    """`flags` are FeatureFlags; `ranges` has one for each parameter, none where the SDK names no limits."""

    flags: int
    ranges: tuple[Range, ...]


class Features:
    """For one thread at a time, as every call on a handle."""

    def __init__(self, sdk: Sdk, handle: int) -> None:
        self.sdk = sdk
        self.handle = handle
        self.ids = sdk.api.FeatureId
        self.flags = sdk.api.FeatureFlags
        self._presence: dict[int, bool] = {}

    def describe(self, feature: int) -> Feature | None:
        """None where the library cannot say. Asking about an absent feature succeeds: the flag PRESENCE tells."""
        answer = self.sdk.ask("getCameraFeatures", self.handle, feature)
        if not answer or not answer[0].uNumberOfFeatures or not answer[0].Features:
            return None
        found = answer[0].Features[0]
        count = found.uNumberOfParameters if found.Params else 0
        limits = (found.Params[place] for place in range(count))
        return Feature(found.uFlags, tuple(Range(limit.fMinValue, limit.fMaxValue) for limit in limits))

    def has(self, feature: int) -> bool:
        """Where the library cannot say, the camera is taken to have it: reading or setting it will tell."""
        if feature not in self._presence:
            described = self.describe(feature)
            if described is None:
                return True
            self._presence[feature] = bool(described.flags & self.flags.PRESENCE)
        return self._presence[feature]

    def ranges(self, feature: int) -> tuple[Range, ...]:
        """A range for each parameter as the limits are now; none where the camera lacks the feature."""
        described = self.describe(feature)
        return described.ranges if described and described.flags & self.flags.PRESENCE else ()

    def read(self, feature: int) -> list[float]:
        """At least one value. Raises the error that fits, for what every camera must have."""
        _flags, values = self.sdk.demand("getFeature", self.handle, feature)
        if not values or not all(math.isfinite(value) for value in values):
            raise errors.CameraUnavailable(f"The camera says nothing useful of its feature {feature} ({values}).")
        return values

    def find(self, feature: int) -> list[float]:
        """The values; none where the camera lacks the feature or says nothing useful of it."""
        values = self.state(feature)[1]
        return values if all(math.isfinite(value) for value in values) else []

    def state(self, feature: int) -> tuple[int, list[float]]:
        """The flags, among them the mode the feature is in, and the values; (0, []) where the camera lacks it."""
        answer = self.sdk.ask("getFeature", self.handle, feature) if self.has(feature) else None
        return (answer[0], answer[1]) if answer else (0, [])

    def is_in_mode(self, feature: int, mode: int) -> bool:
        """Whether the feature is in this of MANUAL, AUTO, ONEPUSH and OFF."""
        return bool(self.state(feature)[0] & mode)

    def can_do(self, feature: int, mode: int) -> bool:
        """Whether the camera has the feature and it has this mode."""
        described = self.describe(feature)
        return described is not None and bool(described.flags & mode) and self.has(feature)

    def can_be_set(self, feature: int) -> bool:
        described = self.describe(feature)
        return described is not None and self.has(feature) and not described.flags & self.flags.READ_ONLY

    def is_settable_while_streaming(self, feature: int) -> bool:
        """Where the library cannot say: yes, since the return code will tell."""
        described = self.describe(feature)
        return described is None or bool(described.flags & self.flags.SETTABLE_WHILE_STREAMING)

    def set_by_hand(self, feature: int, *values: float) -> Answer:
        """Automatic control of the feature ends with it."""
        return self._set(feature, self.flags.MANUAL, values)

    def turn_off(self, feature: int, values: Sequence[float]) -> Answer:
        return self._set(feature, self.flags.OFF, values)

    def push_once(self, feature: int, values: Sequence[float]) -> Answer:
        """Have the camera set the feature by itself, once; it is in the mode ONEPUSH until that is done."""
        return self._set(feature, self.flags.ONEPUSH, values)

    def _set(self, feature: int, mode: int, values: Any) -> Answer:
        return self.sdk.call("setFeature", self.handle, feature, mode, values)
