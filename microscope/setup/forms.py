"""The form of the first step."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password


class PasswordForm(forms.Form):
    """The first administrator's name and password, by the rules that hold for every user."""

    username = forms.CharField(max_length=150)
    password = forms.CharField(strip=False, widget=forms.PasswordInput, max_length=4096)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, initial={"username": settings.ADMIN_USERNAME}, **options)
        self.fields["username"].validators += get_user_model()._meta.get_field("username").validators

    def clean_password(self) -> str:
        password = self.cleaned_data["password"]
        validate_password(password, get_user_model()(username=self.cleaned_data.get("username", "")))
        return password
