"""Strict request fields: they do not convert a text to a number, or a number to a text."""

import math
import re
from typing import Any

from rest_framework import serializers

from images.editable_fields import EDITABLE_FIELDS, EditableField

CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class FiniteField(serializers.FloatField):
    """A JSON number. Rejects NaN, infinity, texts and booleans."""

    default_error_messages = {"invalid": "Must be a number."}

    def to_internal_value(self, data: Any) -> float:
        # In Python, True is also an int.
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
    """A JSON integer. Rejects texts, booleans and numbers with a fraction, even 1.0."""

    default_error_messages = {"invalid": "Must be a whole number."}

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return data


class TextField(serializers.CharField):
    """A JSON string without control characters, except tab and line breaks."""

    default_error_messages = {"control": "Must not contain control characters."}

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if CONTROL_CHARACTERS.search(data):
            self.fail("control")
        return super().to_internal_value(data)


class IdField(serializers.UUIDField):
    """A UUID as text. Django REST framework would also convert integers to UUIDs."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class WithEditableFields(serializers.Serializer):
    """Adds the editable fields of an image, all optional. In the validated data their keys are the columns."""

    def get_fields(self) -> dict[str, serializers.Field]:
        return {**super().get_fields(), **{field.api_name: _field_of(field) for field in EDITABLE_FIELDS}}


def _field_of(field: EditableField) -> serializers.Field:
    options: dict[str, Any] = {"required": False, "help_text": field.help_text or None}
    if field.column != field.api_name:
        options["source"] = field.column
    if not field.is_text:
        return FiniteField(allow_null=True, **options)
    return TextField(allow_blank=True, max_length=field.max_length, trim_whitespace=not field.is_multiline, **options)
