"""Django finds this class by the name of its module. See ENGINE in the settings of the database."""

from django.db.backends.sqlite3.base import DatabaseWrapper as DjangoWrapper


class DatabaseWrapper(DjangoWrapper):
    def is_usable(self) -> bool:
        """Return False. Django asks this after an error, at the end of a request or before the next try of a thread,
        and opens a new connection if the old one is not usable.

        Django's engine says True, because a file does not go away. Its drive does: a connection to a file whose drive
        was away fails for ever, also when the drive is back.
        """
        return False
