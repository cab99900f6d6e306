"""Request fields that set the camera. They do not convert other JSON types, and their errors name the limits of the
camera."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from camera.drivers.limits import Limits, Range
from camera.drivers.validation import describe_roi_limits
from camera.frame import Binning, Roi
from camera.registry import the_camera

WHOLE = {"type": "integer"}
NUMBER = {"type": "number", "format": "double"}
# Larger than any sensor. Anything beyond is a mistake, and would not fit into the numbers of the camera's library.
MAX_PX = 1_000_000


def _object(kind: dict[str, str], *names: str, **others: dict[str, str]) -> dict[str, Any]:
    properties = dict.fromkeys(names, kind) | others
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


class StrictSerializer(serializers.Serializer):
    """Rejects unknown fields, so that a misspelt setting is an error instead of being ignored."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            known = ", ".join(self.fields)
            raise serializers.ValidationError(
                {name: [f"Unknown field (known fields: {known})."] for name in sorted(unknown)}
            )
        return super().to_internal_value(data)


class CameraField(serializers.Field):
    """A setting of the camera. If it is left out, or null (unless null has its own meaning), the setting stays."""

    default_error_messages = {"invalid": "{allowed}."}

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, allow_null=True, **{"default": None, **options})

    def to_representation(self, value: Any) -> Any:
        return value

    def refuse(self) -> None:
        limits = the_camera().status().limits
        self.fail("invalid", allowed=self.describe_allowed(limits))

    def describe_allowed(self, limits: Limits | None) -> str:
        raise NotImplementedError

    def require_object(self, data: Any, *names: str) -> None:
        if not isinstance(data, dict) or set(data) != set(names):
            self.refuse()


@extend_schema_field(NUMBER)
class SettingField(CameraField):
    """A JSON number. NaN and infinities pass here: `validation.check` rejects them and names the limits."""

    def __init__(self, find_range: Callable[[Limits], Range | None], unit: str, **options: Any) -> None:
        super().__init__(**options)
        self._find_range = find_range
        self._unit = unit

    def to_internal_value(self, data: Any) -> float:
        if not _is_number(data):
            self.refuse()
        return _as_float(data)

    def describe_allowed(self, limits: Limits | None) -> str:
        allowed = self._find_range(limits) if limits else None
        if allowed is None:
            return f"Must be a number ({self._unit})" if self._unit else "Must be a number"
        unit = f" {self._unit}" if self._unit else ""
        return f"Must be a number between {allowed.minimum:g} and {allowed.maximum:g}{unit}"


@extend_schema_field(_object(WHOLE, "left", "top", "width", "height"))
class RoiField(CameraField):
    """null means the whole sensor. If the field is left out, the region stays."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default=serializers.empty, **options)

    def to_internal_value(self, data: Any) -> Roi:
        self.require_object(data, "left", "top", "width", "height")
        if not all(_is_whole(value) for value in data.values()):
            self.refuse()
        return Roi(**data)

    def describe_allowed(self, limits: Limits | None) -> str:
        shape = "Must be left, top, width and height in whole pixels of the sensor, or null for all of it"
        return f"{shape}. {describe_roi_limits(limits.roi)}" if limits and limits.roi else shape


@extend_schema_field(_object(WHOLE, "x", "y", mode={"type": "string"}))
class BinningField(CameraField):
    def to_internal_value(self, data: Any) -> Binning:
        self.require_object(data, "x", "y", "mode")
        if not (_is_whole(data["x"]) and _is_whole(data["y"]) and isinstance(data["mode"], str)):
            self.refuse()
        return Binning(**data)

    def describe_allowed(self, limits: Limits | None) -> str:
        shape = "Must be x and y, whole numbers of sensor pixels, and mode"
        if limits is None or limits.binning is None:
            return shape
        values, modes = ", ".join(map(str, limits.binning.values)), ", ".join(limits.binning.modes)
        return f"{shape}: x and y of {values}; mode of {modes}"


@extend_schema_field({"type": "string"})
class PixelFormatField(CameraField):
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.refuse()
        return data

    def describe_allowed(self, limits: Limits | None) -> str:
        names = ", ".join(offered.name for offered in limits.pixel_formats) if limits else ""
        return f"Must be one of {names}" if names else "Must be the name of a pixel format"


@extend_schema_field({"type": "boolean"})
class FlipField(CameraField):
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.refuse()
        return data

    def describe_allowed(self, limits: Limits | None) -> str:
        return "Must be true or false"


@extend_schema_field({"type": "integer", "enum": [0, 90, 180, 270]})
class RotationField(CameraField):
    def to_internal_value(self, data: Any) -> int:
        if not _is_whole(data):
            self.refuse()
        return data

    def describe_allowed(self, limits: Limits | None) -> str:
        turns = limits.rotations_deg if limits else (0, 90, 180, 270)
        return f"Must be one of {', '.join(map(str, turns))} degrees, clockwise"


@extend_schema_field(_object(NUMBER, "red", "green", "blue"))
class WhiteBalanceField(CameraField):
    def to_internal_value(self, data: Any) -> tuple[float, float, float]:
        self.require_object(data, "red", "green", "blue")
        if not all(_is_number(value) for value in data.values()):
            self.refuse()
        return _as_float(data["red"]), _as_float(data["green"]), _as_float(data["blue"])

    def describe_allowed(self, limits: Limits | None) -> str:
        shape = "Must be red, green and blue, each a number"
        if limits is None or limits.white_balance is None:
            return shape
        gains = limits.white_balance.gains
        return f"{shape} between {gains.minimum:g} and {gains.maximum:g}"


def _is_number(data: Any) -> bool:
    return isinstance(data, (int, float)) and not isinstance(data, bool)


def _is_whole(data: Any) -> bool:
    return isinstance(data, int) and not isinstance(data, bool) and abs(data) <= MAX_PX


def _as_float(data: float) -> float:
    try:
        return float(data)
    except OverflowError:
        return float("inf")
