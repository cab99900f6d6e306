"""Users and roles in the admin."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import UserChangeForm
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from rest_framework_simplejwt.token_blacklist import admin as _tokens  # noqa: F401 (registers them)
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from accounts.models import User
from folding.searching import FoldedSearch
from images.admin.deleting import GuardedDeletion
from images.admin.forms import FreshForms, SeenValuesForm
from images.admin.lists import SealedLists
from microscope.audit import SIGN_IN_EVENTS
from microscope.models import AuditEntry

# Whoever sees a token can use it, and deleting the row of a revoked token would make it valid again.
admin.site.unregister([Group, BlacklistedToken, OutstandingToken])


class SeenUserForm(SeenValuesForm, UserChangeForm):
    pass


@admin.register(User)
class LastingUserAdmin(FoldedSearch, FreshForms, GuardedDeletion, SealedLists, UserAdmin):
    """Only a user who left no trace can be deleted, for example one whose name was misspelt."""

    instead = (
        "Clear the tick at Active instead. Then nobody can sign in with that name, and the history stays complete."
    )
    list_display = ("name", *UserAdmin.list_display[1:])
    ordering = ("folded_name",)
    search_help_text = "Words in user name, first name, last name or e-mail"
    form = SeenUserForm
    readonly_fields = (*UserAdmin.readonly_fields, "last_login", "date_joined", "lasting_id")
    fieldsets = (*(UserAdmin.fieldsets or ()), ("In files", {"fields": ("lasting_id",)}))

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Change the password in one transaction. Django writes the whole row: a sign-in meanwhile would be lost."""
        with transaction.atomic():
            return super().user_change_password(request, id, form_url)

    def find_reasons(self, rows: Any) -> list[str]:
        reasons = super().find_reasons(rows)
        deeds = AuditEntry.objects.filter(user__in=rows).exclude(what__in=SIGN_IN_EVENTS)
        if deeds.exists() or LogEntry.objects.filter(user__in=rows).exists():
            reasons.append("The audit log and files of images name that user.")
        return reasons

    @admin.display(description="User name", ordering="folded_name")
    def name(self, user: User) -> str:
        return user.get_username()


@admin.register(Group)
class RoleAdmin(FoldedSearch, FreshForms, GuardedDeletion, SealedLists, GroupAdmin):
    """The roles. Django calls them groups."""
