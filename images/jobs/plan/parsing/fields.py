"""The fields of a plan while it is read. Each knows its path, and accepts only its own type."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from camera.drivers.limits import Range
from images.jobs.plan.errors import (
    PlanFieldMissing,
    PlanFieldNotYet,
    PlanFieldUnknown,
    PlanValueInvalid,
    PlanValueOutOfRange,
)


@dataclass(frozen=True, slots=True)
class Field:
    """A value in the JSON of a plan, and its path, as in `channels[1].exposure`. Null counts as left out. The methods
    that return a value raise PlanRefused, with the path, if the plan holds another kind of value, or one beyond the
    limits."""

    value: Any
    path: str = ""

    def field(self, name: str) -> "Field | None":
        """Return the field of this name of an object; None if it is left out."""
        value = self.value.get(name)
        return None if value is None else self._child(name, value)

    def needed(self, name: str) -> "Field":
        found = self.field(name)
        if found is None:
            raise PlanFieldMissing(self._path_of(name), "Is needed.")
        return found

    def check_names(self, known: Iterable[str], defaults: Mapping[str, tuple[Any, ...]] | None = None) -> None:
        """Raise PlanFieldUnknown for a field that is not in `known` and is none of useq-schema. Raise PlanFieldNotYet
        for a field of useq-schema that has another value than in `defaults`: with that value it would change
        nothing."""
        if not isinstance(self.value, Mapping):
            raise PlanValueInvalid(self.path, f"Must be an object; {_kind_of(self.value)} was given.")
        for name, value in self.value.items():
            if name in known:
                continue
            if defaults is None or name not in defaults:
                raise PlanFieldUnknown(self._path_of(str(name)[:60]), f"Is not a field of a plan. {_list_known(known)}")
            if value is not None and value not in defaults[name]:
                raise PlanFieldNotYet(self._path_of(name), "Is not supported yet. Leave it out.")

    def parts(self, maximum: int, unit: str) -> list["Field"]:
        """Return the parts of a list, each as a field."""
        if not isinstance(self.value, (list, tuple)):
            raise PlanValueInvalid(self.path, f"Must be a list; {_kind_of(self.value)} was given.")
        if len(self.value) > maximum:
            raise PlanValueOutOfRange(
                self.path, f"At most {maximum:,} {unit} are possible; {len(self.value):,} were given."
            )
        return [Field(value, f"{self.path}[{place}]") for place, value in enumerate(self.value)]

    def number(self, allowed: Range, unit: str = "") -> float:
        """Return a JSON number within these limits."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise PlanValueInvalid(self.path, f"Must be a number; {_kind_of(self.value)} was given.")
        # A whole number may be too large to become a float.
        if not allowed.minimum <= self.value <= allowed.maximum and self.value not in allowed:
            limits = f"{allowed.minimum:,.10g} and {allowed.maximum:,.10g}{unit}"
            raise PlanValueOutOfRange(self.path, f"Must be between {limits}; {_short(self.value)} was given.")
        return float(self.value)

    def whole(self, minimum: int, maximum: int) -> int:
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value // 1:
            raise PlanValueInvalid(self.path, f"Must be a whole number; {_kind_of(value)} was given.")
        if not minimum <= value <= maximum:
            sentence = f"Must be between {minimum:,} and {maximum:,}; {_short(value)} was given."
            raise PlanValueOutOfRange(self.path, sentence)
        return int(value)

    def text(self, max_length: int, min_length: int = 0) -> str:
        if not isinstance(self.value, str):
            raise PlanValueInvalid(self.path, f"Must be text; {_kind_of(self.value)} was given.")
        if not min_length <= len(self.value) <= max_length:
            sentence = f"Must have {min_length} to {max_length:,} characters; it has {len(self.value):,}."
            raise PlanValueOutOfRange(self.path, sentence)
        return self.value

    def choice(self, choices: Iterable[str]) -> str:
        if self.value not in list(choices):
            raise PlanValueInvalid(self.path, f"Must be one of {', '.join(choices)}; {_short(self.value)} was given.")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise PlanValueInvalid(self.path, f"Must be true or false; {_kind_of(self.value)} was given.")
        return self.value

    def _child(self, name: str, value: Any) -> "Field":
        return Field(value, self._path_of(name))

    def _path_of(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def _list_known(known: Iterable[str]) -> str:
    return f"Known here: {', '.join(known)}."


def _kind_of(value: Any) -> str:
    kinds = {bool: "true or false", str: "text", type(None): "null", dict: "an object", list: "a list"}
    return kinds.get(type(value)) or _short(value)


def _short(value: Any) -> str:
    """Return the value as text, cut so that it fits into a sentence."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)[:40]
    return f"{value:,.15g}" if abs(value) < 10**15 else "a number of more than 15 digits"
