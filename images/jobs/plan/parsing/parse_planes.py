"""Reads `z_plan`: top and bottom, range around, above and below, or a list of planes."""

from images.jobs.plan.errors import (
    PlanFieldsConflict,
    PlanStepUneven,
    PlanTooManySlots,
    PlanValueInvalid,
    PlanValueOutOfRange,
)
from images.jobs.plan.limits import COORDINATE_UM, MAX_PLANES, STEP_UM
from images.jobs.plan.parsing.fields import Field
from images.jobs.plan.planes import Planes

FORMS = (("top", "bottom", "step"), ("range", "step"), ("above", "below", "step"), ("relative",), ("absolute",))
FIELDS = ("top", "bottom", "range", "above", "below", "step", "relative", "absolute", "go_up")
# A step may miss the top by this part of itself, because 0.1 has no exact binary form.
TOLERANCE = 1e-6


def read_planes(field: Field) -> Planes:
    """Return the planes, in micrometres. Raises PlanRefused."""
    field.check_names(FIELDS)
    given = {name for name in FIELDS if name != "go_up" and field.field(name)}
    form = next((form for form in FORMS if set(form) == given), None)
    if form is None:
        forms = "; ".join(" with ".join(form) for form in FORMS)
        raise PlanFieldsConflict(field.path, f"Needs the fields of one form: {forms}.")
    goes_up = field.field("go_up")
    is_up = goes_up.flag() if goes_up else True
    return _read_list(field, form[0], is_up) if len(form) == 1 else _read_range(field, form, is_up)


def _read_list(field: Field, form: str, goes_up: bool) -> Planes:
    planes = field.needed(form).parts(MAX_PLANES, "planes")
    if not planes:
        raise PlanValueInvalid(f"{field.path}.{form}", "Needs one plane at least.")
    listed_um = tuple(plane.number(COORDINATE_UM, " µm") for plane in planes)
    return Planes(len(planes), form == "relative", {form: list(listed_um)}, goes_up, listed_um=listed_um)


def _read_range(field: Field, form: tuple[str, ...], goes_up: bool) -> Planes:
    values = {name: field.needed(name).number(COORDINATE_UM, " µm") for name in form if name != "step"}
    step_um = field.needed("step").number(STEP_UM, " µm")
    bottom_um, top_um = _ends_of(field, values)
    steps = _count_steps(field, bottom_um, top_um, step_um)
    given = values | {"step": step_um}
    return Planes(steps + 1, "top" not in values, given, goes_up, bottom_um, top_um, step_um)


def _ends_of(field: Field, values: dict[str, float]) -> tuple[float, float]:
    if "top" in values:
        if values["top"] < values["bottom"]:
            raise PlanFieldsConflict(f"{field.path}.top", "Must not lie below bottom. To go down, set go_up to false.")
        return values["bottom"], values["top"]
    for name, value in values.items():
        if value < 0:
            raise PlanValueOutOfRange(f"{field.path}.{name}", f"Must not be negative; {value:g} was given.")
    if "range" in values:
        return -values["range"] / 2, values["range"] / 2
    return -values["below"], values["above"]


def _count_steps(field: Field, bottom_um: float, top_um: float, step_um: float) -> int:
    """Return the number of steps. useq-schema allows the last plane to lie up to half a step above the top; here no
    plane lies above it. Raises PlanStepUneven with the two nearest possibilities."""
    exact = (top_um - bottom_um) / step_um
    steps = round(exact)
    if steps + 1 > MAX_PLANES:
        raise PlanTooManySlots(field.path, f"Makes {steps + 1:,} planes; at most {MAX_PLANES:,} are possible.")
    if abs(exact - steps) > TOLERANCE:
        raise PlanStepUneven(f"{field.path}.step", _offer_choices(bottom_um, top_um, step_um))
    return steps


def _offer_choices(bottom_um: float, top_um: float, step_um: float) -> str:
    range_um = top_um - bottom_um
    fitting = int(range_um / step_um)
    nearest = max(round(range_um / step_um), 1)
    fewer = f"{fitting + 1:,} planes up to" if fitting else "1 plane at"
    return (
        f"Steps of {step_um:g} µm do not lead from {bottom_um:g} to {top_um:g} µm. Choose: "
        f"{fewer} {bottom_um + fitting * step_um:.6g} µm, "
        f"or {nearest + 1:,} planes with a step of {range_um / nearest:.6g} µm."
    )
