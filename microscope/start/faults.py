"""Turns faults that stop a command into sentences: what is wrong, and what to do."""

import errno
import os
import socket
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, InterfaceError, connection

from camera.errors import CameraError
from images.errors import LibraryError
from microscope.start.database.address import SQLITE
from microscope.start.database.file import describe_fault

CONNECT_TIMEOUT_S = 3
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
NO_SUCH_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
# What SQLite and PostgreSQL say if the database has no tables yet.
NO_TABLES = ("no such table", "does not exist\nLINE")


def explain(problem: BaseException) -> str | None:
    """Return the sentence for a fault that a person can mend. None for other faults."""
    if isinstance(problem, (ImproperlyConfigured, LibraryError, CameraError)):
        return str(problem)
    if isinstance(problem, (DatabaseError, InterfaceError)):
        return explain_database_fault(problem)
    return _explain_system_fault(problem) if isinstance(problem, OSError) else None


def explain_database_fault(problem: Exception) -> str:
    """Name the database and its fault. The sentence never holds the password."""
    database = settings.DATABASES["default"]
    text = " ".join(str(problem).split()) or type(problem).__name__
    if any(words in str(problem) for words in NO_TABLES):
        return f"The database is not set up ({text}). Run manage.py migrate, then try again."
    if database["ENGINE"] == SQLITE:
        path = Path(database["NAME"])
        return describe_fault(path) or f"The database {path} cannot be used ({text}). {_advise(path)}"
    return (
        f"The database {database['NAME']} on {database['HOST'] or 'this PC'} cannot be used ({_first_cause(text)}). "
        "See that its server runs, that this database was made there, and that address, user and password in "
        "DATABASE_URL are right."
    )


def explain_address_fault(host: str, port: int, problem: Exception) -> str:
    """Say why the program cannot listen at the address. The web server raises its own error without the cause, so the
    function tries the address again to find it."""
    cause = _try_address(host, port) or problem
    number = getattr(cause, "errno", None)
    if number == errno.EADDRINUSE:
        advice = "another program listens there. End it, or set PORT to another number."
    elif number == errno.EACCES:
        advice = "the system keeps this port for itself. Set PORT to a number from 1024 on."
    elif isinstance(cause, (socket.gaierror, UnicodeError)) or number in NO_SUCH_ADDRESS:
        advice = "that is no address of this PC. Set HOST to 127.0.0.1, or to 0.0.0.0 for the whole network."
    else:
        advice = f"{problem}."
    return f"{host}:{port} cannot be served: {advice}"


def _try_address(host: str, port: int) -> Exception | None:
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as attempt:
            if os.name != "nt":
                # As the server does. Without it, connections that ended a moment ago would look like another program.
                attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind(address)
    except (OSError, UnicodeError) as cause:
        return cause
    return None


def _advise(path: Path) -> str:
    if not path.parent.is_dir():
        return f"There is no folder {path.parent}: connect its drive, or make it."
    if not os.access(path.parent, os.W_OK):
        return f"This user may not write to the folder {path.parent}: change its owner or permissions."
    return "See that its disk has space and can be written, then try again."


def _explain_system_fault(problem: OSError) -> str:
    place = f"{problem.filename} cannot be used" if problem.filename else "The system refused"
    advice = "Free some space" if problem.errno in NO_SPACE else "Check its owner, its permissions and its drive"
    return f"{place}: {problem.strerror or problem}. {advice}, then try again."


def _first_cause(text: str) -> str:
    """Return the real cause. The connection pool says only that it got no connection, so the function opens one
    connection without the pool."""
    # Imported where it is used: with SQLite nobody needs it.
    import psycopg

    parameters = connection.get_connection_params()
    known = {name: parameters[name] for name in ("dbname", "user", "password", "host", "port") if name in parameters}
    try:
        psycopg.connect(**known, connect_timeout=CONNECT_TIMEOUT_S).close()
    except psycopg.Error as cause:
        return " ".join(str(cause).split())
    return text
