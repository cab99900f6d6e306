"""Reads the address of a database into Django's settings. Path, name and password may hold any character.

`%23` and similar codes stand for the character that they encode. A `%` that begins no such code counts as it is
written. So do characters that have a meaning in other addresses (`#`, `?`, `@`, `/` in a password).
"""

import re
from pathlib import Path
from urllib.parse import quote, unquote

import environ

SQLITE = "microscope.sqlite3"
POSTGRESQL = "microscope.postgresql"
DJANGOS_POSTGRESQL = "django.db.backends.postgresql"
EXAMPLE = "a database URL such as postgres://user:password@host/name or sqlite:////folder/file.sqlite3"


def read_database_address(address: str, base: Path) -> dict:
    """Return Django's settings. A relative path of SQLite's file counts from `base`. Raises ValueError with the form
    that an address must have."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        raise ValueError(EXAMPLE)
    if scheme.lower() == "sqlite":
        return {"ENGINE": SQLITE, "NAME": str(_read_path(rest, base))}
    return _read_server(scheme.lower(), rest)


def _read_path(rest: str, base: Path) -> Path:
    if not rest.startswith("/"):
        raise ValueError("written with three slashes before the path: sqlite:///folder/file.sqlite3")
    written = rest[1:]
    if re.search(r"\?\w+=[^/\\]*$", written):
        raise ValueError("without options behind a ?; a ? that belongs to the path is written %3F")
    path = unquote(written)
    if not path or path == ":memory:" or "\0" in path:
        raise ValueError("the path of a file: a database in memory would be lost at each end of the program")
    return (base / Path(path).expanduser()).resolve()


def _read_server(scheme: str, rest: str) -> dict:
    try:
        settings = environ.Env.db_url_config(f"{scheme}://{_encode(rest)}")
    except Exception as problem:
        # The boundary to the library: its parser raises errors of many classes for a malformed URL.
        raise ValueError(EXAMPLE) from problem
    if settings.get("ENGINE") != DJANGOS_POSTGRESQL:
        raise ValueError("the URL of an SQLite or PostgreSQL database")
    if not settings["NAME"]:
        raise ValueError("a database URL that ends with the name of the database: postgres://user:password@host/name")
    return settings | {"ENGINE": POSTGRESQL}


def _encode(rest: str) -> str:
    """Encode the part after `://`, so that no character of user, password or name has a special meaning. The last @ is
    the one before the host."""
    account, separator, place = rest.rpartition("@")
    user, colon, password = account.partition(":")
    account = colon.join(quote(unquote(part), safe="") for part in (user, password) if part or colon)
    server, question_mark, options = place.partition("?")
    server = server.replace("#", "%23").replace("+", "%2B")
    return account + separator + server + question_mark + options


def earlier_sqlite_path(address: str) -> Path | None:
    """Return the file that earlier versions used for this SQLite address, because they cut it at a # or ?. None if they
    used the right one."""
    try:
        name = environ.Env.db_url_config(address)["NAME"]
        return None if name in ("", ":memory:") else Path(name).resolve()
    except Exception:  # noqa: BLE001 (the library's boundary: earlier versions refused such an address)
        return None
