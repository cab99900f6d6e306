"""The rows of webhooks: addresses of other programs that get events."""

import uuid
from typing import Any

from django.db import models
from django.utils import timezone

MAX_ADDRESS = 500
MAX_PROBLEM = 300
# The columns to set when a delivery has succeeded.
IS_WELL: dict[str, Any] = {"tries": 0, "next_try_at": None, "failing_since": None, "last_problem": ""}


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def active(self) -> "WebhookQuerySet":
        return self.filter(is_active=True).order_by("pk")


class Webhook(models.Model):
    """An address that gets events in their order, each at least once. Everything after `delivered_through` still waits,
    so nothing is forgotten, whatever happens to the program. `secret` is stored as it is, because each signature is
    made with it. Nothing shows it."""

    name = models.CharField(max_length=100, help_text="For people: who gets it.")
    url = models.CharField("address", max_length=MAX_ADDRESS)
    secret = models.CharField(max_length=200, editable=False)
    kinds = models.JSONField("events", default=list, blank=True, help_text="Which events; none chosen means all.")
    is_active = models.BooleanField("active", default=True)
    lasting_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    delivered_through = models.BigIntegerField(
        default=0, editable=False, help_text="Number of the event up to which all is delivered."
    )
    tries = models.PositiveIntegerField(default=0, editable=False, help_text="How often it failed since.")
    next_try_at = models.DateTimeField(null=True, editable=False)
    failing_since = models.DateTimeField(null=True, editable=False)
    last_problem = models.CharField(max_length=MAX_PROBLEM, blank=True, default="", editable=False)

    objects = WebhookQuerySet.as_manager()

    class Meta:
        db_table = "webhooks"
        # Who may oversee the program may make webhooks: see admin.py.
        default_permissions = []

    def __str__(self) -> str:
        return self.name
