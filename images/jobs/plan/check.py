"""Checks if a plan as a whole makes sense, and if this instrument can do it."""

from images.jobs.plan.errors import (
    PlanFieldMissing,
    PlanFieldsConflict,
    PlanNeedsStage,
    PlanTooManySlots,
    PlanValueOutOfRange,
)
from images.jobs.plan.limits import MAX_DURATION, MAX_SLOTS, PlanLimits
from images.jobs.plan.plan import Plan


def check_plan(plan: Plan, limits: PlanLimits) -> None:
    """Raise PlanRefused for mistakes that only several fields together show."""
    if not plan.sizes:
        raise PlanFieldMissing("", "A plan needs one of time_plan, channels, stage_positions and z_plan at least.")
    if plan.expected > MAX_SLOTS:
        raise PlanTooManySlots("", f"The plan makes {plan.expected:,} pictures; a job has at most {MAX_SLOTS:,}.")
    if plan.duration > MAX_DURATION:
        raise PlanValueOutOfRange(
            "", f"The plan takes {plan.duration.days:,} days; a job takes at most {MAX_DURATION.days}."
        )
    _check_pacing(plan)
    _check_format(plan)
    _check_stages(plan, limits)
    _check_focus(plan, limits)


def _check_pacing(plan: Plan) -> None:
    if not plan.is_manual:
        return
    path = "metadata.microscope.pacing"
    if not plan.planes and not plan.positions:
        raise PlanFieldsConflict(path, "Manual needs a z_plan or stage_positions: there is nothing to set by hand.")
    if plan.time and not plan.time.is_as_fast_as_it_goes:
        raise PlanFieldsConflict(path, "A person keeps no interval: leave out time_plan, or set its interval to 0.")


def _check_format(plan: Plan) -> None:
    path = "metadata.microscope.format"
    if plan.wishes.image_format in (None, "tiff"):
        return
    if plan.is_sum:
        raise PlanFieldsConflict(path, 'A sum of frames needs more bits than this format has: it is kept as "tiff".')
    if plan.is_burst:
        raise PlanFieldsConflict(
            path, 'A burst is kept as "tiff": other formats take longer than a frame. They can be exported afterwards.'
        )


def _check_stages(plan: Plan, limits: PlanLimits) -> None:
    if plan.is_manual:
        return
    remedy = 'Set "pacing": "manual" under metadata.microscope to do it by hand.'
    if plan.planes and not limits.has_focus_stage:
        raise PlanNeedsStage("z_plan", f"This instrument cannot move its focus. {remedy}")
    for number, position in enumerate(plan.positions):
        path = f"stage_positions[{number}]"
        if position.z_um is not None and not limits.has_focus_stage:
            raise PlanNeedsStage(f"{path}.z", f"This instrument cannot move its focus. {remedy}")
        if (position.x_um, position.y_um) != (None, None) and not limits.has_xy_stage:
            raise PlanNeedsStage(path, f"This instrument has no stage to move the sample. {remedy}")


def _check_focus(plan: Plan, limits: PlanLimits) -> None:
    """Check that the planes are within the limits of the focus. Planes that are measured from the focus at the start
    are checked when that is known."""
    allowed = limits.z_um
    if allowed is None or plan.is_manual:
        return
    planes = plan.planes
    if planes and not planes.is_relative:
        places = [("z_plan", 0.0)]
    else:
        places = [(f"stage_positions[{n}].z", at.z_um) for n, at in enumerate(plan.positions) if at.z_um is not None]
    for path, z_um in places:
        ends_um = (planes.lowest_um, planes.highest_um) if planes else (0.0, 0.0)
        for end_um in ends_um:
            if z_um + end_um not in allowed:
                sentence = f"The focus moves between {allowed.minimum:g} and {allowed.maximum:g} µm; "
                raise PlanValueOutOfRange(path, f"{sentence}{z_um + end_um:g} µm was given.")
