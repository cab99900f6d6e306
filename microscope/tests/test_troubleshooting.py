"""The page of troubleshooting: a person looks there for a sentence, so it must be one that the program says today."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "run" / "troubleshooting.md"
ROW = re.compile(r"^\| (.+?) \| .+ \| .+ \|$", re.MULTILINE)
SENTENCE = re.compile(r"\*([^*]+)\*")
# What differs from case to case, in the page and in the code.
GAP = "…"


def read_sentences() -> list[str]:
    first_cells = ROW.findall(PAGE.read_text(encoding="utf-8"))
    return sorted({sentence for cell in first_cells for sentence in SENTENCE.findall(cell)})


def texts_of(path: Path) -> str:
    """Return all texts of a Python file, with a gap in the place of each value."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return "\n".join(found)


@pytest.fixture(scope="module")
def said() -> str:
    apps = [ROOT / name for name in ("accounts", "camera", "images", "microscope")]
    python = [path for app in apps for path in app.rglob("*.py") if "tests" not in path.parts]
    pages = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "static").rglob("*.js")]
    return "\n".join([*map(texts_of, python), *(path.read_text(encoding="utf-8") for path in pages)])


@pytest.mark.parametrize("sentence", read_sentences())
def test_the_program_says_each_sentence_that_the_page_explains(sentence, said):
    parts = [part.strip(" .,:") for part in re.split(f"{GAP}|NAME=value", sentence)]
    assert all(part in said for part in parts)
