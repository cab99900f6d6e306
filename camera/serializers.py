"""What the camera's calls take and answer."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from camera.auto_exposure import AIM
from camera.drivers.base import Limits, Range, Settings
from camera.live import LivePicture
from camera.service import CameraStatus, the_camera


class StrictSerializer(serializers.Serializer):
    """Refuses fields that it does not know: a misspelt setting must not be taken for none."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = set(data) - set(self.fields) if isinstance(data, dict) else set()
        if unknown:
            known = ", ".join(self.fields)
            raise serializers.ValidationError(
                {name: [f"Unknown field. Known are: {known}."] for name in sorted(unknown)}
            )
        return super().to_internal_value(data)


@extend_schema_field({"type": "number", "format": "double"})
class SettingField(serializers.Field):
    """A JSON number. NaN and the infinities pass here: the camera's own check refuses them and names the limits."""

    default_error_messages = {"invalid": "Must be a number{allowed}."}

    def __init__(self, find_range: Callable[[Limits], Range], unit: str, **options: Any) -> None:
        super().__init__(required=False, allow_null=True, default=None, **options)
        self._find_range = find_range
        self._unit = unit

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, (int, float)):
            self.fail("invalid", allowed=self._describe_allowed())
        try:
            return float(data)
        except OverflowError:
            return float("inf")

    def to_representation(self, value: float) -> float:
        return value

    def _describe_allowed(self) -> str:
        limits = the_camera().status().limits
        if limits is None:
            return f" ({self._unit})"
        allowed = self._find_range(limits)
        return f" between {allowed.minimum:g} and {allowed.maximum:g} {self._unit}"


class SettingsChangeSerializer(StrictSerializer):
    exposure = SettingField(lambda limits: limits.exposure_ms, "ms", help_text="Exposure in milliseconds.")
    gain = SettingField(lambda limits: limits.gain_db, "dB", help_text="Gain in decibels.")


class RoiSerializer(serializers.Serializer):
    left = serializers.IntegerField()
    top = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class PixelAddressingSerializer(serializers.Serializer):
    x = serializers.IntegerField()
    y = serializers.IntegerField()
    mode = serializers.CharField()


class SettingsSerializer(serializers.Serializer):
    """What the camera accepted."""

    exposure = serializers.FloatField(source="exposure_ms", help_text="Milliseconds.")
    gain = serializers.FloatField(source="gain_db", help_text="Decibels.")
    roi = RoiSerializer(help_text="Sensor pixels before pixel addressing.")
    pixelAddressing = PixelAddressingSerializer(source="addressing")
    pixelFormat = serializers.CharField(source="pixel_format")


class RangeSerializer(serializers.Serializer):
    minimum = serializers.FloatField()
    maximum = serializers.FloatField()
    unit = serializers.CharField()


class LimitsSerializer(serializers.Serializer):
    exposure = RangeSerializer()
    gain = RangeSerializer()


class CauseSerializer(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()


class CameraSerializer(serializers.Serializer):
    """The camera at this moment; null where a value is not known."""

    state = serializers.ChoiceField(["closed", "opening", "ready", "streaming", "fault", "reopening"])
    since = serializers.DateTimeField(help_text="When this state, or the fault being mended, began.")
    cause = CauseSerializer(allow_null=True, help_text="Why the camera is not available.")
    driver = serializers.CharField(allow_null=True)
    simulated = serializers.BooleanField()
    simulationReason = serializers.CharField(allow_null=True)
    vendor = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    serialNumber = serializers.CharField(allow_null=True)
    firmware = serializers.CharField(allow_null=True)
    temperature = serializers.FloatField(allow_null=True, help_text="Of the sensor, in degrees Celsius.")
    settings = SettingsSerializer(allow_null=True)
    limits = LimitsSerializer(allow_null=True)
    frameRate = serializers.FloatField(allow_null=True, help_text="Frames a second, of late.")
    frameAge = serializers.FloatField(allow_null=True, help_text="Milliseconds since the newest frame arrived.")
    watchers = serializers.IntegerField()
    autoExposure = serializers.BooleanField(help_text="Whether POST /api/v1/camera/auto-exposure can be asked for.")
    autoExposureTarget = serializers.FloatField(help_text="Where it puts the bright end, as a share of full scale.")
    nextTryIn = serializers.FloatField(allow_null=True, help_text="Seconds until the camera is looked for again.")


class NumbersSerializer(serializers.Serializer):
    """The numbers of one frame of the live view, from the values that the sensor gave."""

    frameNumber = serializers.IntegerField()
    frameAge = serializers.FloatField(help_text="Milliseconds since the frame arrived.")
    exposure = serializers.FloatField(help_text="Milliseconds.")
    gain = serializers.FloatField(help_text="Decibels.")
    histogram = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="256 counts from zero to full scale: one list for mono; luminance, red, green, blue for colour.",
    )
    clipped = serializers.FloatField(help_text="Share of pixels at full scale, 0 to 1.")
    black = serializers.FloatField(help_text="Share of pixels at zero, 0 to 1.")
    focus = serializers.FloatField(help_text="The larger, the sharper; comparable on one specimen only.")


def describe_numbers(picture: LivePicture) -> dict[str, Any]:
    taken, numbers = picture.raw.descriptor, picture.numbers
    return {
        "frameNumber": taken.frame_number,
        "frameAge": round(picture.age_ms, 1),
        "exposure": taken.exposure_ms,
        "gain": taken.gain_db,
        "histogram": [list(channel) for channel in numbers.histogram],
        "clipped": numbers.clipped,
        "black": numbers.black,
        "focus": numbers.focus,
    }


def describe_status(status: CameraStatus) -> dict[str, Any]:
    """The status in the API's words, ready for JSON."""
    identity = status.identity
    return {
        "state": status.state,
        "since": status.since.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "cause": {"code": status.cause.code, "message": str(status.cause)} if status.cause else None,
        "driver": status.driver,
        "simulated": status.is_simulated,
        "simulationReason": status.simulation_reason,
        "vendor": identity.vendor if identity else None,
        "model": identity.model if identity else None,
        "serialNumber": identity.serial_number if identity else None,
        "firmware": identity.firmware if identity else None,
        "temperature": status.sensor_temperature_c,
        "settings": describe_settings(status.settings) if status.settings else None,
        "limits": describe_limits(status.limits) if status.limits else None,
        "frameRate": _rounded(status.frame_rate_hz),
        "frameAge": _rounded(status.frame_age_ms),
        "watchers": status.watchers,
        "autoExposure": status.is_well and status.limits is not None,
        "autoExposureTarget": AIM,
        "nextTryIn": _rounded(status.next_try_in_s),
    }


def describe_settings(settings: Settings) -> dict[str, Any]:
    return dict(SettingsSerializer(settings).data)


def describe_limits(limits: Limits) -> dict[str, Any]:
    def describe(allowed: Range, unit: str) -> dict[str, Any]:
        return {"minimum": allowed.minimum, "maximum": allowed.maximum, "unit": unit}

    return {"exposure": describe(limits.exposure_ms, "ms"), "gain": describe(limits.gain_db, "dB")}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
