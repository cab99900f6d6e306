"""Webhooks: if each takes the events that are sent to it."""

from microscope.events.webhook import Webhook
from microscope.status.line import FINE, WARN, Line

NAME = "Webhooks"
CORRECT = (
    "Look at Webhooks in the admin: correct the address, or the program behind it. Nothing is lost: it is sent again, "
    "at least each hour."
)


def read_webhooks() -> list[Line]:
    """Describe the webhooks. Raises Django's DatabaseError and InterfaceError."""
    return [describe_webhooks(list(Webhook.objects.active()))]


def describe_webhooks(active: list[Webhook]) -> Line:
    failing = [webhook for webhook in active if webhook.failing_since]
    if not active:
        return Line(NAME, FINE, "None", "No events are sent to other programs")
    shown = f"Events are delivered to {len(active) - len(failing)} of {len(active)}"
    if not failing:
        return Line(NAME, FINE, "Delivered", shown)
    since = min(webhook.failing_since for webhook in failing if webhook.failing_since)
    names = " ".join(f"{webhook.name}: {webhook.last_problem}" for webhook in failing)
    return Line(NAME, WARN, "Failing", shown, since, CORRECT, names)
