"""Makes a plan from JSON. A field that is not understood is refused by name, never ignored."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from images.jobs.plan.check import check_plan
from images.jobs.plan.errors import (
    PlanFieldNotYet,
    PlanFieldsConflict,
    PlanPresetUnknown,
    PlanRefused,
    PlanValueInvalid,
)
from images.jobs.plan.limits import (
    COORDINATE_UM,
    EXPOSURE_MS,
    MAX_CHANNELS,
    MAX_POSITIONS,
    NO_LIMITS,
    PlanLimits,
)
from images.jobs.plan.parsing.fields import Field
from images.jobs.plan.parsing.json_text import check_parts, read_json
from images.jobs.plan.parsing.lines import find_line
from images.jobs.plan.parsing.parse_planes import read_planes
from images.jobs.plan.parsing.parse_time import read_time_plan
from images.jobs.plan.parsing.parse_wishes import WISH_FIELDS, read_gains, read_wishes
from images.jobs.plan.parts import Channel, StagePosition
from images.jobs.plan.plan import AXES, Plan

MAX_NAME = 100
FIELDS = ("time_plan", "stage_positions", "channels", "z_plan", "axis_order", "metadata")
# Fields of useq-schema that are not supported yet, with their neutral values: other programs write them always.
AT_DEFAULT: dict[str, tuple[Any, ...]] = {
    "grid_plan": (),
    "autofocus_plan": (),
    "setup": (),
    "keep_shutter_open_across": ([], ""),
}
CHANNEL_FIELDS = ("config", "exposure")
CHANNEL_AT_DEFAULT: dict[str, tuple[Any, ...]] = {
    "group": ("Channel",),
    "do_stack": (True,),
    "z_offset": (0,),
    "acquire_every": (1,),
    "camera": (),
}
POSITION_FIELDS = ("x", "y", "z", "name")
POSITION_AT_DEFAULT: dict[str, tuple[Any, ...]] = {
    "sequence": (),
    "properties": ([],),
    "plate_row": (),
    "plate_col": (),
    "grid_row": (),
    "grid_col": (),
    "row": (),
    "col": (),
}


def parse_plan(source: str | bytes | Mapping[str, Any], limits: PlanLimits = NO_LIMITS) -> Plan:
    """Return the plan of this JSON. No series is expanded, so a hostile plan costs no more than a small one. Raises
    PlanRefused: its `path` names the wrong field, and its `line` the line if the source is text."""
    if isinstance(source, Mapping):
        return _parse_whole(source, limits)
    text = source.decode("utf-8-sig", "replace") if isinstance(source, bytes) else source
    try:
        return _parse_whole(read_json(source), limits)
    except PlanRefused as refused:
        refused.line = refused.line or (find_line(text, refused.path) if refused.path else None)
        raise


def _parse_whole(whole: Any, limits: PlanLimits) -> Plan:
    check_parts(whole)
    root = Field(whole)
    root.check_names(FIELDS, AT_DEFAULT)
    metadata = _read_metadata(root.field("metadata"))
    wishes_field = Field(metadata.pop("microscope", {}), "metadata.microscope")
    wishes_field.check_names(WISH_FIELDS)
    channel_fields = _list_parts(root.field("channels"), MAX_CHANNELS, "channels")
    gains_db = read_gains(wishes_field, len(channel_fields), limits)
    time, planes = root.field("time_plan"), root.field("z_plan")
    plan = Plan(
        time=read_time_plan(time) if time else None,
        channels=tuple(_read_channel(*one, limits) for one in zip(channel_fields, gains_db, strict=False)),
        positions=_read_positions(root.field("stage_positions")),
        planes=read_planes(planes) if planes else None,
        wishes=read_wishes(wishes_field, None if channel_fields else gains_db[0], limits),
        other_metadata=metadata,
    )
    plan = replace(plan, axis_order=_read_axis_order(root.field("axis_order"), "".join(plan.sizes)))
    check_plan(plan, limits)
    return plan


def _read_metadata(field: Field | None) -> dict[str, Any]:
    """Return the metadata of other programs as they are."""
    if field is None:
        return {}
    if not isinstance(field.value, Mapping):
        raise PlanValueInvalid(field.path, "Must be an object.")
    return {name: value for name, value in field.value.items() if value is not None}


def _list_parts(field: Field | None, maximum: int, unit: str) -> list[Field]:
    return field.parts(maximum, unit) if field else []


def _read_channel(field: Field, gain_db: float | None, limits: PlanLimits) -> Channel:
    if isinstance(field.value, str):
        return Channel(_read_name(field, limits), None, gain_db)
    field.check_names(CHANNEL_FIELDS, CHANNEL_AT_DEFAULT)
    exposure = field.field("exposure")
    exposure_ms = exposure.number(limits.exposure_ms or EXPOSURE_MS, " ms") if exposure else None
    return Channel(_read_name(field.needed("config"), limits), exposure_ms, gain_db)


def _read_name(field: Field, limits: PlanLimits) -> str:
    name = field.text(MAX_NAME, 1)
    if limits.presets and name not in limits.presets:
        known = ", ".join(sorted(limits.presets))
        raise PlanPresetUnknown(field.path, f"This instrument has no preset {name[:40]!r}. It has {known}.")
    return name


def _read_positions(field: Field | None) -> tuple[StagePosition, ...]:
    if field and isinstance(field.value, Mapping) and "plate" in field.value:
        raise PlanFieldNotYet(f"{field.path}.plate", "Well plates are not supported yet. List the positions.")
    return tuple(_read_position(one) for one in _list_parts(field, MAX_POSITIONS, "positions"))


def _read_position(field: Field) -> StagePosition:
    field.check_names(POSITION_FIELDS, POSITION_AT_DEFAULT)
    coordinates = [field.field(axis) for axis in "xyz"]
    x_um, y_um, z_um = (one.number(COORDINATE_UM, " µm") if one else None for one in coordinates)
    name = field.field("name")
    return StagePosition(x_um, y_um, z_um, name.text(MAX_NAME) if name else "")


def _read_axis_order(field: Field | None, used: str) -> str:
    """Return the canonical order: the axes of the plan, then the axes that it does not use, in their usual order."""
    order = AXES if field is None else _read_axes(field)
    missing = [axis for axis in used if axis not in order]
    if missing and field:
        raise PlanFieldsConflict(field.path, f"Leaves out {', '.join(missing)}, which the plan uses.")
    used_in_order = "".join(axis for axis in order if axis in used)
    is_usual = used_in_order == "".join(axis for axis in AXES if axis in used)
    return AXES if is_usual else used_in_order + "".join(axis for axis in AXES if axis not in used)


def _read_axes(field: Field) -> str:
    """Read the axes, one word or a list of letters. Grids are not supported yet, so their axis changes nothing."""
    letters = field.value if isinstance(field.value, list) else list(field.text(len(AXES) + 1))
    order = [letter.lower() if isinstance(letter, str) else letter for letter in letters]
    if any(letter not in [*AXES, "g"] for letter in order) or any(order.count(letter) > 1 for letter in order):
        raise PlanValueInvalid(field.path, "Must have each of the letters t, p, c and z at most once.")
    return "".join(letter for letter in order if letter != "g")
