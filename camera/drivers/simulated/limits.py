"""The limits of the simulated camera, and how it rounds requested settings."""

from camera.drivers.limits import BinningLimits, Limits, OfferedFormat, Range, RoiLimits, WhiteBalanceLimits
from camera.drivers.settings import Settings, SettingsRequest
from camera.drivers.simulated.scene import SimulatedModel
from camera.errors import SettingRefused
from camera.frame import Binning, Roi

EXPOSURE_MS = Range(0.02, 10_000.0)
GAIN_DB = Range(0.0, 24.0)
GAMMA = Range(0.35, 4.0)
WHITE_GAINS = Range(0.25, 4.0)
EXPOSURE_STEP_MS = 0.01
GAIN_STEP_DB = 0.1
ROI_STEP_PX = 8
# Smaller frames have no room for the word SIMULATED.
MIN_FRAME = (64, 48)
BINNING = BinningLimits((1, 2, 4), ("average", "bin", "decimate"), may_differ=True)
ROTATIONS_DEG = (0, 90, 180, 270)


def first_settings(model: SimulatedModel) -> Settings:
    """Return the settings after power-on."""
    return Settings(
        10.0,
        0.0,
        Roi(0, 0, model.width, model.height),
        Binning(mode=BINNING.modes[0]),
        offered_formats(model)[-1].name,
        gamma=1.0,
        white_balance=(1.0, 1.0, 1.0) if model.is_colour else None,
    )


def limits_of(model: SimulatedModel, now: Settings) -> Limits:
    # The label needs the size of the rotated frame; the limits are those of the sensor.
    width, height = MIN_FRAME[::-1] if now.rotation_deg in (90, 270) else MIN_FRAME
    roi = RoiLimits(
        model.width,
        model.height,
        min(_up(width * now.binning.x), model.width),
        min(_up(height * now.binning.y), model.height),
        *[ROI_STEP_PX] * 4,
    )
    return Limits(
        EXPOSURE_MS,
        GAIN_DB,
        roi=roi,
        binning=BINNING,
        pixel_formats=offered_formats(model),
        may_flip=True,
        rotations_deg=ROTATIONS_DEG,
        gamma=GAMMA,
        white_balance=WhiteBalanceLimits(WHITE_GAINS, has_one_push=True) if model.is_colour else None,
    )


def offered_formats(model: SimulatedModel) -> tuple[OfferedFormat, ...]:
    """Return 8 bit, and the sensor's full depth if that is more."""
    eight, sixteen = ("RGB24", "RGB48") if model.is_colour else ("MONO8", "MONO16")
    shallow = OfferedFormat(eight, 8, model.is_colour)
    if model.significant_bits <= 8:
        return (shallow,)
    return shallow, OfferedFormat(sixteen, model.significant_bits, model.is_colour)


def bits_of(model: SimulatedModel, pixel_format: str) -> int:
    return next(offered.bits for offered in offered_formats(model) if offered.name == pixel_format)


def accept(model: SimulatedModel, wanted: SettingsRequest, now: Settings) -> Settings:
    """Return the settings that the camera accepts: exposure and gain are clamped to the limits, all values are rounded
    to its steps. Raises SettingRefused for impossible settings."""
    filled = wanted.fill_from(now)
    settings = Settings(
        _round_to(filled.exposure_ms or 0, EXPOSURE_STEP_MS, EXPOSURE_MS),
        _round_to(filled.gain_db or 0, GAIN_STEP_DB, GAIN_DB),
        _rounded_roi(filled.roi or now.roi, model),
        filled.binning or now.binning,
        filled.pixel_format or now.pixel_format,
        bool(filled.flip_horizontal),
        bool(filled.flip_vertical),
        filled.rotation_deg or 0,
        GAMMA.clamp(filled.gamma or 1.0),
        _rounded_gains(wanted.white_balance, now),
    )
    _require_possible(model, settings)
    return settings


def _require_possible(model: SimulatedModel, settings: Settings) -> None:
    binning = settings.binning
    if settings.pixel_format not in [offered.name for offered in offered_formats(model)]:
        raise SettingRefused(f"The simulated camera has no pixel format {settings.pixel_format}.")
    if not {binning.x, binning.y} <= set(BINNING.values) or binning.mode not in BINNING.modes:
        raise SettingRefused(f"The simulated camera cannot {binning.mode} {binning.x} x {binning.y} pixels.")
    if settings.rotation_deg not in ROTATIONS_DEG:
        raise SettingRefused(f"The simulated camera cannot rotate its picture by {settings.rotation_deg} degrees.")
    width, height = settings.frame_size
    least = min(MIN_FRAME[0], model.width), min(MIN_FRAME[1], model.height)
    if width < least[0] or height < least[1]:
        raise SettingRefused(
            f"Frames of {width} x {height} pixels are too small (minimum {least[0]} x {least[1]}). "
            "Choose a larger region or less binning."
        )


def _rounded_roi(roi: Roi, model: SimulatedModel) -> Roi:
    """Round down to the steps, as real cameras do. The whole sensor is always allowed."""
    whole = Roi(0, 0, model.width, model.height)
    if min(roi.left, roi.top, roi.width, roi.height) < 0 or roi.width == 0 or roi.height == 0:
        raise SettingRefused("The region is empty or has a negative position.")
    if roi.left + roi.width > model.width or roi.top + roi.height > model.height:
        raise SettingRefused(f"The region exceeds the sensor of {model.width} x {model.height} pixels.")
    return roi if roi == whole else Roi(*(_down(value) for value in (roi.left, roi.top, roi.width, roi.height)))


def _rounded_gains(wanted: tuple[float, float, float] | None, now: Settings) -> tuple[float, float, float] | None:
    if wanted is None:
        return now.white_balance
    if now.white_balance is None:
        raise SettingRefused("A mono camera has no white balance.")
    red, green, blue = (round(WHITE_GAINS.clamp(gain), 3) for gain in wanted)
    return red, green, blue


def _round_to(value: float, step: float, limits: Range) -> float:
    return round(limits.clamp(round(value / step) * step), 6)


def _down(value: int) -> int:
    return value // ROI_STEP_PX * ROI_STEP_PX


def _up(value: int) -> int:
    return -(-value // ROI_STEP_PX) * ROI_STEP_PX
