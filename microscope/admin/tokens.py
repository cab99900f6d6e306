"""Personal tokens of all users in the admin. Whoever may oversee the program lists and revokes them. Only the user of a
token makes it, and nobody sees its secret."""

from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import PersonalToken, User
from accounts.personal_tokens.tokens import living_tokens, revoke_tokens
from folding.searching import FoldedSearch
from images.admin.lists import ReadOnlyLists
from microscope.permissions import ForOverseers


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("living", "can be used"), ("ended", "revoked or expired")]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        living = living_tokens().values("pk")
        if self.value() == "living":
            return queryset.filter(pk__in=living)
        return queryset.exclude(pk__in=living) if self.value() == "ended" else queryset


@admin.register(PersonalToken)
class PersonalTokenAdmin(ForOverseers, FoldedSearch, ReadOnlyLists):
    list_display = ["name", "user", "prefix", "scope", "state", "last_used_at", "last_used_from", "expires_at"]
    list_filter = [StateFilter, "scope"]
    list_select_related = ["user", "revoked_by"]
    search_fields = ["name", "user__username"]
    search_help_text = "Words in the name of the token or its user"
    fields = ["name", "user", "prefix", "scope", "created_at", "state", "last_used_at", "last_used_from", "expires_at"]
    actions = ["revoke"]

    @admin.display(description="State")
    def state(self, token: PersonalToken) -> str:
        if token.revoked_at:
            by = f" by {token.revoked_by.get_username()}" if token.revoked_by else ""
            return f"revoked{by} {timezone.localtime(token.revoked_at):%Y-%m-%d %H:%M}"
        return "expired" if token.is_expired else "can be used"

    @admin.action(description="Revoke: the tokens open nothing from now on")
    def revoke(self, request: HttpRequest, queryset: QuerySet[PersonalToken]) -> None:
        count = revoke_tokens(queryset, cast(User, request.user))
        level = messages.SUCCESS if count else messages.WARNING
        tokens = "token was" if count == 1 else "tokens were"
        self.message_user(request, f"{count} {tokens} revoked. Who used one is told so at the next request.", level)
