"""The fields of an image that users write, and may change later: one table. Record, row, sidecar, API, command, pages,
admin and search are made from it. docs/develop/add-a-field.md says how to add one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class EditableField:
    """`column` is the column of the row, and the argument of `capture_image` and `edit_image`. `key` is its name in
    record and sidecar, there inside the object `group` if it has one. `max_length` is for texts; a field without it is
    a number. `is_searched` is for texts."""

    column: str
    key: str
    api_name: str
    label: str
    help_text: str = ""
    group: str = ""
    max_length: int | None = None
    is_multiline: bool = False
    is_searched: bool = False

    @property
    def is_text(self) -> bool:
        return self.max_length is not None

    @property
    def empty(self) -> str | None:
        """The value in the row if nobody wrote one."""
        return "" if self.is_text else None

    @property
    def top_key(self) -> str:
        """The name at the top of record and sidecar."""
        return self.group or self.key


EDITABLE_FIELDS = (
    EditableField(
        "sample", "sample", "sample", "Sample", "What lies under the microscope.", max_length=200, is_searched=True
    ),
    EditableField("note", "note", "note", "Note", max_length=10_000, is_multiline=True, is_searched=True),
    EditableField("x_position", "x", "xPosition", "Stage position", "Of the stage.", group="position"),
    EditableField("y_position", "y", "yPosition", "Stage position", group="position"),
    EditableField("z_position", "z", "zPosition", "Stage position", group="position"),
)
EDITABLE_COLUMNS = tuple(field.column for field in EDITABLE_FIELDS)
TEXTS = tuple(field for field in EDITABLE_FIELDS if field.is_text)
NUMBERS = tuple(field for field in EDITABLE_FIELDS if not field.is_text)
SEARCHED_COLUMNS = tuple(field.column for field in TEXTS if field.is_searched)
# In history and on pages one label is for all numbers of a group.
LABELS = {field.top_key: field.label for field in EDITABLE_FIELDS}


def take_editable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of `values` (by column) that belongs to editable fields."""
    return {column: values[column] for column in EDITABLE_COLUMNS if column in values}


def require_editable(columns: Iterable[str]) -> None:
    """Raise TypeError if one of these columns is no editable field."""
    if unknown := sorted(set(columns) - set(EDITABLE_COLUMNS)):
        raise TypeError(f"No editable field of an image: {', '.join(unknown)}.")


def values_in_row(image: Any) -> dict[str, Any]:
    """Return the values by column. `image` is a row, or anything else that has the columns as attributes."""
    return {column: getattr(image, column) for column in EDITABLE_COLUMNS}


def read_nested(holder: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values by column, from a record or from the values of a sidecar. A field that `holder` lacks is left
    out: an earlier version wrote it, which did not know the field. Raises KeyError or TypeError if a group is
    damaged."""
    values = {}
    for field in EDITABLE_FIELDS:
        if field.top_key in holder:
            value = (holder[field.group] if field.group else holder)[field.key]
            # Records write None for an empty text, rows hold "".
            values[field.column] = field.empty if value is None else value
    return values


def nest(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values in the form of a sidecar:
    `{"sample": "", "note": "", "position": {"x": None, "y": None, "z": None}}`. A column that `values` lacks is
    empty."""
    nested: dict[str, Any] = {}
    for field in EDITABLE_FIELDS:
        inside = nested.setdefault(field.group, {}) if field.group else nested
        inside[field.key] = values.get(field.column, field.empty)
    return nested


def nest_for_record(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values in the form of a record, in which an empty text is None."""
    return {key: None if value == "" else value for key, value in nest(values).items()}


def describe_value(value: Any) -> str:
    """Return a value of a record or sidecar as text. A group becomes `X 1.5, Y -2`; numbers that are None are left
    out."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key.upper()} {number:g}" for key, number in value.items() if number is not None)
    return "" if value is None else str(value)


def join_words(labels: Iterable[str], last: str) -> str:
    """Return `file name, sample, note or job` if `last` is "or"."""
    *some, end = [label[:1].lower() + label[1:] for label in labels]
    return f" {last} ".join(part for part in (", ".join(some), end) if part)


SEARCHED_IN_WORDS = join_words(["File name", *(field.label for field in TEXTS if field.is_searched), "job"], "or")
