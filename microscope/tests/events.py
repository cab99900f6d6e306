"""Writes events, and follows them."""

from typing import Any

from images.events import emit
from microscope.events.bell import Bell
from microscope.events.feed import Page
from microscope.events.waiting import WaitingRoom, find_page

EVENTS = "/api/v1/events"
FOREVER_S = 3600.0


def happen(image_id: int = 1, what: str = "captured", **fields: Any) -> None:
    emit(what, [(image_id, f"capture_{image_id}.jpg")], **fields)


def may_always() -> None:
    pass


def follow(after: int, wait_s: float = 0, most: int = 500, **fields: Any) -> Page:
    asked = {"bell": Bell(), "room": WaitingRoom(), "require_right": may_always, **fields}
    return find_page(after, most, wait_s, **asked)


def numbers(page: Page) -> list[int]:
    return [event["number"] for event in page.events]
