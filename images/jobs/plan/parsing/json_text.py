"""Reads JSON from strangers at bounded cost. Refuses JSON that two programs would read differently."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from json.decoder import JSONDecodeError
from typing import Any

from images.jobs.plan.errors import PlanTooLarge, PlanUnreadable, PlanValueInvalid
from images.jobs.plan.parsing.lines import find_unreadable

MAX_BYTES = 256 * 1024
MAX_PARTS = 20_000
MAX_DEPTH = 20
# A first, cheap check: each part needs one of these signs. The text of a note may hold them too, so the limit is high.
MAX_SIGNS = MAX_PARTS + 10_000

# Most parts have one of these types. To compare the type is cheaper than to ask if it is a Mapping.
SINGLE = (str, int, float, type(None))

# No database can keep these characters, and no JSON response can carry them.
UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def read_json(text: str | bytes) -> Any:
    """Return the value of this text. Raises PlanTooLarge before it is parsed if it is too long, and PlanUnreadable."""
    if len(text) > MAX_BYTES:
        raise PlanTooLarge("", f"A plan has at most {MAX_BYTES:,} bytes; this one has {len(text):,}.")
    try:
        text = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        if text.count(",") + text.count("[") + text.count("{") > MAX_SIGNS:
            raise _too_many()
        return json.loads(text, object_pairs_hook=_Objects().read, parse_constant=_refuse_constant)
    except PlanUnreadable as refused:
        refused.line = find_unreadable(str(text))
        raise
    except JSONDecodeError as problem:
        sentence = f"This is no JSON: line {problem.lineno}, column {problem.colno}: {problem.msg}."
        raise PlanUnreadable("", sentence, problem.lineno) from problem
    except UnicodeDecodeError as problem:
        raise PlanUnreadable("", "The text is not UTF-8.") from problem
    except RecursionError as problem:
        raise _too_deep("") from problem
    except ValueError as problem:
        # Python refuses whole numbers of more than some thousand digits.
        raise PlanUnreadable("", "A number in it has too many digits.") from problem


def check_parts(whole: Any) -> None:
    """Raise PlanTooLarge or PlanValueInvalid if a part of the value cannot be kept. Looks at MAX_PARTS parts at
    most."""
    open_parts: list[tuple[str, Iterator[tuple[str | int, Any]]]] = [("", _parts_of([whole]))]
    parts = 0
    while open_parts:
        path, siblings = open_parts[-1]
        for name, value in siblings:
            parts += 1
            if parts > MAX_PARTS:
                raise _too_many()
            _check_part(path, name, value)
            if not isinstance(value, SINGLE) and isinstance(value, (Mapping, list, tuple)):
                if len(open_parts) > MAX_DEPTH:
                    raise _too_deep(_join(path, name))
                open_parts.append((_join(path, name) if open_parts[1:] else "", _parts_of(value)))
                break
        else:
            open_parts.pop()


def _parts_of(value: Mapping | list | tuple) -> Iterator[tuple[str | int, Any]]:
    return iter(value.items()) if isinstance(value, Mapping) else enumerate(value)


def _check_part(path: str, name: str | int, value: Any) -> None:
    # The path is made only for an error: it costs more than the check itself.
    if isinstance(value, float) and not math.isfinite(value):
        raise PlanValueInvalid(_join(path, name), "Must be a number, not NaN or infinity.")
    if isinstance(value, str) and UNSTORABLE.search(value):
        raise PlanValueInvalid(_join(path, name), "Contains a character that cannot be stored.")
    if isinstance(name, str) and UNSTORABLE.search(name):
        raise PlanValueInvalid(path, "A name in it contains a character that cannot be stored.")


def _join(path: str, name: str | int) -> str:
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else name


class _Objects:
    """Collects the objects of one text while it is parsed. Refuses too many names before they cost memory."""

    def __init__(self) -> None:
        self._names = 0

    def read(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        self._names += len(pairs)
        if self._names > MAX_PARTS:
            raise _too_many()
        parts = dict(pairs)
        if len(parts) < len(pairs):
            raise PlanUnreadable("", f'"{_find_repeated(pairs)[:40]}" is there twice in one object.')
        return parts


def _find_repeated(pairs: list[tuple[str, Any]]) -> str:
    """Return the first name that occurs a second time; empty if there is none."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            return name
        seen.add(name)
    return ""


def _refuse_constant(constant: str) -> None:
    raise PlanUnreadable("", f"{constant} is no number.")


def _too_deep(path: str) -> PlanTooLarge:
    return PlanTooLarge(path[:200], f"A plan is nested at most {MAX_DEPTH} deep.")


def _too_many() -> PlanTooLarge:
    return PlanTooLarge("", f"A plan has at most {MAX_PARTS:,} parts.")
