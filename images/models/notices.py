"""Notices for people outside, about jobs and control, until they are delivered."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from images.own_instrument import own_instrument_id


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def waiting(self) -> "DeliveryQuerySet":
        """Return those that are neither delivered nor given up, in the order in which they were written."""
        return self.filter(state=Delivery.State.WAITING).order_by("id")

    def of_this_pc(self) -> "DeliveryQuerySet":
        """Return those about jobs of this PC, and those that are about no job: they are for users, so any PC may send
        them."""
        own = own_instrument_id()
        return self if own is None else self.filter(Q(job=None) | Q(job__instrument=own))


class Delivery(models.Model):
    """One notice on its way to one address: about a job, lost control, or the object store. It is written in the
    transaction of what it tells, so nothing is forgotten. The address may get it twice, with the same `lasting_id`."""

    # These are no events of a job. They go only to the user.
    CONTROL_LOST = "control_lost"
    # Goes to administrators, if pictures do not get into the object store.
    SPOOL_WAITS = "spool_waits"
    # These have no job, and are e-mails to users.
    TO_USERS = (CONTROL_LOST, SPOOL_WAITS)

    class Channel(models.TextChoices):
        WEBHOOK = "webhook"
        EMAIL = "email"
        PING = "ping"

    class State(models.TextChoices):
        WAITING = "waiting"
        DELIVERED = "delivered"
        OVERTAKEN = "overtaken"
        GIVEN_UP = "given_up"

    job = models.ForeignKey("images.Job", on_delete=models.CASCADE, related_name="deliveries", null=True)
    lasting_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False, help_text="The same at each try.")
    what = models.CharField(max_length=40, help_text="What happened.")
    facts = models.JSONField(help_text="What is told: how it was then.")
    channel = models.CharField(max_length=20, choices=Channel)
    recipient = models.CharField(max_length=254, blank=True, default="", help_text="Of an e-mail.")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(max_length=20, choices=State, default=State.WAITING)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    detail = models.TextField(blank=True, default="", help_text="Why it could not be delivered.")

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        db_table = "job_deliveries"
        verbose_name_plural = "deliveries"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["channel", "id"], name="job_deliveries_waiting", condition=Q(state="waiting")),
        ]

    def __str__(self) -> str:
        return f"{self.what} by {self.channel}: {self.state}"
