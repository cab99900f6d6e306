"""To which addresses notices go, as the settings say."""

from dataclasses import dataclass

from django.conf import settings

from images.models import Delivery


@dataclass(frozen=True, slots=True)
class Address:
    """`recipient` is that of an e-mail."""

    channel: str
    recipient: str = ""


def list_addresses() -> list[Address]:
    mails = [Address(Delivery.Channel.EMAIL, recipient) for recipient in settings.JOB_EMAIL_TO]
    webhooks = [Address(Delivery.Channel.WEBHOOK)] if settings.JOB_WEBHOOK_URL else []
    pings = [Address(Delivery.Channel.PING)] if settings.JOB_PING_URL else []
    return [*webhooks, *mails, *pings]
