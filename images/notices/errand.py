"""One try to deliver something, in a thread of its own: if it hangs, nothing else waits for it."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from images.notices.channels import NotDelivered

logger = logging.getLogger(__name__)

Sent = TypeVar("Sent")


class Errand(Generic[Sent]):
    """A try that has begun. `problem`: None until it has ended; then empty if the address took it, otherwise the
    reason."""

    def __init__(
        self, sent: Sent, by: str, send: Callable[[Sent], None], deadline_s: float, when_over: Callable[[], None]
    ) -> None:
        """Begins at once. `by`: the channel, for the name of the thread and the log. `when_over` is called in the
        thread of the errand."""
        self.sent = sent
        self._by = by
        self.problem: str | None = None
        self._send = send
        self._deadline_s = deadline_s
        self._ends_at_s = time.monotonic() + deadline_s
        self._when_over = when_over
        self._thread = threading.Thread(target=self._run, name=f"delivers by {by}", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def look(self) -> str | None:
        """Return `problem`. After the deadline this is a sentence, also if the thread still runs."""
        if self.problem is None and time.monotonic() > self._ends_at_s:
            return f"No answer within {self._deadline_s:g} s."
        return self.problem

    def _run(self) -> None:
        try:
            self._send(self.sent)
            self.problem = ""
        except NotDelivered as problem:
            self.problem = str(problem)
        except Exception as problem:
            # The boundary of the thread: after any error, the notice is tried again later.
            logger.exception("It could not be delivered by %s", self._by)
            self.problem = repr(problem)
        self._when_over()
