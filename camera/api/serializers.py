"""Requests and responses of the camera API."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from camera.api.fields import (
    BinningField,
    FlipField,
    PixelFormatField,
    RoiField,
    RotationField,
    SettingField,
    StrictSerializer,
    WhiteBalanceField,
)
from camera.auto_exposure import AIM
from camera.drivers.limits import Limits, Range
from camera.drivers.settings import Settings
from camera.engine.requests import Permit
from camera.live.picture import LivePicture
from camera.results.status import CameraStatus
from camera.service import Camera


class ExposureChangeSerializer(StrictSerializer):
    """The settings that a single capture can override."""

    exposure = SettingField(lambda limits: limits.exposure_ms, "ms", help_text="Exposure in milliseconds.")
    gain = SettingField(lambda limits: limits.gain_db, "dB", help_text="Gain in decibels.")


class SettingsChangeSerializer(ExposureChangeSerializer):
    """A setting that is left out or null stays. Exception: a `roi` of null means the whole sensor."""

    roi = RoiField(help_text="Sensor pixels before binning; the camera rounds to its steps. null: the whole sensor.")
    binning = BinningField(help_text="How many sensor pixels make one pixel, and how.")
    pixelFormat = PixelFormatField(source="pixel_format", help_text="One of limits.pixelFormats.")
    flipHorizontal = FlipField(source="flip_horizontal")
    flipVertical = FlipField(source="flip_vertical")
    rotation = RotationField(source="rotation_deg", help_text="Degrees, clockwise, after the flips.")
    gamma = SettingField(lambda limits: limits.gamma, "", help_text="1 means no gamma.")
    whiteBalance = WhiteBalanceField(source="white_balance", help_text="Gains of the colours.")

    def configure(self, camera: Camera, by: str, permit: Permit | None = None) -> Settings:
        """Apply the validated settings in the name of that user. Call `is_valid` first. Raises CameraError."""
        wanted = dict(self.validated_data)
        if "roi" in wanted and wanted["roi"] is None:
            limits = camera.limits().roi
            wanted["roi"] = limits.whole_sensor if limits else None
        return camera.configure(wanted.pop("exposure"), wanted.pop("gain"), by, permit, **wanted)


class RoiSerializer(serializers.Serializer):
    left = serializers.IntegerField()
    top = serializers.IntegerField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class BinningSerializer(serializers.Serializer):
    x = serializers.IntegerField()
    y = serializers.IntegerField()
    mode = serializers.CharField()


class WhiteBalanceSerializer(serializers.Serializer):
    """Gains of the colours."""

    red = serializers.FloatField()
    green = serializers.FloatField()
    blue = serializers.FloatField()


class SettingsSerializer(serializers.Serializer):
    """The settings that the camera accepted."""

    exposure = serializers.FloatField(source="exposure_ms", help_text="Milliseconds.")
    gain = serializers.FloatField(source="gain_db", help_text="Decibels.")
    roi = RoiSerializer(help_text="Sensor pixels before binning.")
    binning = BinningSerializer()
    pixelFormat = serializers.CharField(source="pixel_format")
    flipHorizontal = serializers.BooleanField(source="flip_horizontal")
    flipVertical = serializers.BooleanField(source="flip_vertical")
    rotation = serializers.IntegerField(source="rotation_deg", help_text="Degrees, clockwise, after the flips.")
    gamma = serializers.FloatField(allow_null=True, help_text="1 means no gamma; null if the camera has none.")
    whiteBalance = serializers.SerializerMethodField(help_text="null if the camera has none.")

    @extend_schema_field(WhiteBalanceSerializer(allow_null=True))
    def get_whiteBalance(self, settings: Settings) -> dict[str, float] | None:  # noqa: N802 (named as its field)
        gains = settings.white_balance
        return {"red": gains[0], "green": gains[1], "blue": gains[2]} if gains else None


class PersonField(serializers.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(allow_null=True, default=None, **options)


class SettingsBySerializer(serializers.Serializer):
    """The name of the user who last changed each setting; null if nobody has since the program started."""

    exposure = PersonField(source="exposure_ms")
    gain = PersonField(source="gain_db")
    roi = PersonField()
    binning = PersonField()
    pixelFormat = PersonField(source="pixel_format")
    flipHorizontal = PersonField(source="flip_horizontal")
    flipVertical = PersonField(source="flip_vertical")
    rotation = PersonField(source="rotation_deg")
    gamma = PersonField()
    whiteBalance = PersonField(source="white_balance")


class RangeSerializer(serializers.Serializer):
    minimum = serializers.FloatField()
    maximum = serializers.FloatField()
    unit = serializers.SerializerMethodField()

    def __init__(self, unit: str = "", **options: Any) -> None:
        super().__init__(**options)
        self._unit = unit

    def get_unit(self, _range: Range) -> str:
        return self._unit


class GammaLimitsSerializer(serializers.Serializer):
    minimum = serializers.FloatField()
    maximum = serializers.FloatField()


class RoiLimitsSerializer(serializers.Serializer):
    """In sensor pixels before binning. The camera rounds to the steps."""

    sensorWidth = serializers.IntegerField(source="sensor_width")
    sensorHeight = serializers.IntegerField(source="sensor_height")
    minimumWidth = serializers.IntegerField(source="minimum_width")
    minimumHeight = serializers.IntegerField(source="minimum_height")
    stepLeft = serializers.IntegerField(source="step_left")
    stepTop = serializers.IntegerField(source="step_top")
    stepWidth = serializers.IntegerField(source="step_width")
    stepHeight = serializers.IntegerField(source="step_height")


class BinningLimitsSerializer(serializers.Serializer):
    values = serializers.ListField(child=serializers.IntegerField())
    modes = serializers.ListField(child=serializers.CharField())
    mayDiffer = serializers.BooleanField(source="may_differ", help_text="x and y may differ.")


class PixelFormatSerializer(serializers.Serializer):
    name = serializers.CharField()
    bits = serializers.IntegerField(help_text="Bits of a pixel's value that carry signal.")
    isColour = serializers.BooleanField(source="is_colour")


class WhiteBalanceLimitsSerializer(serializers.Serializer):
    minimum = serializers.FloatField(source="gains.minimum")
    maximum = serializers.FloatField(source="gains.maximum")
    onePush = serializers.BooleanField(source="has_one_push", help_text="The camera can balance white by itself.")


class LimitsSerializer(serializers.Serializer):
    """The limits of the settings. null or empty if the camera lacks the feature."""

    exposure = RangeSerializer("ms", source="exposure_ms")
    gain = RangeSerializer("dB", source="gain_db")
    roi = RoiLimitsSerializer(allow_null=True)
    binning = BinningLimitsSerializer(allow_null=True)
    pixelFormats = PixelFormatSerializer(many=True, source="pixel_formats")
    flip = serializers.BooleanField(source="may_flip")
    rotations = serializers.ListField(child=serializers.IntegerField(), source="rotations_deg", help_text="Degrees.")
    gamma = GammaLimitsSerializer(allow_null=True)
    whiteBalance = WhiteBalanceLimitsSerializer(allow_null=True, source="white_balance")


class CauseSerializer(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()


class CameraSerializer(serializers.Serializer):
    """The current state of the camera. A value is null if it is not known."""

    state = serializers.ChoiceField(["closed", "opening", "ready", "streaming", "fault", "reopening"])
    since = serializers.DateTimeField(help_text="When this state began; while reopening, when the fault began.")
    cause = CauseSerializer(allow_null=True, help_text="Why the camera is not available.")
    warnings = CauseSerializer(many=True, help_text="Problems of a camera that works, and what to do about them.")
    driver = serializers.CharField(allow_null=True)
    simulated = serializers.BooleanField()
    simulationReason = serializers.CharField(allow_null=True)
    vendor = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    serialNumber = serializers.CharField(allow_null=True)
    firmware = serializers.CharField(allow_null=True)
    temperature = serializers.FloatField(allow_null=True, help_text="Of the sensor, in degrees Celsius.")
    settings = SettingsSerializer(allow_null=True)
    settingsBy = SettingsBySerializer()
    limits = LimitsSerializer(allow_null=True)
    frameRate = serializers.FloatField(allow_null=True, help_text="Recent frames per second.")
    frameAge = serializers.FloatField(allow_null=True, help_text="Milliseconds since the newest frame arrived.")
    watchers = serializers.IntegerField()
    autoExposure = serializers.BooleanField(help_text="True if POST /api/v1/camera/auto-exposure is possible.")
    whiteBalance = serializers.BooleanField(help_text="True if POST /api/v1/camera/white-balance is possible.")
    autoExposureTarget = serializers.FloatField(help_text="Target of the bright end, as a share of full scale.")
    nextTryIn = serializers.FloatField(allow_null=True, help_text="Seconds until the next try to open the camera.")


class StatisticsSerializer(serializers.Serializer):
    """The statistics of one frame of the live view, computed from its full-depth pixels."""

    frameNumber = serializers.IntegerField()
    frameAge = serializers.FloatField(help_text="Milliseconds since the frame arrived.")
    exposure = serializers.FloatField(help_text="Milliseconds.")
    gain = serializers.FloatField(help_text="Decibels.")
    histogram = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="256 counts from zero to full scale: one list for mono; luminance, red, green, blue for colour.",
    )
    clipped = serializers.FloatField(help_text="Share of pixels at full scale, 0 to 1.")
    underexposed = serializers.FloatField(help_text="Share of pixels at zero, 0 to 1.")
    focus = serializers.FloatField(help_text="Larger is sharper. Comparable on the same specimen only.")


def describe_statistics(picture: LivePicture) -> dict[str, Any]:
    taken, statistics = picture.raw.descriptor, picture.statistics
    return {
        "frameNumber": taken.frame_number,
        "frameAge": round(picture.age_ms, 1),
        "exposure": taken.exposure_ms,
        "gain": taken.gain_db,
        "histogram": [list(channel) for channel in statistics.histogram],
        "clipped": statistics.clipped,
        "underexposed": statistics.underexposed,
        "focus": statistics.focus,
    }


# Every page asks for these. A new serializer copies all its fields first, which takes longer than to read them.
_SETTINGS, _SET_BY, _LIMITS = SettingsSerializer(), SettingsBySerializer(), LimitsSerializer()


def describe_status(status: CameraStatus) -> dict[str, Any]:
    """Return the status as the API's JSON object."""
    identity = status.identity
    return {
        "state": status.state,
        "since": status.since.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "cause": {"code": status.cause.code, "message": str(status.cause)} if status.cause else None,
        "warnings": [asdict(warning) for warning in status.warnings],
        "driver": status.driver,
        "simulated": status.is_simulated,
        "simulationReason": status.simulation_reason,
        "vendor": identity.vendor if identity else None,
        "model": identity.model if identity else None,
        "serialNumber": identity.serial_number if identity else None,
        "firmware": identity.firmware if identity else None,
        "temperature": status.sensor_temperature_c,
        "settings": describe_settings(status.settings) if status.settings else None,
        "settingsBy": dict(_SET_BY.to_representation(status.set_by)),
        "limits": describe_limits(status.limits) if status.limits else None,
        "frameRate": _rounded(status.frame_rate_hz),
        "frameAge": _rounded(status.frame_age_ms),
        "watchers": status.watchers,
        "autoExposure": status.is_well and status.limits is not None,
        "whiteBalance": status.is_well and status.limits is not None and status.limits.has_one_push_white_balance,
        "autoExposureTarget": AIM,
        "nextTryIn": _rounded(status.next_try_in_s),
    }


def describe_settings(settings: Settings) -> dict[str, Any]:
    return dict(_SETTINGS.to_representation(settings))


def describe_limits(limits: Limits) -> dict[str, Any]:
    return dict(_LIMITS.to_representation(limits))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
