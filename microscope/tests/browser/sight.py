"""What is to be seen on a page: colours of its pictures, and things that come with time."""

import time
from collections.abc import Callable
from typing import TypeVar

from playwright.sync_api import Locator, Page

Seen = TypeVar("Seen")
PATIENCE_S = 10.0

READ_PIXELS = """(picture, [width, height]) => {
    const canvas = new OffscreenCanvas(width, height);
    const context = canvas.getContext("2d");
    context.drawImage(picture, 0, 0, width, height);
    return [...context.getImageData(0, 0, width, height).data].filter((value, index) => index % 4 < 3);
}"""
# FNV-1a over the values as they are, whatever the canvas's size.
READ_FINGERPRINT = """canvas => {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
    copy.drawImage(canvas, 0, 0);
    let sum = 2166136261;
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    for (const value of data) sum = Math.imul(sum ^ value, 16777619);
    return sum;
}"""


def wait_until(page: Page, look: Callable[[], Seen], is_right: Callable[[Seen], bool]) -> Seen:
    """Look again and again until it is right; answers what was seen then."""
    until_s = time.monotonic() + PATIENCE_S
    while not is_right(seen := look()):
        assert time.monotonic() < until_s, f"still {seen}"
        page.wait_for_timeout(50)  # the browser's events come in meanwhile
    return seen


def pixels(picture: Locator, width: int = 64, height: int = 36) -> list[int]:
    """Red, green and blue of a canvas or an image, made that small."""
    return picture.evaluate(READ_PIXELS, [width, height])


def brightness(picture: Locator) -> float:
    """Mean of all values, 0 to 255."""
    values = pixels(picture)
    return sum(values) / len(values)


def fingerprint(canvas: Locator) -> int:
    """The same for the same pixels, and for no others that are likely to be met."""
    return canvas.evaluate(READ_FINGERPRINT)


def wait_for_change(page: Page) -> None:
    """Until the live picture is another one than now."""
    picture = page.locator("#picture")
    before = fingerprint(picture)
    wait_until(page, lambda: fingerprint(picture), lambda now: now != before)


def draw_line(page: Page, length: float) -> None:
    """On the picture of an image's page, along a row to the right of its middle; `length` in pixels of the screen."""
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
