"""Reads the environment and `.env`, once and loudly: a value that makes no sense stops the start with a sentence.

Every variable that is read here is noted in `DECLARED`; a test holds README's table and `.env.example` to it.
"""

import os
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

DECLARED: dict[str, str] = {}

_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


def read_env_file(path: Path) -> None:
    """Values of the file count where the environment itself has none."""
    if path.is_file():
        environ.Env.read_env(str(path))


def text(name: str, default: str = "") -> str:
    """The value, or the default where there is none or an empty one."""
    DECLARED[name] = default
    return os.environ.get(name, "").strip() or default


def secret(name: str, shortest: int) -> str:
    """The value, or none. One that is short enough to be guessed makes no sense, and is never shown."""
    value = text(name)
    if value and len(value) < shortest:
        raise _nonsense(name, "(hidden)", f"at least {shortest} characters long, or empty")
    return value


def choice(name: str, default: str, allowed: list[str]) -> str:
    value = text(name, default).lower()
    if value not in allowed:
        raise _nonsense(name, value, f"one of {', '.join(allowed)}")
    return value


def switch(name: str, default: bool) -> bool:
    value = text(name, str(default).lower()).lower()
    if value not in _TRUE | _FALSE:
        raise _nonsense(name, value, "true or false")
    return value in _TRUE


def whole_number(name: str, default: int, minimum: int, maximum: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal() or not minimum <= int(value) <= maximum:
        raise _nonsense(name, value, f"a whole number from {minimum} to {maximum}")
    return int(value)


def number(name: str, default: float, minimum: float, maximum: float) -> float:
    value = text(name, f"{default:g}")
    try:
        is_allowed = minimum <= float(value) <= maximum
    except ValueError:
        is_allowed = False
    if not is_allowed:
        raise _nonsense(name, value, f"a number from {minimum:g} to {maximum:g}")
    return float(value)


def folder(name: str, default: str, base: Path) -> Path:
    """An absolute path; a relative one counts from `base`."""
    return (base / Path(text(name, default)).expanduser()).resolve()


def word_list(name: str, default: str = "") -> list[str]:
    """Words with commas between."""
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def database(name: str, default: str) -> dict:
    """Django's settings for a database, from its URL."""
    url = text(name, default)
    try:
        settings = environ.Env.db_url_config(url)
    except Exception as problem:
        # The library's boundary: its parser raises whatever the malformed URL leads it to.
        raise _nonsense(name, "(hidden)", "a database URL such as postgres://user:password@host/name") from problem
    if settings.get("ENGINE") not in ("django.db.backends.sqlite3", "django.db.backends.postgresql"):
        raise _nonsense(name, "(hidden)", "the URL of an SQLite or PostgreSQL database")
    return settings


def _nonsense(name: str, value: str, wanted: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name}={value} makes no sense: it must be {wanted}.")
