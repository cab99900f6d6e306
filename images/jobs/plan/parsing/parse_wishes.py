"""Reads `metadata.microscope`: the abilities of this program beyond useq-schema."""

import re
from collections.abc import Sequence
from datetime import timedelta

from camera.frame_sum import MAX_SUM_BITS, count_sum_bits
from images.formats import FORMATS
from images.jobs.plan.durations import read_duration
from images.jobs.plan.errors import PlanFieldsConflict, PlanValueInvalid, PlanValueOutOfRange
from images.jobs.plan.limits import GAIN_DB, MAX_AVERAGE, MIN_PATIENCE, PlanLimits
from images.jobs.plan.parsing.fields import Field
from images.jobs.plan.parts import Pacing, WhenLate, Wishes

WISH_FIELDS = ("gain", "average", "pacing", "whenLate", "giveUpAfter", "format", "quality", "sample", "note")
MAX_SAMPLE, MAX_NOTE = 200, 10_000
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def read_wishes(field: Field, gain_db: float | None, limits: PlanLimits) -> Wishes:
    """Return the wishes. `gain_db`: the gain of a plan without channels, from `read_gains`. Raises PlanRefused."""
    average = field.field("average")
    pacing = field.field("pacing")
    when_late = field.field("whenLate")
    give_up_after = field.field("giveUpAfter")
    image_format = field.field("format")
    quality = field.field("quality")
    if quality and not (image_format and image_format.value == "jpg"):
        raise PlanFieldsConflict(quality.path, 'Only JPEG has it: set "format": "jpg".')
    return Wishes(
        gain_db=gain_db,
        average=_read_average(average, limits) if average else 1,
        pacing=Pacing(pacing.choice(list(Pacing))) if pacing else Pacing.AUTOMATIC,
        when_late=WhenLate(when_late.choice(list(WhenLate))) if when_late else None,
        give_up_after=_read_patience(give_up_after) if give_up_after else None,
        image_format=image_format.choice(list(FORMATS)) if image_format else None,
        quality=quality.whole(1, 100) if quality else None,
        sample=_read_text(field.field("sample"), MAX_SAMPLE).strip(),
        note=_read_text(field.field("note"), MAX_NOTE),
    )


def read_gains(field: Field, channels: int, limits: PlanLimits) -> Sequence[float | None]:
    """Return the gain of each channel in decibels; one gain if the plan has no channels. One number counts for all
    channels. Raises PlanRefused."""
    gain = field.field("gain")
    count = max(channels, 1)
    allowed = limits.gain_db or GAIN_DB
    if gain is None:
        return [None] * count
    if not isinstance(gain.value, list):
        return [gain.number(allowed, " dB")] * count
    gains = gain.parts(count, "gains")
    if len(gains) != channels:
        raise PlanFieldsConflict(gain.path, f"Must be one number, or one for each of {channels} channels.")
    return [None if one.value is None else one.number(allowed, " dB") for one in gains]


def _read_average(field: Field, limits: PlanLimits) -> int:
    average = field.whole(1, MAX_AVERAGE)
    if average & (average - 1):
        raise PlanValueInvalid(field.path, f"Must be 1, 2, 4, 8 and so on; {average} was given.")
    if limits.significant_bits and count_sum_bits(limits.significant_bits, average) > MAX_SUM_BITS:
        most = 2 ** max(MAX_SUM_BITS - limits.significant_bits, 0)
        of_what = f"{average} frames of {limits.significant_bits} bits"
        sentence = f"The sum of {of_what} needs more than {MAX_SUM_BITS} bits. At most {most} frames fit."
        raise PlanValueOutOfRange(field.path, sentence)
    return average


def _read_patience(field: Field) -> timedelta:
    patience = read_duration(field)
    if patience < MIN_PATIENCE:
        seconds = f"{MIN_PATIENCE.total_seconds():g} s"
        raise PlanValueOutOfRange(field.path, f"Must be at least {seconds}: a camera may need that to open again.")
    return patience


def _read_text(field: Field | None, max_length: int) -> str:
    if field is None:
        return ""
    text = field.text(max_length)
    if CONTROL_CHARACTERS.search(text):
        raise PlanValueInvalid(field.path, "Must not contain control characters.")
    return text
