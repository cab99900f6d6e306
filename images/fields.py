"""Fields of requests that take nothing for what it is not: no text for a number, no number for a text."""

import math
import re
from typing import Any

from rest_framework import serializers

CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class FiniteField(serializers.FloatField):
    """A JSON number, neither NaN nor infinite."""

    default_error_messages = {"invalid": "Must be a number."}

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, int | float):
            self.fail("invalid")
        try:
            value = float(data)
        except OverflowError:
            self.fail("invalid")
        if not math.isfinite(value):
            self.fail("invalid")
        return value


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction; no text that looks like one."""

    default_error_messages = {"invalid": "Must be a whole number."}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


class TextField(serializers.CharField):
    """A JSON string, of any characters that can be seen or break a line."""

    default_error_messages = {"control": "Must not hold control characters."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if CONTROL_CHARACTERS.search(data):
            self.fail("control")
        return super().to_internal_value(data)


class IdField(serializers.UUIDField):
    """A UUID as text; no number that could be made one."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class SampleField(TextField):
    def __init__(self, **options: Any) -> None:
        super().__init__(allow_blank=True, max_length=200, help_text="What lies under the microscope.", **options)


class NoteField(TextField):
    def __init__(self, **options: Any) -> None:
        super().__init__(allow_blank=True, max_length=10_000, trim_whitespace=False, **options)
