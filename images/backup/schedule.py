"""Makes a backup each day. One thread starts `manage.py backup` as a process of its own, with a low priority."""

import logging
import threading
from datetime import datetime, timedelta
from pathlib import Path

from django.utils import timezone

from images.backup.other_process import run_command
from images.backup.state import FAILED, BackupState, read_state

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 10.0
ENDING_S = 2.0
FAILED_CODE = 1
RETRY_AFTER = timedelta(hours=1)
# A time further in the future was noted while the clock was wrong.
MAX_AHEAD = timedelta(hours=1)


def is_due(state: BackupState, folder: Path, hour: int, now: datetime) -> bool:
    """Return True if a backup to this folder must be made now. That is so if none was finished since that hour was last
    reached, and none failed within the last hour. `now` is local time."""
    last = state.last_backup
    if last and last.result == FAILED and timedelta(0) <= now - last.ended < RETRY_AFTER:
        return False
    # A backup to another folder does not count: the user may have changed the setting because that disk failed.
    finished = state.last_finished_backup
    if finished is None or not Path(finished.place).is_relative_to(folder):
        return True
    due_at = now.replace(hour=hour, minute=0, second=0, microsecond=0)
    due_at -= timedelta(days=1) if due_at > now else timedelta(0)
    return finished.ended < due_at or finished.ended > now + MAX_AHEAD


class BackupSchedule:
    """Makes a backup when one is due. Looks every ten seconds."""

    def __init__(
        self, folder: Path | None, hour: int, data_path: Path, manage: Path, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        """`folder`: the folder of backups; None for no backups, and then there is no thread. `manage`: the program's
        `manage.py`."""
        self._folder = folder
        self._hour = hour
        self._data_path = data_path
        self._manage = manage
        self._look_every_s = look_every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="backup", daemon=True)

    def begin(self) -> None:
        if self._folder is not None:
            self._thread.start()

    def end(self) -> None:
        """Interrupt a running backup, and wait briefly for its end. The next backup continues from there."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(ENDING_S)

    def _run(self) -> None:
        while not self._stop.wait(self._look_every_s):
            try:
                if self._folder and self._is_due(self._folder):
                    self._back_up(self._folder)
            except Exception:
                # The thread's boundary: after one failed backup, the next ones must still be made.
                logger.exception("The daily backup could not be begun")
                self._stop.wait(RETRY_AFTER.total_seconds())

    def _is_due(self, folder: Path) -> bool:
        return is_due(read_state(self._data_path), folder, self._hour, timezone.localtime())

    def _back_up(self, folder: Path) -> None:
        logger.info("The daily backup to %s begins", folder)
        lines: list[str] = []
        code = run_command(self._manage, ["backup", str(folder), "-v0"], {}, self._stop, lines.append)
        said = " ".join(lines)
        if self._stop.is_set():
            logger.info("The daily backup was interrupted. It is gone on with at the next start.")
        elif code:
            logger.error("The daily backup ended with exit code %d: %s", code, said)
            self._stop.wait(RETRY_AFTER.total_seconds() if code == FAILED_CODE else 0)
        else:
            logger.info("The daily backup is made: %s", said)
