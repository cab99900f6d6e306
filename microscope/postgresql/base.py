"""Django finds this class by the name of its module. See ENGINE in the settings of the database."""

from typing import Any

import psycopg
from django.db.backends.postgresql.base import DatabaseWrapper as DjangoWrapper

from microscope.postgresql.gate import Gate

TRY_TIMEOUT_S = 2


class DatabaseWrapper(DjangoWrapper):
    # One for the process: there is only one database in the settings.
    gate = Gate()

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Raises psycopg's OperationalError; at once, if the server gave no connection a moment ago."""
        self.gate.require_open()
        try:
            return super().get_new_connection(conn_params)
        except psycopg.OperationalError:
            # After a loss, the pool waits longer and longer between its tries. A new pool tries at once.
            self.gate.shut(lambda: _try(conn_params), self.close_pool)
            raise


def _try(conn_params: dict[str, Any]) -> None:
    psycopg.connect(**{**conn_params, "connect_timeout": TRY_TIMEOUT_S}).close()
