"""Reads a `.env` file by strict rules. A line counts exactly as it is written, or is refused with its number.

A line is empty, a comment (`# ...`), or `NAME=value`. `export ` may be before the name, and spaces around the `=`.
A value may have single or double quotes, and a comment after them. Nothing inside a value has a special meaning: a
backslash is a backslash, and a `$` is a `$`.
"""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_LINE = re.compile(r"(?:export\s+)?(?P<name>[^\s=]+)\s*=(?P<value>.*)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_QUOTED = re.compile(r"""(?P<quote>["'])(?P<inside>.*?)(?P=quote)(?P<rest>.*)""", re.DOTALL)
# The camera's library and PostgreSQL's client read these from the environment themselves.
_PASSED_ON = re.compile(r"PIXELINK_.+|PG[A-Z]+|LD_LIBRARY_PATH")
# The first bytes of a file in UTF-16, as Windows' Notepad and PowerShell write it.
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
LIKE = 0.6


@dataclass(frozen=True, slots=True)
class Assignment:
    """One line that sets a variable. `place` names file and line, for messages."""

    name: str
    value: str
    place: str


def read_assignments(path: Path) -> dict[str, Assignment]:
    """Return what the file sets, by name. Empty if there is no file. Raises ImproperlyConfigured with a sentence."""
    assignments: dict[str, Assignment] = {}
    for number, line in enumerate(_read_lines(path), start=1):
        place = f"line {number} of {path}"
        assignment = _parse(line.strip(), place)
        if assignment is None:
            continue
        earlier = assignments.setdefault(assignment.name, assignment)
        if earlier is not assignment:
            first = earlier.place.partition(" of ")[0]
            raise ImproperlyConfigured(f"{_start(place)} sets {assignment.name} again after {first}. Keep one of them.")
    return assignments


def refuse_unknown_names(assignments: Iterable[Assignment], known: Iterable[str]) -> None:
    """Raise ImproperlyConfigured if a line sets a name that the program does not know, for example a misspelt one."""
    names = set(known)
    for one in assignments:
        if one.name not in names and not _PASSED_ON.fullmatch(one.name):
            raise ImproperlyConfigured(
                f"{_start(one.place)} sets {one.name}, which is not a setting.{_suggest(one.name, names)} "
                "docs/run/settings.md lists all settings."
            )


def _read_lines(path: Path) -> list[str]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as problem:
        reason = "it is a folder" if path.is_dir() else problem.strerror or str(problem)
        raise ImproperlyConfigured(f"The file {path} cannot be read: {reason}.") from problem
    text = _decode(content, path)
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _decode(content: bytes, path: Path) -> str:
    encoding = "utf-16" if content.startswith(_UTF_16) else "utf-8-sig"
    try:
        text = content.decode(encoding)
        damaged_at = text.find("\0")
        number = text.count("\n", 0, damaged_at) + 1 if damaged_at >= 0 else 0
    except UnicodeDecodeError as problem:
        number = content.count(b"\n", 0, problem.start) + 1
    if number:
        raise ImproperlyConfigured(f"Line {number} of {path} is not UTF-8. Save the file as UTF-8, then try again.")
    return text


def _parse(line: str, place: str) -> Assignment | None:
    if not line or line.startswith("#"):
        return None
    parts = _LINE.fullmatch(line)
    if parts is None:
        raise ImproperlyConfigured(f"{_start(place)} has no NAME=value. Put # before it if it is a comment.")
    if not _NAME.fullmatch(parts["name"]):
        raise ImproperlyConfigured(f'{_start(place)} begins with "{parts["name"]}", which cannot be a name.')
    return Assignment(parts["name"], _read_value(parts["value"], place), place)


def _read_value(written: str, place: str) -> str:
    value = written.strip()
    if value[:1] in ("'", '"'):
        return _read_quoted(value, place)
    if re.search(r"\s#", written):
        raise ImproperlyConfigured(
            f"{_start(place)} has a # after a space. Put quotes around the value if the # belongs to it; "
            "put a comment on a line of its own."
        )
    return value


def _read_quoted(value: str, place: str) -> str:
    parts = _QUOTED.fullmatch(value)
    if parts is None:
        raise ImproperlyConfigured(f"{_start(place)} has a quote that does not end.")
    if not re.fullmatch(r"(\s+#.*)?", parts["rest"].rstrip()):
        raise ImproperlyConfigured(
            f"{_start(place)} goes on behind the closing quote. Use the other kind of quote around the value."
        )
    return parts["inside"]


def _suggest(name: str, known: Iterable[str]) -> str:
    likeness, nearest = max((_likeness(name.upper(), other), other) for other in known)
    return f" Is {nearest} meant?" if likeness >= LIKE else ""


def _likeness(name: str, other: str) -> float:
    """Return how similar two names are, from 0 to 1. The order of their words does not count."""
    plain = difflib.SequenceMatcher(None, name, other).ratio()
    sorted_words = ["".join(sorted(one.split("_"))) for one in (name, other)]
    return max(plain, difflib.SequenceMatcher(None, sorted_words[0], sorted_words[1]).ratio())


def _start(place: str) -> str:
    return place[:1].upper() + place[1:]
