"""The reasons why a plan is refused."""

from typing import Any

from images.errors import LibraryError


class PlanRefused(LibraryError):
    """The plan of a job is refused. `path` names the wrong field, as in `channels[1].exposure`; it is empty if the
    whole plan is wrong. `line` is the line of that field, from 1, if the plan came as text."""

    code = "plan_refused"

    def __init__(self, path: str, sentence: str, line: int | None = None) -> None:
        super().__init__(f"{path}: {sentence}" if path else sentence, {path or "plan": [sentence]})
        self.path = path
        self.sentence = sentence
        self.line = line

    @property
    def details(self) -> dict[str, Any]:
        """Return a part of the HTTP response: a page shows the sentence beside the line."""
        return {"path": self.path, "line": self.line}


class PlanUnreadable(PlanRefused):
    """The text is no JSON, or two programs would read it differently."""

    code = "plan_unreadable"


class PlanTooLarge(PlanRefused):
    """The text is too long, too deeply nested or has too many parts."""

    code = "plan_too_large"


class PlanFieldUnknown(PlanRefused):
    """The plan has a field that this program does not know."""

    code = "plan_field_unknown"


class PlanFieldNotYet(PlanRefused):
    """The plan has a field of useq-schema that this program does not support yet."""

    code = "plan_field_not_yet"


class PlanFieldMissing(PlanRefused):
    """The plan lacks a required field."""

    code = "plan_field_missing"


class PlanValueInvalid(PlanRefused):
    """A value has the wrong type or form: text for a number, an unknown choice, an invalid time."""

    code = "plan_value_invalid"


class PlanValueOutOfRange(PlanRefused):
    """A number is outside its limits, or outside the limits of this instrument."""

    code = "plan_value_out_of_range"


class PlanFieldsConflict(PlanRefused):
    """Two fields of the plan contradict each other."""

    code = "plan_fields_conflict"


class PlanStepUneven(PlanRefused):
    """The step between planes does not divide their range."""

    code = "plan_step_uneven"


class PlanTooManySlots(PlanRefused):
    """The plan has more pictures than one job may have."""

    code = "plan_too_many_slots"


class PlanPresetUnknown(PlanRefused):
    """A channel names no preset of this instrument."""

    code = "plan_preset_unknown"


class PlanNeedsStage(PlanRefused):
    """The plan moves something that this instrument cannot move."""

    code = "plan_needs_stage"


class PlanStartInvalid(PlanRefused):
    """A job cannot start at this time."""

    code = "plan_start_invalid"
