"""What goes wrong on a page without its user being told: errors in the console, failed requests."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response


class Incidents:
    """Every incident of a browser context's pages, as text. A test names with `expect` those that it provokes."""

    def __init__(self, context: BrowserContext) -> None:
        self._seen: list[str] = []
        self._expected: list[str] = []
        context.on("console", self._note_console)
        context.on("requestfailed", self._note_failure)
        context.on("response", self._note_refusal)
        context.on("page", self._note_page)

    def expect(self, *patterns: str) -> None:
        self._expected += patterns

    @contextmanager
    def overlook(self) -> Iterator[None]:
        """What is seen meanwhile does not count: the page is under the hands of a tool of the tests."""
        before = list(self._seen)
        yield
        self._seen = before

    def unexpected(self) -> list[str]:
        return [text for text in self._seen if not any(re.search(pattern, text) for pattern in self._expected)]

    def _note_page(self, page: Page) -> None:
        page.on("pageerror", lambda error: self._seen.append(f"uncaught: {error}"))

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self._seen.append(f"console: {message.text} ({message.location['url']})")

    def _note_failure(self, request: Request) -> None:
        """What the page let go itself, by leaving or by ending its stream, has not failed."""
        if request.failure != "net::ERR_ABORTED":
            self._seen.append(f"failed: {request.failure} {request.method} {request.url}")

    def _note_refusal(self, response: Response) -> None:
        if response.status >= 400:
            self._seen.append(f"refused: {response.status} {response.request.method} {response.url}")
