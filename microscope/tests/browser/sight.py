"""Reads what a page shows: the colours of its pictures, and things that appear after a while."""

import time
from collections.abc import Callable
from typing import TypeVar

from playwright.sync_api import Locator, Page

Seen = TypeVar("Seen")
PATIENCE_S = 20.0  # as long as Playwright's own expectations wait

READ_PIXELS = """(picture, [width, height]) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0, width, height);
    return [...context.getImageData(0, 0, width, height).data].filter((value, index) => index % 4 < 3);
}"""
# The FNV-1a hash of all values of the canvas, at its own size.
READ_FINGERPRINT = """canvas => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
    copy.drawImage(canvas, 0, 0);
    let sum = 2166136261;
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    for (const value of data) sum = Math.imul(sum ^ value, 16777619);
    return sum;
}"""
# A key press during the composition of a letter, as with an input method for Japanese.
COMPOSE = """(element, key) => element.dispatchEvent(
    new KeyboardEvent("keydown", { key, isComposing: true, bubbles: true, cancelable: true }))"""


def wait_until(
    page: Page, look: Callable[[], Seen], is_right: Callable[[Seen], bool], patience_s: float = PATIENCE_S
) -> Seen:
    """Look again until `is_right` accepts what was seen, and return it."""
    until_s = time.monotonic() + patience_s
    while not is_right(seen := look()):
        assert time.monotonic() < until_s, f"still {seen}"
        page.wait_for_timeout(50)  # Playwright handles the browser's events only while it waits
    return seen


def take_answers(page: Page) -> None:
    """Wait until the page has handled every answer and event that is already there. It handles them in order, and the
    answer to this request comes last."""
    page.evaluate("fetch('/health').then(({ ok }) => ok)")


def pixels(picture: Locator, width: int = 64, height: int = 36) -> list[int]:
    """Return red, green and blue of a canvas or an image, scaled down to this size."""
    return picture.evaluate(READ_PIXELS, [width, height])


def brightness(picture: Locator) -> float:
    """Return the mean of all values, 0 to 255."""
    values = pixels(picture)
    return sum(values) / len(values)


def fingerprint(canvas: Locator) -> int:
    """Return a hash of the pixels."""
    return canvas.evaluate(READ_FINGERPRINT)


def wait_for_change(page: Page) -> None:
    """Wait until the live picture differs from the present one."""
    picture = page.locator("#picture")
    before = fingerprint(picture)
    wait_until(page, lambda: fingerprint(picture), lambda now: now != before)


def draw_line(page: Page, length: float) -> None:
    """Draw a line on an image's page, from its middle along a row to the right. `length` is in screen pixels."""
    box = page.locator("#viewer").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + length, y, steps=4)
    page.mouse.up()


def live_stage(page: Page) -> Locator:
    return page.locator("#stage[data-state=live]")


def scrolls_sideways(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
