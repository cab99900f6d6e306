"""What happened last to each user's control, for their next page."""

import threading
from dataclasses import replace
from datetime import datetime

from images.control.lease import Notice


class Notices:
    """The last notice of each user, in memory. Any thread may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_user: dict[int, Notice] = {}
        self._count = 0

    def note(
        self, user_id: int | None, what: str, at: datetime, by_name: str = "", text: str = "", job_id: int | None = None
    ) -> None:
        """Note what happened to the control of this user. `what`: see Notice. Does nothing without a user."""
        if user_id is None:
            return
        with self._lock:
            self._count += 1
            self._by_user[user_id] = Notice(self._count, what, by_name, text, at, job_id)

    def note_picture(self, job_id: int, number: int) -> None:
        """Note after which picture this job was paused, for the user who lost control to somebody."""
        with self._lock:
            for user_id, notice in self._by_user.items():
                # Only the first number: later pictures of the job come after it was continued.
                if notice.job_id == job_id and not notice.picture:
                    self._by_user[user_id] = replace(notice, picture=number)

    def forget(self, user_id: int | None) -> None:
        """Forget the notice of a user who has control again."""
        if user_id is not None:
            with self._lock:
                self._by_user.pop(user_id, None)

    def last_of(self, user_id: int | None) -> Notice | None:
        return None if user_id is None else self._by_user.get(user_id)
