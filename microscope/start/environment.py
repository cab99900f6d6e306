"""Reads the environment and `.env`. A value that is not valid stops the start with a sentence.

`DECLARED` lists every variable that is read here. A test compares it with docs/run/settings.md and `.env.example`.
"""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import tzlocal
from django.core.exceptions import ImproperlyConfigured

from microscope.start.database.address import SQLITE, read_database_address
from microscope.start.database.file import refuse_misplaced
from microscope.start.env_file import Assignment, read_assignments, refuse_unknown_names

DECLARED: dict[str, str] = {}
# The variables that were there before `.env` was read: this terminal's own.
OF_TERMINAL: set[str] = set()
_ASSIGNED: dict[str, Assignment] = {}

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def read_env_file(path: Path) -> None:
    """Read the file. A variable of the environment itself has priority."""
    _ASSIGNED.clear()
    OF_TERMINAL.update(name for name, value in os.environ.items() if value.strip())
    for name, assignment in read_assignments(path).items():
        if name not in os.environ:
            os.environ[name] = assignment.value
        _ASSIGNED[name] = assignment


def refuse_unknown() -> None:
    """Raise ImproperlyConfigured if the file sets a name that does not exist. Call it after all settings are read."""
    refuse_unknown_names(_ASSIGNED.values(), DECLARED)


def is_set(name: str) -> bool:
    """Return True if somebody chose a value, and not the default."""
    return bool(os.environ.get(name, "").strip())


def text(name: str, default: str = "") -> str:
    """Return the value without spaces around it, or the default if it is missing or empty."""
    return exact_text(name, default).strip() or default


def exact_text(name: str, default: str = "") -> str:
    """Return the value exactly as it is written, or the default if it is missing or blank."""
    DECLARED[name] = default
    value = os.environ.get(name, "")
    return value if value.strip() else default


def secret(name: str, shortest: int) -> str:
    """Return the value, or None. Refuses one that is short enough to be guessed. No message shows the value."""
    value = text(name)
    if value and len(value) < shortest:
        raise _invalid(name, "(hidden)", f"at least {shortest} characters long, or empty")
    return value


def choice(name: str, default: str, allowed: list[str]) -> str:
    """An empty word among `allowed` means that it may be left empty."""
    value = text(name, default).lower()
    if value not in allowed:
        or_empty = ", or empty" if "" in allowed else ""
        raise _invalid(name, value, f"one of {', '.join(filter(None, allowed))}{or_empty}")
    return value


def switch(name: str, default: bool) -> bool:
    value = text(name, str(default).lower()).lower()
    if value not in _TRUE | _FALSE:
        raise _invalid(name, value, "true or false")
    return value in _TRUE


def whole_number(name: str, default: int, minimum: int, maximum: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal() or not minimum <= int(value) <= maximum:
        raise _invalid(name, value, f"a whole number from {minimum} to {maximum}")
    return int(value)


def whole_number_or_none(name: str, minimum: int, maximum: int) -> int | None:
    """Return None if it is missing or empty."""
    return whole_number(name, minimum, minimum, maximum) if text(name) else None


def number(name: str, default: float, minimum: float, maximum: float) -> float:
    value = text(name, f"{default:g}")
    try:
        is_allowed = minimum <= float(value) <= maximum
    except ValueError:
        is_allowed = False
    if not is_allowed:
        raise _invalid(name, value, f"a number from {minimum:g} to {maximum:g}")
    return float(value)


def folder(name: str, default: str, base: Path) -> Path:
    """Return an absolute path. A relative one counts from `base`."""
    value = exact_text(name, default)
    try:
        return (base / Path(value).expanduser()).resolve()
    except (OSError, RuntimeError) as problem:
        raise _invalid(name, value, f"the path of a folder ({problem})") from problem


def folder_or_none(name: str, base: Path) -> Path | None:
    """The same as `folder`, but None if it is not set."""
    return folder(name, "", base) if exact_text(name) else None


def root_path(name: str) -> str:
    """Return the path below which a reverse proxy shows the program, for example `/microscope`. Empty for the root."""
    value = text(name)
    words = value.removeprefix("/").removesuffix("/")
    is_path = all(re.fullmatch(r"[A-Za-z0-9._~-]+", word) and word.strip(".") for word in words.split("/"))
    if words and not is_path:
        raise _invalid(name, value, "a path such as /microscope, of letters, digits and - . _ ~, or empty")
    if not words and len(value) > 1:
        raise _invalid(name, value, "a path such as /microscope, or empty")
    return f"/{words}" if words else ""


def web_address(name: str) -> str:
    """Return an address of the web, or an empty text. No message shows it, because it may hold a password."""
    value = text(name)
    if value and not is_web_address(value):
        raise _invalid(name, "(hidden)", "an address such as https://lab.example/jobs, or empty")
    if value and names_user(value):
        raise _invalid(name, "(hidden)", "an address without user name and password")
    return value


def host_address(name: str) -> str:
    """Return an address of the web without a path, such as `https://s3.lab.example:9000`, or an empty text."""
    value = text(name).removesuffix("/")
    is_host = is_web_address(value) and not names_user(value) and not any(urlsplit(value)[2:])
    if value and not is_host:
        raise _invalid(name, "(hidden)", "an address such as https://s3.lab.example, without user and path, or empty")
    return value


def word(name: str, default: str, pattern: str, wanted: str) -> str:
    """Return a word that fits the pattern as a whole, or the default."""
    value = text(name, default)
    if value and not re.fullmatch(pattern, value):
        raise _invalid(name, value, wanted if default else f"{wanted}, or empty")
    return value


def is_web_address(value: str) -> bool:
    """Return True if the program can call this address."""
    try:
        parts = urlsplit(value)
        is_web = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_web = False
    return is_web and value.isascii() and value.isprintable() and " " not in value


def names_user(address: str) -> bool:
    """Return True if a user name or password is in the address."""
    return urlsplit(address).username is not None


def mail_address(name: str) -> str:
    """Return an e-mail address, or an empty text."""
    return _read_mail_address(name, text(name)) if text(name) else ""


def mail_addresses(name: str) -> list[str]:
    """Return the e-mail addresses of a list with commas."""
    return [_read_mail_address(name, address) for address in word_list(name)]


def _read_mail_address(name: str, value: str) -> str:
    if len(value) > 254 or not re.fullmatch(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+", value):
        raise _invalid(name, value, "an e-mail address such as ada@lab.example")
    return value


def time_zone(name: str) -> str:
    """Return the name of a time zone such as `Europe/Berlin`. If none is set, the zone of this PC."""
    value = text(name)
    if not value:
        return read_local_zone()
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as problem:
        raise _invalid(name, value, "a time zone such as Europe/Berlin, or empty for that of this PC") from problem


def word_list(name: str, default: str = "") -> list[str]:
    """Return the words of a list with commas."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def database(name: str, default_path: Path, base: Path) -> dict:
    """Return Django's settings for the database: SQLite's file at `default_path`, or the one at the address. A relative
    path in the address counts from `base`."""
    address = text(name)
    try:
        settings = read_database_address(address, base) if address else _sqlite(default_path)
    except ValueError as problem:
        raise _invalid(name, "(hidden)", str(problem)) from problem
    if settings["ENGINE"] == SQLITE:
        refuse_misplaced(Path(settings["NAME"]), address or f"sqlite:///{default_path.as_posix()}")
    return settings


def _sqlite(path: Path) -> dict:
    return {"ENGINE": SQLITE, "NAME": str(path)}


def _invalid(name: str, value: str, wanted: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"Invalid value {name}={value}{_place_of(name)}: it must be {wanted}.")


def _place_of(name: str) -> str:
    """Return file and line of the value, if it comes from the file."""
    assigned = _ASSIGNED.get(name)
    return f" ({assigned.place})" if assigned and os.environ.get(name) == assigned.value else ""


def read_local_zone() -> str:
    """Return the name of the time zone of this PC, for example `Europe/Berlin`. UTC if the system does not say it."""
    try:
        name = tzlocal.get_localzone_name()
        return ZoneInfo(name).key if name else "UTC"
    except (ZoneInfoNotFoundError, LookupError, ValueError, OSError):
        return "UTC"
