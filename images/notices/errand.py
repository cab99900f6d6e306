"""One try to deliver something, on a thread of its own: whatever hangs there holds up nothing else."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

from images.notices.channels import NotDelivered

logger = logging.getLogger(__name__)

Sent = TypeVar("Sent")


class Errand(Generic[Sent]):
    """`problem` is None until it is over; then it is empty if the address took it, else says why not."""

    def __init__(
        self, sent: Sent, by: str, send: Callable[[Sent], None], deadline_s: float, when_over: Callable[[], None]
    ) -> None:
        """Begins at once. `by` names the way, for thread and log. `when_over` is called on the errand's thread."""
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
        """Return `problem`. After the deadline that is one, even if the thread still runs."""
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
            # The thread's boundary: what fails once in sending is tried again like all else.
            logger.exception("It could not be delivered by %s", self._by)
            self.problem = repr(problem)
        self._when_over()
