"""What the simulated camera can be set to, and what it makes of what it is asked for."""

from camera.drivers.limits import AddressingLimits, Limits, OfferedFormat, Range, RoiLimits, WhiteBalanceLimits
from camera.drivers.settings import Settings, Wanted
from camera.drivers.simulated_scene import SimulatedModel
from camera.errors import SettingRefused
from camera.frame import PixelAddressing, Roi

EXPOSURE_MS = Range(0.02, 10_000.0)
GAIN_DB = Range(0.0, 24.0)
GAMMA = Range(0.35, 4.0)
WHITE_GAINS = Range(0.25, 4.0)
EXPOSURE_STEP_MS = 0.01
GAIN_STEP_DB = 0.1
ROI_STEP_PX = 8
# Smaller ones would have no room for the word SIMULATED.
SMALLEST_FRAME = (64, 48)
ADDRESSING = AddressingLimits((1, 2, 4), ("average", "bin", "decimate"), may_differ=True)
ROTATIONS_DEG = (0, 90, 180, 270)


def first_settings(model: SimulatedModel) -> Settings:
    """As the camera is when it is switched on."""
    return Settings(
        10.0,
        0.0,
        Roi(0, 0, model.width, model.height),
        PixelAddressing(mode=ADDRESSING.modes[0]),
        offered_formats(model)[-1].name,
        gamma=1.0,
        white_balance=(1.0, 1.0, 1.0) if model.is_colour else None,
    )


def limits_of(model: SimulatedModel, now: Settings) -> Limits:
    width, height = SMALLEST_FRAME[::-1] if now.rotation_deg in (90, 270) else SMALLEST_FRAME
    roi = RoiLimits(
        model.width,
        model.height,
        min(_up(width * now.addressing.x), model.width),
        min(_up(height * now.addressing.y), model.height),
        *[ROI_STEP_PX] * 4,
    )
    return Limits(
        EXPOSURE_MS,
        GAIN_DB,
        roi=roi,
        addressing=ADDRESSING,
        pixel_formats=offered_formats(model),
        may_flip=True,
        rotations_deg=ROTATIONS_DEG,
        gamma=GAMMA,
        white_balance=WhiteBalanceLimits(WHITE_GAINS, has_one_push=True) if model.is_colour else None,
    )


def offered_formats(model: SimulatedModel) -> tuple[OfferedFormat, ...]:
    """8 bit, and the sensor's full depth where that is more."""
    eight, sixteen = ("RGB24", "RGB48") if model.is_colour else ("MONO8", "MONO16")
    shallow = OfferedFormat(eight, 8, model.is_colour)
    if model.significant_bits <= 8:
        return (shallow,)
    return shallow, OfferedFormat(sixteen, model.significant_bits, model.is_colour)


def bits_of(model: SimulatedModel, pixel_format: str) -> int:
    return next(offered.bits for offered in offered_formats(model) if offered.name == pixel_format)


def accept(model: SimulatedModel, wanted: Wanted, now: Settings) -> Settings:
    """What the camera makes of it: light is brought within its limits, all is rounded to its steps. Raises
    SettingRefused for what it cannot do."""
    filled = wanted.over(now)
    settings = Settings(
        _round_to(filled.exposure_ms or 0, EXPOSURE_STEP_MS, EXPOSURE_MS),
        _round_to(filled.gain_db or 0, GAIN_STEP_DB, GAIN_DB),
        _rounded_roi(filled.roi or now.roi, model),
        filled.addressing or now.addressing,
        filled.pixel_format or now.pixel_format,
        bool(filled.flip_horizontal),
        bool(filled.flip_vertical),
        filled.rotation_deg or 0,
        GAMMA.clamp(filled.gamma or 1.0),
        _rounded_gains(wanted.white_balance, now),
    )
    _demand_possible(model, settings)
    return settings


def _demand_possible(model: SimulatedModel, settings: Settings) -> None:
    addressing = settings.addressing
    if settings.pixel_format not in [offered.name for offered in offered_formats(model)]:
        raise SettingRefused(f"The simulated camera has no pixel format {settings.pixel_format}.")
    if not {addressing.x, addressing.y} <= set(ADDRESSING.values) or addressing.mode not in ADDRESSING.modes:
        raise SettingRefused(f"The simulated camera cannot {addressing.mode} {addressing.x} x {addressing.y} pixels.")
    if settings.rotation_deg not in ROTATIONS_DEG:
        raise SettingRefused(f"The simulated camera cannot turn its picture by {settings.rotation_deg} degrees.")
    width, height = settings.frame_size
    least = min(SMALLEST_FRAME[0], model.width), min(SMALLEST_FRAME[1], model.height)
    if width < least[0] or height < least[1]:
        raise SettingRefused(
            f"Frames of {width} x {height} pixels would be too small: {least[0]} x {least[1]} are the least. "
            "Choose a larger region, or fewer sensor pixels to one."
        )


def _rounded_roi(roi: Roi, model: SimulatedModel) -> Roi:
    """Down to the steps, as real cameras do; the whole sensor is always allowed."""
    whole = Roi(0, 0, model.width, model.height)
    if min(roi.left, roi.top, roi.width, roi.height) < 0 or roi.width == 0 or roi.height == 0:
        raise SettingRefused("The region has no size, or begins before the sensor.")
    if roi.left + roi.width > model.width or roi.top + roi.height > model.height:
        raise SettingRefused(f"The region does not lie on the sensor of {model.width} x {model.height} pixels.")
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
