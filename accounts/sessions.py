"""The browser sessions, in the database."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone

# Clocks are set back by small steps all the time. That ends nobody's session.
MAX_CLOCK_ERROR = timedelta(minutes=1)


class SessionStore(db.SessionStore):
    """Django's session store, which believes any end that a session has. A session that began while the clock was ahead
    would live too long, so this store treats it as ended."""

    # When the session ends, as the database said when it was read.
    ends_at: datetime | None = None

    def _get_session_from_db(self) -> Any:
        session = super()._get_session_from_db()
        if session is None:
            return None
        latest_end = timezone.now() + timedelta(seconds=self.get_session_cookie_age()) + MAX_CLOCK_ERROR
        if session.expire_date > latest_end:
            # As Django does for an expired session: the next one gets a new key.
            self._session_key = None
            return None
        self.ends_at = session.expire_date
        return session
