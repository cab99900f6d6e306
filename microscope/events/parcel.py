"""A parcel: the events of one delivery to one webhook."""

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
    """`after` and `through`: the numbers up to which everything was delivered before, and will be after this parcel.
    Its `repr` shows neither address nor secret."""

    webhook_id: int
    url: str = field(repr=False)
    secret: str = field(repr=False)
    delivery_id: str
    after: int
    through: int
    body: bytes = field(repr=False)
    is_empty: bool


def pack(webhook: Webhook, newest: int) -> Parcel:
    """Return the next parcel. Raises Django's DatabaseError."""
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
    """Send a parcel. Blocks until the address has taken it. Makes no query. Raises NotDelivered."""
    newest = {"webhook-event-number": str(parcel.through)}
    post_signed(parcel.url, parcel.secret, parcel.delivery_id, parcel.body, newest)


def _name_delivery(webhook: Webhook, events: list[dict[str, Any]]) -> str:
    """Return an id for the delivery: the same for the same events, so that a receiver notices a repetition. After a
    failed try there may be more events. That is another delivery, so the first and the last event count. The end of the
    page does not count, because entries that are no events move it."""
    ends = [str(event["number"]) for event in (events[:1] + events[-1:])]
    return ".".join([str(webhook.lasting_id), *ends])
