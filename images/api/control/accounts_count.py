"""Tells if there is only one account, so that nobody else can want the camera."""

import time

from django.contrib.auth import get_user_model

from images.errors import DATABASE_AWAY

# Every page asks this each second, and accounts are added seldom: so the answer is kept for some seconds.
LOOK_EVERY_S = 10.0


class AccountCount:
    """Remembers for some seconds if there is only one active account. Any thread may use it."""

    def __init__(self) -> None:
        self._known: tuple[float, bool] | None = None

    def is_one(self) -> bool:
        """Return True if there is only one active account. If the database is away, return what was known last. Raises
        nothing."""
        known, now_s = self._known, time.monotonic()
        if known is None or now_s - known[0] > LOOK_EVERY_S:
            # To know if there is more than one, two are enough.
            active = get_user_model()._default_manager.filter(is_active=True).values_list("pk", flat=True)[:2]
            try:
                known = self._known = (now_s, len(active) < 2)
            except DATABASE_AWAY:
                return known is not None and known[1]
        return known[1]


_count = AccountCount()


def is_one_account_alone() -> bool:
    return _count.is_one()
