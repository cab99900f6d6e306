"""The addresses to which notices go, from the settings."""

from dataclasses import dataclass

from django.conf import settings

from images.models import Delivery


@dataclass(frozen=True, slots=True)
class Address:
    """One address and its channel. `recipient`: only for e-mail."""

    channel: str
    recipient: str = ""


def list_addresses() -> list[Address]:
    """Return the addresses that get notices about jobs."""
    mails = [Address(Delivery.Channel.EMAIL, recipient) for recipient in settings.JOB_EMAIL_TO]
    webhooks = [Address(Delivery.Channel.WEBHOOK)] if settings.JOB_WEBHOOK_URL else []
    pings = [Address(Delivery.Channel.PING)] if settings.JOB_PING_URL else []
    return [*webhooks, *mails, *pings]


def can_mail() -> bool:
    """Return True if e-mail is set up. Then users get e-mails about things that concern only them."""
    return bool(settings.EMAIL_HOST and settings.DEFAULT_FROM_EMAIL)


def list_channels() -> set[str]:
    """Return the channels by which notices can go out."""
    to_users = {Delivery.Channel.EMAIL} if can_mail() else set()
    return to_users | {address.channel for address in list_addresses()}
