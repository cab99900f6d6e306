"""Webhooks in the admin. Whoever may oversee the program makes them. The secret is never shown again."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from images.admin.deleting import GuardedDeletion
from images.admin.forms import FreshForms, SeenValuesForm
from images.admin.lists import SealedLists
from microscope.events.bell import the_bell
from microscope.events.kinds import KINDS
from microscope.events.order import settle
from microscope.events.webhook import IS_WELL, Webhook
from microscope.models import AuditEntry
from microscope.permissions import ForOverseers
from microscope.start.environment import is_web_address, names_user

MIN_SECRET = 32
SETTLE_WITHIN_S = 2.0


def find_newest() -> int:
    """Return the number from which a webhook begins. Blocks for at most SETTLE_WITHIN_S."""
    newest = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    settled = settle(SETTLE_WITHIN_S)
    # A transaction that is open for longer than this may be left out: it began before the webhook was made.
    return newest if settled is None else settled


class WebhookForm(SeenValuesForm):
    new_secret = forms.CharField(
        label="Secret",
        required=False,
        min_length=MIN_SECRET,
        max_length=200,
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text=f"Signs what is sent; at least {MIN_SECRET} characters. It is not shown again. Leave it empty to "
        "keep the one that is there.",
    )
    kinds = forms.MultipleChoiceField(
        label="Events",
        required=False,
        choices=[(kind, kind.replace("_", " ")) for kind in KINDS],
        widget=forms.CheckboxSelectMultiple,
        help_text="Which events it gets; none chosen means all.",
    )

    class Meta:
        model = Webhook
        fields = ["name", "url", "new_secret", "kinds", "is_active"]

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        if not is_web_address(url) or "#" in url:
            raise forms.ValidationError("Enter an address such as https://lab.example/events.")
        if names_user(url):
            raise forms.ValidationError("Leave user name and password out of the address: the signature proves it.")
        return url

    def clean_new_secret(self) -> str:
        secret: str = self.cleaned_data["new_secret"]
        if not secret and not self.instance.secret:
            raise forms.ValidationError("Without a secret the receiver cannot know who sends. Enter one.")
        return secret

    def save(self, commit: bool = True) -> Any:
        self.instance.secret = self.cleaned_data["new_secret"] or self.instance.secret
        return super().save(commit)


@admin.register(Webhook)
class WebhookAdmin(ForOverseers, FreshForms, SealedLists, GuardedDeletion):
    form = WebhookForm
    list_display = ["name", "is_active", "delivered_through", "failing_since", "last_problem"]
    list_filter = ["is_active"]
    fields = ["name", "url", "new_secret", "kinds", "is_active", "delivered_through", "failing_since", "last_problem"]
    readonly_fields = ["delivered_through", "failing_since", "last_problem"]
    actions = ["skip_what_waits"]

    def save_model(self, request: HttpRequest, obj: Webhook, form: forms.ModelForm, change: bool) -> None:
        """Save a webhook. A new one gets the events from now on. A changed one is tried at once."""
        if change:
            # Only the columns of the form: a delivery may write the others at the same moment.
            obj.tries, obj.next_try_at = 0, None
            obj.save(update_fields=["name", "url", "secret", "kinds", "is_active", "tries", "next_try_at"])
        else:
            obj.delivered_through = find_newest()
            obj.save()
        transaction.on_commit(the_bell().ring)

    @admin.action(description="Skip what waits: begin with what happens from now on")
    def skip_what_waits(self, request: HttpRequest, queryset: QuerySet) -> None:
        queryset.update(delivered_through=find_newest(), **IS_WELL)

    has_add_permission = has_change_permission = has_delete_permission = ForOverseers.may_oversee
