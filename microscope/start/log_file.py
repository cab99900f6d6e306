"""The log in the data folder. One process writes it and begins a new file when it is full; commands write none."""

import logging
from logging.handlers import RotatingFileHandler
from pathlib import Path

from filelock import FileLock, Timeout

from microscope.start.log_lines import FileLineFormatter

logger = logging.getLogger(__name__)

FOLDER, FILE, LOCK = "log", "microscope.log", "microscope.lock"
MAX_BYTES, KEPT_FILES = 5_000_000, 5


class LogFileHandler(RotatingFileHandler):
    """Never raises: the console has the same lines, and a full disk must not stop the program."""

    def doRollover(self) -> None:  # noqa: N802 (the library's name)
        try:
            super().doRollover()
        except OSError:
            # Windows cannot rename a file that somebody reads. Then the same file is continued, and the next line tries
            # again.
            if self.stream is None:
                self.stream = self._open()

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 (the library's name)
        """Do nothing. The library would print a traceback for each line."""


class LogFile:
    """Writes all lines of the log into the folder, from `begin` to `end`."""

    def __init__(self, data_path: Path, max_bytes: int = MAX_BYTES) -> None:
        self._folder = data_path / FOLDER
        # Any thread may call `end`, also one that did not take the lock.
        self._lock = FileLock(self._folder / LOCK, thread_local=False)
        self._max_bytes = max_bytes
        self._handler: LogFileHandler | None = None

    def begin(self) -> None:
        """Start writing. Never raises: without the file, the log is only on the console."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
            handler = LogFileHandler(
                self._folder / FILE, maxBytes=self._max_bytes, backupCount=KEPT_FILES, encoding="utf-8"
            )
        except Timeout:
            logger.warning("Another process of this program writes the log in %s.", self._folder)
            return
        except (OSError, NotImplementedError) as problem:  # the latter from a file system that knows no locks
            logger.warning("No log can be written in %s: %s", self._folder, problem)
            return
        handler.setFormatter(FileLineFormatter("{message}", style="{"))
        self._handler = handler
        logging.getLogger().addHandler(handler)

    def end(self) -> None:
        if self._handler is not None:
            logging.getLogger().removeHandler(self._handler)
            self._handler.close()
            self._handler = None
        self._lock.release()


def log_files(data_path: Path) -> list[Path]:
    """Return the files of the log that there are, the newest first."""
    newest = data_path / FOLDER / FILE
    every = [newest, *(newest.with_name(f"{FILE}.{number}") for number in range(1, KEPT_FILES + 1))]
    return [path for path in every if path.exists()]
