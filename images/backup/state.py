"""The results of the last backups and drills of this installation. They are in a small file in the data folder, which
commands write and the server reads."""

import json
import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from filelock import FileLock

from camera.durable_files import replace_file

logger = logging.getLogger(__name__)

FILE = "backups.json"
# Days on which the PC was off cause no warning.
OVERDUE_AFTER = timedelta(days=3)

WHOLE, FINDINGS, FAILED, INTERRUPTED = "whole", "findings", "failed", "interrupted"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a backup or a drill. `what`: `backup` or `drill`. `result`: one of the words above. Times are ISO
    8601. `place`: the folder of the backup. `message`: a sentence that says what was wrong."""

    what: str
    result: str
    started_at: str
    ended_at: str
    place: str
    message: str = ""
    file_count: int = 0
    byte_count: int = 0

    @property
    def is_good(self) -> bool:
        return self.result == WHOLE

    @property
    def ended(self) -> datetime:
        return datetime.fromisoformat(self.ended_at)


@dataclass(frozen=True, slots=True)
class BackupState:
    """The last backup and the last drill; the last backup that was finished, and the last drill that found a backup
    whole. None if there was none."""

    last_backup: Outcome | None = None
    last_finished_backup: Outcome | None = None
    last_drill: Outcome | None = None
    last_good_drill: Outcome | None = None


def read_state(data_path: Path) -> BackupState:
    """Read the file. If it cannot be read, the state is empty."""
    try:
        said = json.loads((data_path / FILE).read_bytes())
        return BackupState(**{name: Outcome(**outcome) for name, outcome in said.items() if outcome})
    except FileNotFoundError:
        return BackupState()
    except (OSError, ValueError, TypeError, AttributeError) as problem:
        logger.warning("%s cannot be read: %s", data_path / FILE, problem)
        return BackupState()


def note_outcome(data_path: Path, outcome: Outcome) -> None:
    """Save this outcome as the last one of its kind. Raises OSError."""
    # A backup and a drill may end at the same time. Each reads the file and writes it again.
    with FileLock(data_path / f"{FILE}.lock"):
        said = asdict(read_state(data_path))
        said[f"last_{outcome.what}"] = asdict(outcome)
        if outcome.what == "backup" and outcome.result in (WHOLE, FINDINGS):
            said["last_finished_backup"] = asdict(outcome)
        if outcome.what == "drill" and outcome.is_good:
            said["last_good_drill"] = asdict(outcome)
        replace_file(data_path / FILE, json.dumps(said, indent=1).encode("ascii"))


def now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def describe_trouble(state: BackupState, is_scheduled: bool, now: datetime) -> tuple[str, str] | None:
    """Return a code and a sentence if the backups need somebody, otherwise None."""
    last = state.last_backup
    if last and last.result in (FAILED, FINDINGS):
        verb = "failed" if last.result == FAILED else "found something"
        return last.result, f"The backup of {_day(last)} {verb}: {last.message}"
    finished = state.last_finished_backup
    if is_scheduled and (finished is None or abs(now - finished.ended) > OVERDUE_AFTER) and last:
        since = f"The last one is of {_day(finished)}." if finished else "There is none yet."
        return "overdue", f"No backup was finished for a long time. {since}"
    return None


def _day(outcome: Outcome) -> str:
    return f"{outcome.ended.astimezone():%Y-%m-%d %H:%M}"


def outcome_of(what: str, started_at: str, result: str, place: Path, **more: Any) -> Outcome:
    return Outcome(what, result, started_at, now_text(), str(place), **more)
