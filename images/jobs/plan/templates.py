"""The kinds of jobs: templates that make a plan from a few values, and the way back from a plan to its kind."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, Self

from images.jobs.plan.errors import PlanRefused
from images.jobs.plan.limits import NO_LIMITS, PlanLimits
from images.jobs.plan.parsing.parse import parse_plan
from images.jobs.plan.parts import WhenLate
from images.jobs.plan.plan import Plan
from images.jobs.plan.rounds import Phase

# The channel of a picture that is taken with the present settings.
AS_SET = "as set"


class Kind(StrEnum):
    """The kind of a job. `ADVANCED`: a plan that no template makes."""

    TIME_LAPSE = "time-lapse"
    BURST = "burst"
    EXPOSURE_SERIES = "exposure-series"
    AVERAGE = "average"
    Z_SERIES = "z-series"
    POSITIONS = "positions"
    ADVANCED = "advanced"


@dataclass(frozen=True, slots=True)
class Picture:
    """How each picture is taken and kept. With several exposures, one picture is taken with each. For fields that are
    None or empty, the camera stays as it is set."""

    exposures_ms: tuple[float, ...] = ()
    gain_db: float | None = None
    image_format: str | None = None
    quality: int | None = None
    sample: str = ""
    note: str = ""

    def describe(self, parts: dict[str, Any], **more_wishes: Any) -> dict[str, Any]:
        """Return a plan of these parts, whose pictures are taken like this."""
        wishes = more_wishes | {
            "gain": self.gain_db,
            "format": self.image_format,
            "quality": self.quality,
            "sample": self.sample or None,
            "note": self.note or None,
        }
        channels = [{"config": f"{exposure:g} ms", "exposure": exposure} for exposure in self.exposures_ms]
        return parts | {"channels": channels, "metadata": {"microscope": wishes}}

    @classmethod
    def of(cls, plan: Plan) -> Self:
        wishes = plan.wishes
        gains = [channel.gain_db for channel in plan.channels] or [wishes.gain_db]
        exposures_ms = tuple(channel.exposure_ms for channel in plan.channels if channel.exposure_ms is not None)
        return cls(exposures_ms, gains[0], wishes.image_format, wishes.quality, wishes.sample, wishes.note)


@dataclass(frozen=True, slots=True)
class TimeLapse:
    """A round every `interval_s` seconds, `rounds` times. 840 rounds, one a minute, are 14 hours."""

    kind: ClassVar = Kind.TIME_LAPSE
    interval_s: float
    rounds: int
    picture: Picture = Picture()
    when_late: WhenLate | None = None

    def as_json(self) -> dict[str, Any]:
        time_plan = {"interval": self.interval_s, "loops": self.rounds}
        return self.picture.describe({"time_plan": time_plan}, whenLate=self.when_late)

    @classmethod
    def of(cls, plan: Plan) -> Self:
        interval_s, rounds = _only_phase(plan)
        return cls(interval_s, rounds, Picture.of(plan), plan.wishes.when_late)


@dataclass(frozen=True, slots=True)
class Burst:
    """`frames` frames of the running stream, as fast as the camera gives them. `when_late`: what happens if the disk is
    slower."""

    kind: ClassVar = Kind.BURST
    frames: int
    picture: Picture = Picture()
    when_late: WhenLate | None = None

    def as_json(self) -> dict[str, Any]:
        return self.picture.describe({"time_plan": {"interval": 0, "loops": self.frames}}, whenLate=self.when_late)

    @classmethod
    def of(cls, plan: Plan) -> Self:
        return cls(_only_phase(plan)[1], Picture.of(plan), plan.wishes.when_late)


@dataclass(frozen=True, slots=True)
class ExposureSeries:
    """One picture with each exposure."""

    kind: ClassVar = Kind.EXPOSURE_SERIES
    picture: Picture

    def as_json(self) -> dict[str, Any]:
        return self.picture.describe({})

    @classmethod
    def of(cls, plan: Plan) -> Self:
        return cls(Picture.of(plan))


@dataclass(frozen=True, slots=True)
class Average:
    """One picture with each exposure that is the exact sum of `frames` frames: 2, 4, 8 and so on. Divided by this
    number, it is their average, without any rounding."""

    kind: ClassVar = Kind.AVERAGE
    frames: int
    picture: Picture = Picture()

    def as_json(self) -> dict[str, Any]:
        plan = self.picture.describe({}, average=self.frames)
        # A plan must have at least one axis. With one picture that is a channel.
        return plan | {"channels": plan["channels"] or [{"config": AS_SET}]}

    @classmethod
    def of(cls, plan: Plan) -> Self:
        return cls(plan.wishes.average, Picture.of(plan))


@dataclass(frozen=True, slots=True)
class ZSeries:
    """`planes` planes upwards from the present one, `step_um` apart. The user turns the focus and says when it is
    set."""

    kind: ClassVar = Kind.Z_SERIES
    planes: int
    step_um: float
    picture: Picture = Picture()

    def as_json(self) -> dict[str, Any]:
        z_plan = {"below": 0, "above": self.step_um * (self.planes - 1), "step": self.step_um}
        # All exposures of a plane come before the user is asked for the next plane.
        return self.picture.describe({"z_plan": z_plan, "axis_order": "tpzc"}, pacing="manual")

    @classmethod
    def of(cls, plan: Plan) -> Self:
        return cls(plan.planes.count, plan.planes.step_um, Picture.of(plan)) if plan.planes else cls(1, 1)


@dataclass(frozen=True, slots=True)
class Positions:
    """One round at each place. The user moves the sample and says when it is there."""

    kind: ClassVar = Kind.POSITIONS
    names: tuple[str, ...]
    picture: Picture = Picture()

    def as_json(self) -> dict[str, Any]:
        places = [{"name": name} for name in self.names]
        return self.picture.describe({"stage_positions": places}, pacing="manual")

    @classmethod
    def of(cls, plan: Plan) -> Self:
        return cls(tuple(position.name for position in plan.positions), Picture.of(plan))


Template = TimeLapse | Burst | ExposureSeries | Average | ZSeries | Positions
TEMPLATES: Iterable[type[Template]] = (TimeLapse, Burst, ExposureSeries, Average, ZSeries, Positions)


def make_plan(template: Template, limits: PlanLimits = NO_LIMITS) -> Plan:
    """Return the plan of a template. Raises PlanRefused, like `parse_plan`."""
    return parse_plan(template.as_json(), limits)


def kind_of(plan: Plan) -> Kind:
    """Return the kind of a plan. Only what the plan does counts, not who wrote it."""
    axes = set(plan.sizes)
    if plan.is_manual and len(axes & {"z", "p"}) == 1:
        return Kind.Z_SERIES if "z" in axes else Kind.POSITIONS
    if plan.is_burst:
        return Kind.BURST
    if next(iter(plan.sizes)) == "t" and not plan.is_manual:
        return Kind.TIME_LAPSE
    if axes == {"c"}:
        return Kind.AVERAGE if plan.is_sum else Kind.EXPOSURE_SERIES
    return Kind.ADVANCED


def find_template(plan: Plan) -> Template | None:
    """Return the template, filled in, that makes exactly this plan; None if no template can say everything that the
    plan does."""
    template_type = next((one for one in TEMPLATES if one.kind is kind_of(plan)), None)
    if template_type is None:
        return None
    template = template_type.of(plan)
    try:
        return template if make_plan(template) == plan else None
    except PlanRefused:
        # For example, if planes are listed one by one, a template has no step to show.
        return None


def _only_phase(plan: Plan) -> tuple[float, int]:
    """Return interval in seconds and loops of the first phase: a template makes only one."""
    phase = plan.time.phases[0] if plan.time else Phase(timedelta(), 1, timedelta(), ("interval", "loops"))
    return phase.interval.total_seconds(), phase.loops
