"""Faults on a page that its user does not see: errors in the console, failed requests."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, Response


class Incidents:
    """Every incident of a browser context's pages, as text. A test calls `expect` for incidents that it provokes."""

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
        """Ignore incidents during the block, because a tool of the tests changes the page."""
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
        """Requests that the page aborts itself, because it is left or ends its stream, are no incidents."""
        if request.failure != "net::ERR_ABORTED":
            self._seen.append(f"failed: {request.failure} {request.method} {request.url}")

    def _note_refusal(self, response: Response) -> None:
        if response.status >= 400:
            self._seen.append(f"refused: {response.status} {response.request.method} {response.url}")
