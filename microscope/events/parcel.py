"""Events on their way to one webhook."""

import json
from dataclasses import dataclass, field
from typing import Any

from images.notices.channels import post_signed
from microscope.events.feed import read_page
from microscope.events.webhook import Webhook

MAX_EVENTS = 100
MAX_BODY_BYTES = 250_000


@dataclass(frozen=True, slots=True)
class Parcel:
    """`after` and `through`: the numbers up to which all was delivered before, and will be. No text of it shows address
    or secret."""

    webhook_id: int
    url: str = field(repr=False)
    secret: str = field(repr=False)
    delivery_id: str
    after: int
    through: int
    body: bytes = field(repr=False)
    is_empty: bool


def pack(webhook: Webhook, newest: int) -> Parcel:
    """Return what is to be delivered next. Raises Django's DatabaseError."""
    after = webhook.delivered_through
    page = read_page(after, newest, MAX_EVENTS, MAX_BODY_BYTES, webhook.kinds)
    return Parcel(
        webhook.pk,
        webhook.url,
        webhook.secret,
        _name_delivery(webhook, page.events),
        after,
        page.next,
        json.dumps(page.as_json(), ensure_ascii=False).encode("utf-8", "replace"),
        is_empty=not page.events,
    )


def send_parcel(parcel: Parcel) -> None:
    """Block until the address has taken it. Uses no database. Raises NotDelivered."""
    newest = {"webhook-event-number": str(parcel.through)}
    post_signed(parcel.url, parcel.secret, parcel.delivery_id, parcel.body, newest)


def _name_delivery(webhook: Webhook, events: list[dict[str, Any]]) -> str:
    """The same for the same events. After a failed try more may have come: that is another delivery, so both ends
    count. Where the page ends does not: a sign-in moves it."""
    ends = [str(event["number"]) for event in (events[:1] + events[-1:])]
    return ".".join([str(webhook.lasting_id), *ends])
