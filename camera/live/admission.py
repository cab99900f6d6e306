"""Admission of watchers. A stream ends soon after its user loses the permission to watch.

One thread reads the users of all streams again every few seconds, so that a slow database delays no picture.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, cast

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser, AbstractUser, AnonymousUser
from django.db import DatabaseError, InterfaceError, connections

from camera.live.view import Watcher

logger = logging.getLogger(__name__)

VIEW = "images.view_image"
# A user who loses the permission can watch for at most about this long.
LOOK_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Admission:
    """The user of a stream as it was when the stream began. `ends_at_s` is a time of time.monotonic, because nobody can
    set that clock."""

    user_id: int
    password_mark: str
    ends_at_s: float = math.inf
    # Asks the database if the sign-in of the stream has ended, for example because its token was revoked.
    has_sign_in_ended: Callable[[], bool] | None = None
    # What other users see of whoever watches.
    name: str = ""

    def holds_for(self, user: AbstractUser | None) -> bool:
        """Return True if the user may still watch. `user` is the current row of the same user; None if it was
        deleted."""
        if user is None or mark_password(user) != self.password_mark or not may_watch(user):
            return False
        return self.has_sign_in_ended is None or not self.has_sign_in_ended()


def admit(
    user: AbstractUser, ends_at_s: float = math.inf, has_sign_in_ended: Callable[[], bool] | None = None
) -> Admission:
    return Admission(user.pk, mark_password(user), ends_at_s, has_sign_in_ended, name_of(user))


def name_of(user: AbstractBaseUser | AnonymousUser) -> str:
    """Return the name that others see. The project's users have it; Django's own type does not know."""
    return str(cast(Any, user).display_name)


def may_watch(user: AbstractUser) -> bool:
    return user.is_active and user.has_perm(VIEW)


def mark_password(user: AbstractUser) -> str:
    """Return a text that changes with each change of the password and does not reveal it."""
    # Django's own mark of the password. It also changes with SECRET_KEY.
    return user.get_session_auth_hash()[:24]


def find_lapsed(admissions: Collection[Admission]) -> set[Admission]:
    """Return the admissions whose user may no longer watch. Raises DatabaseError or InterfaceError."""
    users = get_user_model().objects.in_bulk({one.user_id for one in admissions})
    return {one for one in admissions if not one.holds_for(users.get(one.user_id))}


def close_database_connections() -> None:
    """Close the database connections of this thread. A stream runs for hours and must not hold one that others need."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


class AdmissionChecker:
    """Closes the watchers whose admission has ended. Its thread runs while there are watchers."""

    def __init__(
        self,
        find_lapsed: Callable[[Collection[Admission]], set[Admission]] = find_lapsed,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._find_lapsed = find_lapsed
        self._look_every_s = look_every_s
        self._changed = threading.Condition()
        self._admissions: dict[Watcher, Admission] = {}
        self._is_looking = False

    def watch_over(self, watcher: Watcher, admission: Admission) -> None:
        with self._changed:
            self._admissions[watcher] = admission
            if not self._is_looking:
                self._is_looking = True
                threading.Thread(target=self._look_while_watched, name="admission-checker", daemon=True).start()

    def watching_names(self) -> list[str]:
        """Return the names of whoever watches, each once, in order."""
        with self._changed:
            return sorted({one.name for one in self._admissions.values()})

    def forget(self, watcher: Watcher) -> None:
        """Stop checking this watcher. Does nothing if it is unknown."""
        with self._changed:
            self._admissions.pop(watcher, None)
            self._changed.notify_all()

    def _look_while_watched(self) -> None:
        while not self._sign_off():
            with self._changed:
                # Wake up early if the last watcher leaves, because the thread then ends.
                self._changed.wait_for(lambda: not self._admissions, self._look_every_s)
                admissions = dict(self._admissions)
            lapsed = self._find_ended(set(admissions.values()))
            for watcher, admission in admissions.items():
                if admission in lapsed:
                    watcher.close()

    def _find_ended(self, admissions: set[Admission]) -> set[Admission]:
        now_s = time.monotonic()
        ended = {one for one in admissions if one.ends_at_s <= now_s}
        try:
            return ended | self._find_lapsed(admissions - ended)
        # A database that is away ends no stream. The permissions are checked again later.
        except (DatabaseError, InterfaceError) as problem:
            logger.warning("Cannot check the permissions of the live view's watchers, checking again soon: %s", problem)
            return ended
        finally:
            close_database_connections()

    def _sign_off(self) -> bool:
        """Return True if the thread may end. It decides under the lock, so that no second thread starts beside it and
        no watcher is left unchecked."""
        with self._changed:
            if self._admissions:
                return False
            self._is_looking = False
            return True
