"""Why the program uses no database although its server works."""

from django.db import connection


def why_refused() -> str:
    """Return a sentence; empty if there is no such reason. Asks nobody."""
    gate = getattr(connection, "gate", None)  # the engine of SQLite has none
    return gate.reason if gate else ""


def name_outage() -> str:
    """Return the code that tells clients why the database is not used now."""
    return "database_newer" if why_refused() else "database_unavailable"
