"""The form of the profile page that makes a personal token."""

from datetime import datetime, timedelta

from django import forms
from django.utils import timezone

from accounts.models import PersonalToken
from accounts.personal_tokens.tokens import MAX_NAME_LENGTH

DAYS = [(30, "30 days"), (90, "90 days"), (365, "1 year")]


class NewTokenForm(forms.Form):
    name = forms.CharField(max_length=MAX_NAME_LENGTH)
    scope = forms.ChoiceField(choices=PersonalToken.Scope.choices)
    days = forms.TypedChoiceField(choices=DAYS, coerce=int)

    @property
    def ends(self) -> list[tuple[int, str, datetime]]:
        """Return each choice of an end: days, words, and the day on which a token made now would end."""
        now = timezone.now()
        return [(days, words, now + timedelta(days=days)) for days, words in DAYS]
