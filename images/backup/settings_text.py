"""Writes the settings of this installation as a `.env` file, for the next installation."""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

# Who knows the addresses of webhook and ping can write there.
SECRET = (
    *("SECRET_KEY", "ADMIN_PASSWORD", "EMAIL_PASSWORD", "S3_SECRET_KEY"),
    *("JOB_WEBHOOK_URL", "JOB_WEBHOOK_SECRET", "JOB_PING_URL"),
)
PASSWORD_IN_ADDRESS = re.compile(r"(\w+://[^:@/]*):.*@", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SetValue:
    """A setting that was set from outside. `without_secret` is the value without its secret part, or None if the whole
    value is secret."""

    name: str
    value: str
    without_secret: str | None


def read_set_values(names: Iterable[str]) -> list[SetValue]:
    """Return those of these settings that have a value in the environment. Values from `.env` are in the environment by
    now."""
    set_values = [(name, os.environ.get(name, "").strip()) for name in names]
    return [SetValue(name, value, _without_secret(name, value)) for name, value in set_values if value]


def write_settings(values: Iterable[SetValue], has_secrets: bool) -> str:
    """Return the text of the file, one line for each setting. A secret that is left out becomes a comment, so that a
    person knows that it is needed."""
    lines = ["# The settings of the program when this backup was made. Copy what you want to .env."]
    for one in values:
        value = one.value if has_secrets else one.without_secret
        if value is None:
            lines.append(f"# {one.name} was set. It is secret and left out.")
        else:
            lines.append(_line(one.name, value))
    return "\n".join(lines) + "\n"


def _without_secret(name: str, value: str) -> str | None:
    if name in SECRET:
        return None
    # The pattern is greedy up to the last "@", because a password may contain "@" itself.
    return PASSWORD_IN_ADDRESS.sub(r"\1@", value) if name == "DATABASE_URL" else value


def _line(name: str, value: str) -> str:
    """Return one line in the format of `.env`: values are taken literally, and only some need quotes."""
    if "\n" in value or "\r" in value:
        return f"# {name} was set to several lines, which this file cannot hold."
    if "#" not in value and value[:1] not in ("'", '"'):
        return f"{name}={value}"
    quote = "'" if '"' in value else '"'
    return f"{name}={quote}{value}{quote}"
