"""Finds the line of a field in the text of a plan, so that a page can show a message beside it."""

import json
import re
from collections.abc import Iterator
from itertools import islice

DECODER = json.JSONDecoder()
SPACE = re.compile(r"[ \t\n\r]*")
# More than a plan of 1,000 positions has. In a longer text, an error has no line.
MAX_TOKENS = 10_000
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}]|NaN|-?Infinity')


def find_line(text: str, path: str) -> int | None:
    """Return the line, from 1, on which the value of this path begins; None if it is not there. The text must be
    JSON."""
    place = _skip_space(text, 0)
    for step in re.findall(r"[^.\[\]]+", path):
        found = next((at for name, at in _walk(text, place) if name == step), None)
        if found is None:
            return None
        place = found
    return _line_of(text, place)


def find_unreadable(text: str) -> int | None:
    """Return the line of the first name that occurs twice in its object, or of a constant that is no number. None if it
    comes after more than MAX_TOKENS names, texts and braces."""
    names_by_depth: list[set[str]] = [set()]
    for token in islice(TOKEN.finditer(text), MAX_TOKENS):
        word = token[0]
        if word == "{":
            names_by_depth.append(set())
        elif word == "}":
            names_by_depth.pop()
        elif word.endswith(":"):
            name = word[:-1].rstrip()
            if name in names_by_depth[-1]:
                return _line_of(text, token.start())
            names_by_depth[-1].add(name)
        elif not word.startswith('"'):
            return _line_of(text, token.start())
        if not names_by_depth:
            return None
    return None


def _walk(text: str, place: int) -> Iterator[tuple[str, int]]:
    """Yield each part of the value that begins here: its name, or its number as text, and where it begins."""
    opening = text[place]
    if opening not in "{[":
        return
    place = _skip_space(text, place + 1)
    number = 0
    while text[place] not in "}]":
        name = str(number)
        if opening == "{":
            name, place = DECODER.raw_decode(text, place)
            # After the colon.
            place = _skip_space(text, _skip_space(text, place) + 1)
        yield name, place
        _, place = DECODER.raw_decode(text, place)
        place = _skip_space(text, place)
        place = _skip_space(text, place + 1) if text[place] == "," else place
        number += 1


def _skip_space(text: str, place: int) -> int:
    if text[place] not in " \t\n\r":
        return place
    found = SPACE.match(text, place)
    return found.end() if found else place


def _line_of(text: str, place: int) -> int:
    return text.count("\n", 0, place) + 1
