"""The form for a new job: makes a plan from the form, and fills in the form from a plan."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.utils import timezone

from images.jobs.plan import Kind, Plan, WhenLate, find_template
from images.jobs.plan.errors import PlanRefused
from images.jobs.plan.templates import Average, Burst, ExposureSeries, Picture, Positions, Template, TimeLapse, ZSeries

# Kinds that the program cannot run yet are not offered.
KINDS = {
    Kind.TIME_LAPSE: ("Time-lapse", "one every so often"),
    Kind.BURST: ("Burst", "as fast as the camera"),
    Kind.EXPOSURE_SERIES: ("Exposure series", "dark to bright"),
    Kind.AVERAGE: ("Average", "frames added up"),
    Kind.Z_SERIES: ("Z series", "you turn the focus"),
    Kind.POSITIONS: ("Positions", "you move the sample"),
    Kind.ADVANCED: ("Advanced", "plan as JSON"),
}
SECONDS_BY_UNIT = {"s": 1, "min": 60, "h": 3600}
ROUNDS = "rounds"
FIRST_VALUES = {
    "kind": Kind.TIME_LAPSE.value,
    "every": "1",
    "everyUnit": "min",
    "lasting": "1",
    "lastingUnit": "h",
    "frames": "100",
    "planes": "10",
    "step": "1",
    "begin": "now",
    "average": "16",
}
# The field of the form for each part of a plan. The first one that fits counts.
FIELD_BY_PATH = {
    "time_plan.loops": "lasting",
    "time_plan.duration": "lasting",
    "time_plan": "every",
    "channels": "exposures",
    "z_plan.step": "step",
    "z_plan": "planes",
    "stage_positions": "positions",
    "metadata.microscope.": "",
    "startsAt": "at",
}
MAX_LISTED = 1000
BETWEEN_NUMBERS = re.compile(r"[;\s]+|,\s*")


class FieldInvalid(ValueError):
    """A user typed something into a field of the form that does not belong there."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def read_form(values: Mapping[str, str]) -> dict[str, Any] | str:
    """Return the plan, as JSON or as text. Raises FieldInvalid."""
    if values.get("kind") == Kind.ADVANCED:
        return values.get("plan", "")
    return _read_template(values).as_json()


def _read_template(values: Mapping[str, str]) -> Template:
    picture, kind = _read_picture(values), values.get("kind")
    if kind == Kind.TIME_LAPSE:
        when_late = WhenLate(late) if (late := values.get("whenLate")) in list(WhenLate) else None
        return TimeLapse(*_read_times(values), picture, when_late)
    if kind == Kind.BURST:
        return _read_burst(values, picture)
    if kind == Kind.Z_SERIES:
        return ZSeries(_read_whole(values, "planes"), _read_number(values, "step"), picture)
    if kind == Kind.POSITIONS:
        return Positions(_read_names(values), picture)
    if kind == Kind.AVERAGE:
        # A sum has only one format, whatever was chosen for another kind before.
        return Average(_read_frames(values), replace(picture, image_format=None))
    if kind == Kind.EXPOSURE_SERIES:
        if not picture.exposures_ms:
            raise FieldInvalid("exposures", "Name the exposures, for example 5, 20, 80.")
        return ExposureSeries(picture)
    raise FieldInvalid("kind", "Choose one.")


def _read_burst(values: Mapping[str, str], picture: Picture) -> Burst:
    frames = _read_whole(values, "frames")
    if frames < 2:
        raise FieldInvalid("frames", "Must be 2 at least.")
    if len(picture.exposures_ms) > 1:
        raise FieldInvalid("exposures", "A burst has one exposure.")
    # A format that was chosen for another kind does not fit: a burst is always TIFF.
    image_format = picture.image_format if picture.image_format == "tiff" else None
    when_late = WhenLate.SKIP if values.get("whenSlow") == WhenLate.SKIP else None
    return Burst(frames, replace(picture, image_format=image_format), when_late)


def _read_times(values: Mapping[str, str]) -> tuple[float, int]:
    """Return the interval in seconds, and the number of rounds. A round every minute for an hour is sixty rounds."""
    interval_s = _read_number(values, "every") * SECONDS_BY_UNIT.get(values.get("everyUnit", ""), 1)
    if interval_s <= 0:
        raise FieldInvalid("every", "Must be more than 0.")
    if values.get("lastingUnit") == ROUNDS:
        return interval_s, _read_whole(values, "lasting")
    lasting_s = _read_number(values, "lasting") * SECONDS_BY_UNIT.get(values.get("lastingUnit", ""), 1)
    if lasting_s < interval_s:
        raise FieldInvalid("lasting", "Must be as long as one interval at least.")
    # Two numbers that a person types can give infinity, which has no whole number. The plan refuses so many rounds
    # anyway.
    return interval_s, round(min(lasting_s / interval_s, 1e15))


def _read_picture(values: Mapping[str, str]) -> Picture:
    texts = [text for text in BETWEEN_NUMBERS.split(values.get("exposures", "")) if text][:MAX_LISTED]
    return Picture(
        exposures_ms=tuple(_to_number("exposures", text) for text in texts),
        gain_db=_read_number(values, "gain") if values.get("gain", "").strip() else None,
        image_format=values.get("format") or None,
        sample=values.get("sample", ""),
        note=values.get("note", ""),
    )


def _read_frames(values: Mapping[str, str]) -> int:
    frames = _read_whole(values, "average")
    if frames < 2:
        raise FieldInvalid("average", "Must be 2 at least.")
    return frames


def _read_names(values: Mapping[str, str]) -> tuple[str, ...]:
    names = [line.strip() for line in values.get("positions", "").splitlines() if line.strip()]
    if not names:
        raise FieldInvalid("positions", "Name each place, one a line.")
    return tuple(names)


def _read_number(values: Mapping[str, str], field: str) -> float:
    return _to_number(field, values.get(field, "").strip())


def _read_whole(values: Mapping[str, str], field: str) -> int:
    number = _read_number(values, field)
    if not number.is_integer():
        raise FieldInvalid(field, "Must be a whole number.")
    return int(number)


def _to_number(field: str, text: str) -> float:
    try:
        number = float(text[:40])
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise FieldInvalid(field, "Must be a number.")
    return number


def read_start(values: Mapping[str, str]) -> datetime | None:
    """Return when the job starts; None: as soon as possible. A time without a zone is in the time zone of the lab.
    Raises FieldInvalid."""
    if values.get("begin") != "at":
        return None
    try:
        start = datetime.fromisoformat(values.get("at", "")[:40])
        return start if start.tzinfo else timezone.make_aware(start)
    except (ValueError, OverflowError):
        raise FieldInvalid("at", "Choose a day and a time.") from None


def name_problems(problem: PlanRefused, values: Mapping[str, str]) -> dict[str, str]:
    """Return the field of the form that is to blame, with the sentence to show beside it."""
    if values.get("kind") == Kind.ADVANCED and problem.path != "startsAt":
        place = f"Line {problem.line}: " if problem.line else ""
        return {"plan": place + (f"{problem.path}: " if problem.path else "") + problem.sentence}
    if values.get("kind") == Kind.BURST and problem.path.startswith("time_plan"):
        return {"frames": problem.sentence}
    for path, field in FIELD_BY_PATH.items():
        if problem.path.startswith(path):
            return {field or problem.path.removeprefix(path).partition("[")[0]: problem.sentence}
    return {"form": str(problem)}


def fill_in(plan: Plan) -> dict[str, str]:
    """Return the values of the form for this plan. If the form cannot express it, they hold its JSON."""
    template = find_template(plan)
    if template is None or template.kind not in KINDS:
        text = json.dumps(plan.as_json(), indent=2, ensure_ascii=False)
        return {**FIRST_VALUES, "kind": Kind.ADVANCED.value, "plan": text}
    return {**FIRST_VALUES, "kind": template.kind.value, **_describe_picture(template.picture), **_describe(template)}


def _describe_picture(picture: Picture) -> dict[str, str]:
    return {
        "exposures": ", ".join(f"{exposure:g}" for exposure in picture.exposures_ms),
        "gain": "" if picture.gain_db is None else f"{picture.gain_db:g}",
        "format": picture.image_format or "",
        "sample": picture.sample,
        "note": picture.note,
    }


def _describe(template: Template) -> dict[str, str]:
    if isinstance(template, TimeLapse):
        unit = next(
            unit for unit in ("h", "min", "s") if template.interval_s % SECONDS_BY_UNIT[unit] == 0 or unit == "s"
        )
        every = template.interval_s / SECONDS_BY_UNIT[unit]
        when_late = template.when_late.value if template.when_late else ""
        rounds = {"lasting": str(template.rounds), "lastingUnit": ROUNDS}
        return {"every": f"{every:g}", "everyUnit": unit, "whenLate": when_late, **rounds}
    if isinstance(template, Burst):
        return {"frames": str(template.frames), "whenSlow": template.when_late.value if template.when_late else ""}
    if isinstance(template, ZSeries):
        return {"planes": str(template.planes), "step": f"{template.step_um:g}"}
    if isinstance(template, Average):
        return {"average": str(template.frames)}
    return {"positions": "\n".join(template.names)} if isinstance(template, Positions) else {}
