"""The copy of the last answers of the database: who is signed in, with which rights, and how long they may go on."""

import contextlib
import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from images.run_days import Clock
from microscope.offline.copy_file import People, SignIns, read_copy, write_copy
from microscope.offline.people import Person, SignIn

logger = logging.getLogger(__name__)

MAX_SIGN_INS = 1000
WRITE_EVERY_S = 60.0
WRITE_CHANGE_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Known:
    person: Person
    sign_in: SignIn
    until: datetime


class OfflineCopy:
    """The copy, in memory and in a file for the next start. Any thread may use it. If `grace_s` is 0, it stays
    empty."""

    def __init__(self, path: Path, grace_s: float, clock: Clock | None = None) -> None:
        self._path, self._grace_s, self._clock = path, grace_s, clock or Clock()
        # `_writing` is held while the file is written, which may take a while, so that `_lock` is free meanwhile. It is
        # taken first.
        self._lock, self._writing = threading.Lock(), threading.Lock()
        self._people: People = {}
        self._sign_ins: SignIns = {}
        self._is_read = False
        self._is_changed = False
        self._written_s = float("-inf")
        self._away_since: datetime | None = None
        # Rises each time that somebody is forgotten. A value that was read from the database before that is not noted
        # any more.
        self.forgettings = 0

    @property
    def away_since(self) -> datetime | None:
        """Since when the database has not answered; None if it answered last time."""
        return self._away_since

    def note_away(self) -> None:
        with self._lock:
            if self._away_since is None:
                self._away_since = self._clock.now()
                logger.warning("The database does not answer. Who is signed in may go on at the camera for a while")

    def note_answer(self) -> None:
        if self._away_since is not None:
            logger.info("The database answers again")
            self._away_since = None

    def note(self, person: Person, sign_in: SignIn, forgettings: int) -> None:
        """Note a sign-in that the database has accepted. `forgettings`: the value of `forgettings` before the database
        was asked."""
        self._read_once()
        if self._grace_s <= 0:
            return
        with self._lock:
            if forgettings != self.forgettings:
                return
            known = self._sign_ins.pop(sign_in.key, None)
            # The newest comes last, so that the oldest is dropped first.
            self._sign_ins[sign_in.key] = sign_in, self._clock.elapsed_s()
            is_new = known is None or known[0] != sign_in or self._people.get(person.user_id) != person
            self._is_changed = self._is_changed or is_new
            self._people[person.user_id] = person
            if len(self._sign_ins) > MAX_SIGN_INS:
                del self._sign_ins[next(iter(self._sign_ins))]

    def find(self, key: str) -> Known | None:
        """Return the person of this sign-in, if the database accepted it within the grace period and nothing has ended
        it since."""
        self._read_once()
        with self._lock:
            return self._find(key)

    @property
    def until(self) -> datetime | None:
        """Return until when the last of them may go on; None if nobody may."""
        self._read_once()
        with self._lock:
            ends = [known.until for key in [*self._sign_ins] if (known := self._find(key))]
        return max(ends, default=None)

    def forget(self, user_id: int | None = None) -> None:
        """Forget this user, or all users, also in the file: what the database said about them does not hold any
        more."""
        self._read_once()
        with self._lock:
            self.forgettings += 1
            gone = [key for key, (one, _) in self._sign_ins.items() if user_id in (None, one.user_id)]
            for key in gone:
                del self._sign_ins[key]
        if gone:
            self._write()

    def forget_key(self, key: str) -> None:
        """Forget a sign-in that the database has refused. The database must accept it again before it counts."""
        self._read_once()
        known = self._sign_ins.get(key)
        if known is not None:
            self.forget(known[0].user_id)

    def write_sometimes(self) -> None:
        """Write the file if it is due: soon after a new sign-in, otherwise once a minute."""
        every_s = WRITE_CHANGE_EVERY_S if self._is_changed else WRITE_EVERY_S
        is_due = self._sign_ins and self._clock.elapsed_s() - self._written_s > every_s
        if is_due and not self._writing.locked():
            self._write()

    def _find(self, key: str) -> Known | None:
        """Call it under the lock."""
        sign_in, seen_s = self._sign_ins.get(key, (None, 0.0))
        person = self._people.get(sign_in.user_id) if sign_in else None
        if sign_in is None or person is None or person.password_mark != sign_in.password_mark:
            return None
        left_s = seen_s + self._grace_s - self._clock.elapsed_s()
        now = self._clock.now()
        if left_s <= 0 or sign_in.ends_at_s <= now.timestamp():
            return None
        return Known(person, sign_in, now + timedelta(seconds=left_s))

    def _read_once(self) -> None:
        if self._is_read:
            return
        with self._lock:
            if self._is_read:
                return
            if self._grace_s > 0:
                self._people, self._sign_ins = read_copy(self._path, self._clock)
            else:
                # The grace period is off. An old file would be out of date when somebody sets it again.
                with contextlib.suppress(OSError):
                    self._path.unlink(missing_ok=True)
            self._is_read = True

    def _write(self) -> None:
        with self._writing:
            with self._lock:
                self._drop_old()
                self._written_s, self._is_changed = self._clock.elapsed_s(), False
                people, sign_ins = self._people.copy(), self._sign_ins.copy()
            try:
                write_copy(self._path, people, sign_ins, self._clock)
            except OSError as problem:
                logger.warning("What the database said of who is signed in could not be kept: %s", problem)

    def _drop_old(self) -> None:
        oldest_s = self._clock.elapsed_s() - self._grace_s
        self._sign_ins = {key: known for key, known in self._sign_ins.items() if known[1] > oldest_s}
        left = {one.user_id for one, _ in self._sign_ins.values()}
        self._people = {user_id: one for user_id, one in self._people.items() if user_id in left}


def make_copy() -> OfflineCopy:
    path = settings.DATA_PATH / "signed-in.txt"
    return OfflineCopy(path, settings.OFFLINE_GRACE_HOURS * 3600)


_copies: list[OfflineCopy] = []


def register_copy(copy: OfflineCopy) -> None:
    """Make this the copy of the process."""
    _copies[:] = [copy]


def the_copy() -> OfflineCopy:
    return _copies[0]
