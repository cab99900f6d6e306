"""Show the progress of a long command, on a terminal or in a file that its output goes to."""

import time
from typing import Any

ON_TERMINAL_S = 0.2
IN_FILE_S = 10.0


class Progress:
    """On a terminal, one line that is overwritten; elsewhere a new line every IN_FILE_S seconds.

    Writes only ASCII, because a terminal on Windows may not have other characters.
    """

    def __init__(self, stream: Any, noun: str) -> None:
        """`stream`: the output of the command. `noun`: what is counted, in the plural."""
        self._stream = stream
        self._noun = noun
        self._is_terminal = bool(getattr(stream, "isatty", lambda: False)())
        self._began_s = self._said_s = time.monotonic()
        self._began_at: int | None = None
        self._length = 0

    def say(self, done: int, total: int, more: str = "") -> None:
        """Write the progress, unless the last time was too recent. `more` is appended."""
        now_s = time.monotonic()
        # A command that continues earlier work starts with a large number. It must not count for the speed.
        if self._began_at is None:
            self._began_at = done
        if now_s - self._said_s >= (ON_TERMINAL_S if self._is_terminal else IN_FILE_S):
            self._said_s = now_s
            self._write(describe(done, total, (done - self._began_at) / (now_s - self._began_s), self._noun) + more)

    def report(self, line: str) -> None:
        """Write a line that is not overwritten."""
        self.clear()
        self._stream.write(_ascii(line))
        self._stream.flush()

    def clear(self) -> None:
        """Erase the line that is overwritten."""
        if self._length:
            self._stream.write("\r" + " " * self._length + "\r", ending="")
            self._length = 0

    def _write(self, text: str) -> None:
        text = _ascii(text)
        if not self._is_terminal:
            self._stream.write(text)
        else:
            # Padded, so that a shorter line erases the rest of the longer one before.
            self._stream.write("\r" + text.ljust(self._length), ending="")
            self._length = len(text)
        self._stream.flush()


def describe(done: int, total: int, per_second: float, noun: str) -> str:
    """Return a line such as `1,200 of 40,000 images, 310 a second, 2 min left`."""
    left_s = (total - done) / per_second if per_second > 0 else None
    left = "" if left_s is None or left_s < 0 else f", {_duration(left_s)} left"
    return f"{done:,} of {max(total, done):,} {noun}, {per_second:,.0f} a second{left}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _ascii(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii")
