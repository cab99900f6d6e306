"""Change forms of the admin. If two people open the same form, the second does not undo what the first saved."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import Model
from django.http import HttpRequest
from django.utils.functional import cached_property

SEEN_FIELD = "seen_values"
OPENED_BEFORE = "This form has expired. Nothing was saved. Check the values and save again."
THEIRS = "Somebody else changed this field. It now shows their value."
BOTH = "Somebody else changed this field too, to: {}. It shows your value."


class SeenValuesForm(forms.ModelForm):
    """A form that sends back the values with which it was opened.

    If the row has other values by then, the form is refused once. It then shows the saved values of fields that the
    user did not edit, and the user's own values elsewhere.
    """

    @property
    def seen_values(self) -> str:
        """The values for the hidden field of the page, as JSON."""
        return json.dumps(self._values_now)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.instance._state.adding:
            # A form for a new row has nothing to compare with.
            self._compare(self._read_seen())
        return cleaned

    @cached_property
    def _values_now(self) -> dict[str, Any]:
        return {name: plain(self[name].initial) for name, field in self.fields.items() if not field.disabled}

    def _read_seen(self) -> dict[str, Any] | None:
        try:
            seen = json.loads(self.data.get(SEEN_FIELD, ""))
        except ValueError:
            return None
        return seen if isinstance(seen, dict) else None

    def _compare(self, seen: dict[str, Any] | None) -> None:
        if seen is None:
            self.add_error(None, OPENED_BEFORE)
            return
        changed = [name for name, now in self._values_now.items() if self._was_changed(name, seen.get(name), now)]
        for name in changed:
            self._refuse(name, is_typed_here=self._find_typed(name) != seen.get(name))
        if changed:
            labels = ", ".join(str(self[name].label) for name in changed)
            self.add_error(None, f"Somebody else changed {labels} while this form was open. Nothing was saved.")

    def _was_changed(self, name: str, seen: Any, now: Any) -> bool:
        """Return True if somebody else changed the field since this form was opened.

        A value equal to the typed one is no conflict: this form may have saved it, and the response was lost.
        """
        return now not in (seen, self._find_typed(name))

    def _find_typed(self, name: str) -> Any:
        return plain(self.cleaned_data[name]) if name in self.cleaned_data else None

    def _refuse(self, name: str, is_typed_here: bool) -> None:
        if is_typed_here:
            self.add_error(name, BOTH.format(self._describe_now(name)))
            return
        # Else the field would show the older value, and the next attempt would save it.
        self.fields[name].bound_data = lambda data, initial: initial  # type: ignore[method-assign]
        self.add_error(name, THEIRS)

    def _describe_now(self, name: str) -> str:
        now = self[name].initial
        if isinstance(self.fields[name], forms.ModelChoiceField) and not isinstance(now, Iterable):
            now = self.fields[name].queryset.filter(pk=now).first()  # type: ignore[attr-defined]
        if isinstance(now, Iterable) and not isinstance(now, str):
            return ", ".join(map(str, now)) or "nothing"
        return str(now) if now not in (None, "") else "nothing"


class FreshForms(admin.ModelAdmin):
    """Locks the row while a form is checked and saved, so that its values cannot change in between."""

    form = SeenValuesForm

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        row = super().get_object(request, object_id, from_field)
        # Only a request that saves is within a transaction. A lock for showing a form would keep others waiting.
        if row is None or request.method != "POST" or not transaction.get_connection().in_atomic_block:
            return row
        rows = self.model._base_manager.select_for_update()
        try:
            row.refresh_from_db(from_queryset=rows)
        except self.model.DoesNotExist:
            return None
        return row


def plain(value: Any) -> Any:
    """Convert a value to JSON types. A value of a row and the same value of a form give the same result."""
    match value:
        case None:
            return ""
        case bool() | int() | float() | str():
            return value
        case Model():
            return plain(value.pk)
        case datetime():
            return value.astimezone(UTC).isoformat()
        case Iterable():
            return sorted(plain(one) for one in value)
        case _:
            return str(value)
