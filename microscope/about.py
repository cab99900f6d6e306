"""The page /about/: the version that runs, and what changed in each version."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.views.generic import TemplateView

HEADING = re.compile(r"(#{2,3}) +(.+)")
# `code` and *emphasis*, as the changelog uses them. Everything else is plain text.
MARKED = re.compile(r"`(?P<code>[^`]+)`|\*(?P<emphasis>[^*]+)\*")

Piece = tuple[str, str]


@dataclass(slots=True)
class Section:
    """A heading of the changelog, and the changes below it. Each change is a list of pieces: kind and text."""

    title: str
    is_version: bool
    changes: list[list[Piece]] = field(default_factory=list)


class AboutPage(LoginRequiredMixin, TemplateView):
    template_name = "microscope/about.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(sections=read_changes(settings.BASE_DIR / "CHANGELOG.md"), **context)


@lru_cache(maxsize=1)
def read_changes(path: Path) -> list[Section]:
    """Return the sections of the changelog. Empty if the file is missing: the page then says only the version."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    sections: list[Section] = []
    for line in _join_items(lines):
        if heading := HEADING.fullmatch(line):
            sections.append(Section(heading[2], is_version=heading[1] == "##"))
        elif line.startswith("- ") and sections:
            sections[-1].changes.append(list(_split(line[2:])))
    return sections


def _join_items(lines: list[str]) -> Iterator[str]:
    """Yield the lines, each item of a list as one line: in the file it goes on, indented, over several."""
    whole = ""
    for line in lines:
        if whole and line.startswith("  "):
            whole += f" {line.strip()}"
            continue
        yield whole
        whole = line
    yield whole


def _split(text: str) -> Iterator[Piece]:
    """Yield the pieces of a change. The template escapes each of them, so nothing in the file becomes HTML."""
    end = 0
    for mark in MARKED.finditer(text):
        yield "text", text[end : mark.start()]
        yield str(mark.lastgroup), mark[mark.lastgroup or 0]
        end = mark.end()
    yield "text", text[end:]
