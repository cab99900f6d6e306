"""The house: which app may import which, and what README and `.env.example` must not forget."""

import ast
import re
from pathlib import Path

import pytest

from microscope import environment

ROOT = Path(__file__).resolve().parents[2]
APPS = ("accounts", "camera", "images", "microscope")
MAY_IMPORT = {
    "accounts": set(),
    "camera": set(),
    "images": {"camera"},
    "microscope": {"accounts", "camera", "images"},
}


def imported_modules(path: Path) -> set[str]:
    """The top of every module's name that a file imports, wherever in it."""
    modules = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module.split(".")[0])
    return modules


def sources(app: str) -> list[Path]:
    return [path for path in (ROOT / app).rglob("*.py") if "tests" not in path.parts]


@pytest.mark.parametrize("app", APPS)
def test_an_app_imports_only_what_lies_below_it(app):
    forbidden = set(APPS) - {app} - MAY_IMPORT[app]
    for path in sources(app):
        assert not imported_modules(path) & forbidden, path


def test_the_camera_has_neither_models_nor_a_database():
    assert not (ROOT / "camera" / "models.py").exists()
    assert not (ROOT / "camera" / "migrations").exists()


def test_only_the_pixelink_driver_knows_the_sdk():
    knowing = {path.name for app in APPS for path in sources(app) if "pixelinkWrapper" in imported_modules(path)}
    assert knowing == {"pixelink_library.py"}


def test_no_file_of_the_program_grows_past_three_hundred_lines():
    lines_by_file = {path: len(path.read_text(encoding="utf-8").splitlines()) for app in APPS for path in sources(app)}
    assert {str(path.relative_to(ROOT)) for path, lines in lines_by_file.items() if lines > 330} == set()


def test_the_readme_explains_every_setting_with_its_default():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    explained = dict(re.findall(r"^\| `([A-Z_]+)` \|\s*(?:`([^`]*)`)?\s*\|", readme, re.MULTILINE))
    assert set(explained) == set(environment.DECLARED)
    shown = {name: default for name, default in environment.DECLARED.items() if name not in ("DATABASE_URL",)}
    assert {name: explained[name] for name in shown} == shown


def test_the_example_environment_holds_every_setting():
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    example = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert set(example) == set(environment.DECLARED)
    shown = {name: default for name, default in environment.DECLARED.items() if name != "DATABASE_URL"}
    assert {name: example[name] for name in shown} == shown


def test_every_table_of_requirements_pins_its_versions():
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            assert not line or line.startswith(("-r ", "#")) or "==" in line, f"{name}: {line}"
