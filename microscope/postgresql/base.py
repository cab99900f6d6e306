"""Django finds this class by the name of its module. See ENGINE in the settings of the database."""

import threading
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import psycopg
from django.db.backends.postgresql.base import DatabaseWrapper as DjangoWrapper

from microscope.postgresql.gate import Gate

TRY_TIMEOUT_S = 2


class DatabaseWrapper(DjangoWrapper):
    # One for the process: there is only one database in the settings.
    gate = Gate()
    _given: WeakSet[psycopg.Connection] = WeakSet()
    _given_lock = threading.Lock()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Raises psycopg's OperationalError; at once, if the server gave no connection a moment ago."""
        self.gate.require_open()
        try:
            given = super().get_new_connection(conn_params)
        except psycopg.OperationalError:
            # After a loss, the pool waits longer and longer between its tries. A new pool tries at once.
            self.gate.shut(lambda: _try(conn_params), self.close_pool)
            raise
        with self._given_lock:
            self._given.add(given)
        return given

    def refuse(self, reason: str, is_over: Callable[[psycopg.Connection], bool]) -> None:
        """Do as if the server had gone away: end all connections of this process, and give nobody a new one. `is_over`
        is called with a connection of its own each second, in another thread, until it returns True."""
        conn_params = self.get_connection_params()
        self.gate.shut(lambda: _try(conn_params, is_over), self.close_pool, reason)
        with self._given_lock:
            given = list(self._given)
        # The thread of a job may keep its connection for hours.
        for one in given:
            one.close()


def _try(conn_params: dict[str, Any], is_over: Callable[[psycopg.Connection], bool] = lambda opened: True) -> None:
    with psycopg.connect(**{**conn_params, "connect_timeout": TRY_TIMEOUT_S}) as opened:
        if not is_over(opened):
            raise psycopg.OperationalError("The reason is not over yet.")
