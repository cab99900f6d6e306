"""The heartbeat of jobs: a small file that is written every ten seconds. A watchdog outside can read it, also when the
program is dead or its database does not answer."""

import json
import logging
import os
import threading
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from camera.durable_files import publish_file
from images.models import Job
from images.run_days import Clock

logger = logging.getLogger(__name__)

FILE = "job.heartbeat"
SCHEMA = "microscope.heartbeat"
EVERY_S = 10.0
# Windows ends a program soon after it was told to end, so there is no time for a slow disk.
ENDING_S = 2.0


@dataclass(frozen=True, slots=True)
class JobSign:
    """The state of the job that has begun. `awaited_since`: when its next picture became due, or will be due.
    `full_at`: when the disk will be full, if that is before the end of the job."""

    number: int
    name: str
    state: str
    pause_cause: str
    reason: str
    detail: str
    expected: int
    stored: int
    missed: int
    awaited_since: datetime
    full_at: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "name": self.name,
            "state": self.state,
            "pauseCause": self.pause_cause,
            "reason": self.reason,
            "detail": self.detail,
            "expected": self.expected,
            "stored": self.stored,
            "missed": self.missed,
            "awaitedSince": self.awaited_since.isoformat(),
            "fullAt": self.full_at.isoformat() if self.full_at else None,
        }

    @classmethod
    def from_json(cls, said: dict[str, Any]) -> "JobSign":
        """Make it from JSON. Raises KeyError, TypeError or ValueError."""
        return cls(
            number=int(said["number"]),
            name=str(said["name"]),
            state=str(said["state"]),
            pause_cause=str(said["pauseCause"]),
            reason=str(said["reason"]),
            detail=str(said["detail"]),
            expected=int(said["expected"]),
            stored=int(said["stored"]),
            missed=int(said["missed"]),
            awaited_since=_parse_time(said["awaitedSince"]),
            full_at=_parse_time(said["fullAt"]) if said.get("fullAt") else None,
        )


@dataclass(frozen=True, slots=True)
class Sign:
    """The last report of the thread that runs jobs, made at `worked_at`. Its next step may take `patience_s`.
    `waiting`: how many jobs have not begun. `is_ended`: the program ended in order."""

    worked_at: datetime
    patience_s: float
    waiting: int
    job: JobSign | None = None
    is_ended: bool = False


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat: written at `at`."""

    at: datetime
    sign: Sign


def sign_of(job: Job, stored: int, missed: int, awaited_since: datetime) -> JobSign:
    return JobSign(
        number=job.pk,
        name=job.name,
        state=job.state,
        pause_cause=job.pause_cause,
        reason=job.reason,
        detail=job.detail,
        expected=job.expected,
        stored=stored,
        missed=missed,
        awaited_since=awaited_since,
    )


def write_heartbeat(path: Path, at: datetime, sign: Sign) -> None:
    """Write the file. On return it is safe on disk. Only one process may write it. Raises OSError."""
    said = {
        "schema": SCHEMA,
        "version": 1,
        "at": at.isoformat(),
        "processId": os.getpid(),
        "workedAt": sign.worked_at.isoformat(),
        "patienceSeconds": sign.patience_s,
        "waiting": sign.waiting,
        "isEnded": sign.is_ended,
        "job": sign.job and sign.job.as_json(),
    }
    # Always the same temporary name, so that many kills do not leave many temporary files.
    temporary = path.with_name(f"{path.name}-next")
    temporary.write_text(json.dumps(said, indent=1) + "\n", encoding="ascii")
    publish_file(temporary, path)


def read_heartbeat(path: Path) -> Beat | None:
    """Return the last heartbeat; None if there is none, or if it cannot be read."""
    with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        said = json.loads(path.read_bytes())
        if said["schema"] != SCHEMA:
            return None
        sign = Sign(
            worked_at=_parse_time(said["workedAt"]),
            patience_s=float(said["patienceSeconds"]),
            waiting=int(said["waiting"]),
            job=JobSign.from_json(said["job"]) if said["job"] else None,
            is_ended=bool(said["isEnded"]),
        )
        return Beat(_parse_time(said["at"]), sign)
    return None


def _parse_time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Heartbeat:
    """Writes the file in a thread of its own, so that a slow disk does not delay any picture."""

    def __init__(self, path: Path, clock: Clock, every_s: float = EVERY_S) -> None:
        self.path = path
        self.sign: Sign | None = None
        self._clock = clock
        self._every_s = every_s
        self._changed = threading.Event()
        self._is_ending = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None and not self._is_ending:
            self._thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
            self._thread.start()

    def give(self, sign: Sign) -> None:
        """Set what the next beat says. Returns at once. If the state of the job has changed, the file is written soon;
        otherwise with the next beat."""
        is_news = _what_counts(sign) != _what_counts(self.sign)
        self.sign = sign
        if is_news:
            self._changed.set()

    def end(self) -> None:
        """Write the file a last time, if there is anything to say. Blocks for a moment at most."""
        self._is_ending = True
        # The file must say that the end was in order, so that a watchdog does not report a dead program.
        self.sign = self.sign and replace(self.sign, is_ended=True)
        self._changed.set()
        if self._thread is not None:
            self._thread.join(ENDING_S)

    def _run(self) -> None:
        while not self._is_ending:
            self._write()
            self._changed.wait(self._every_s)
            # Cleared before the write: a change during the write must lead to another one.
            self._changed.clear()
        self._write()

    def _write(self) -> None:
        if self.sign is None:
            return
        try:
            write_heartbeat(self.path, self._clock.now(), self.sign)
        except OSError as problem:
            logger.warning("The heartbeat %s could not be written: %s", self.path, problem)


# What a watchdog should see at once. Numbers of pictures change all the time and can wait.
def _what_counts(sign: Sign | None) -> tuple[Any, ...]:
    job = sign.job if sign else None
    return (sign and sign.waiting, sign and sign.is_ended, job and (job.number, job.state, job.reason))
