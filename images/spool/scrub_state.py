"""The result of the last scrub on this PC. It is in a small file in the data folder, which the command writes and the
server reads."""

import json
import logging
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from camera.durable_files import replace_file

logger = logging.getLogger(__name__)

FILE = "scrub.json"


@dataclass(frozen=True, slots=True)
class ScrubOutcome:
    """When the last scrub ended, and what it found, in numbers of objects. Times are ISO 8601. `unfinished_since`: if a
    scrub of all objects was interrupted, when it began, so that the next one continues it; otherwise empty."""

    ended_at: str
    looked_at: int
    byte_count: int
    lost: int
    changed: int
    is_interrupted: bool
    unfinished_since: str = ""

    @property
    def ended(self) -> datetime:
        return datetime.fromisoformat(self.ended_at)


def read_scrub(data_path: Path) -> ScrubOutcome | None:
    """Return the result of the last scrub; None if there was none, or if the file cannot be read."""
    try:
        outcome = ScrubOutcome(**json.loads((data_path / FILE).read_bytes()))
        _ = outcome.ended
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as problem:
        logger.warning("%s cannot be read: %s", data_path / FILE, problem)
        return None
    return outcome


def note_scrub(data_path: Path, outcome: ScrubOutcome) -> None:
    """Write the result into its file. Raises OSError."""
    replace_file(data_path / FILE, json.dumps(asdict(outcome), indent=1).encode("ascii"))
