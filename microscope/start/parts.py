"""Starts the long-lived objects of the process in order, and closes them in reverse, each within its deadline."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

logger = logging.getLogger(__name__)

PATIENCE_S = 5.0


def start_at_first_use() -> None:
    """The `start` of a part that starts by itself when it is used first."""


@dataclass(frozen=True, slots=True)
class Part:
    """A long-lived object. `start` raises if the program cannot run without it, and has then cleaned up after itself.
    `close` may block, and runs in its own thread."""

    name: str
    close: Callable[[], object]
    start: Callable[[], object] = start_at_first_use
    deadline_s: float = PATIENCE_S


@contextmanager
def running(parts: Sequence[Part]) -> Iterator[Callable[[], None]]:
    """Start all parts, and close them at the end of the block. If one cannot start, close those that have started.

    Yields a function that closes them earlier. Any thread may call it. The block must not end before it has returned.
    """
    with ExitStack() as started:
        for part in parts:
            part.start()
            started.callback(close_in_time, part)
        yield started.close


def close_in_time(part: Part) -> None:
    """Close the part. Blocks at most until its deadline, because a part that hangs must not keep the others open."""
    thread = threading.Thread(target=_close_or_report, args=(part,), name=f"closes {part.name}", daemon=True)
    thread.start()
    thread.join(part.deadline_s)
    if thread.is_alive():
        logger.warning("The %s did not end within %g s. It is left behind.", part.name, part.deadline_s)


def _close_or_report(part: Part) -> None:
    try:
        part.close()
    except Exception:
        # The boundary of the thread: a part that fails to close must not keep the others open.
        logger.exception("The %s could not be closed properly", part.name)
