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
        # Both ends: after a failed try more events may have come, and that is another delivery.
        f"{webhook.lasting_id}.{_first_of(page.events, after)}.{page.next}",
        after,
        page.next,
        json.dumps(page.as_json(), ensure_ascii=False).encode("utf-8", "replace"),
        is_empty=not page.events,
    )


def send_parcel(parcel: Parcel) -> None:
    """Block until the address has taken it. Uses no database. Raises NotDelivered."""
    newest = {"webhook-event-number": str(parcel.through)}
    post_signed(parcel.url, parcel.secret, parcel.delivery_id, parcel.body, newest)


def _first_of(events: list[dict[str, Any]], after: int) -> int:
    return int(events[0]["number"]) if events else after
