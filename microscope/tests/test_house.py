"""The rules of the project: which app imports which, and what the docs and `.env.example` must contain."""

import ast
import re
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from django.urls import get_resolver

from microscope.start import environment

ROOT = Path(__file__).resolve().parents[2]
APPS = ("accounts", "camera", "folding", "images", "microscope")
MAY_IMPORT = {
    "accounts": {"folding"},
    "camera": set(),
    "folding": set(),
    "images": {"camera", "folding"},
    "microscope": {"accounts", "camera", "folding", "images"},
}


# The rooms of an app, the lowest first. A room imports from itself and from the rooms before it.
ROOMS = {
    "camera": "errors memory frame frame_sum durable_files stop_signals drivers engine results "
    "service auto_exposure live registry absent checks api pages management urls apps",
    "images": "errors editable_fields events older_versions own_instrument models roles permissions power run_days "
    "archive store record formats index library spool edit instruments calibration search export share "
    "verification backup control capture jobs overview notices moving api pages admin management urls apps",
}


# What an archive has that names places on the disk.
OF_THE_DISK = {"path_of", "path_at", "root"}


@dataclass(frozen=True)
class Source:
    """What the tests look for in a file, at any place in it."""

    imports: list[ast.Import | ast.ImportFrom]
    attributes: list[ast.Attribute]
    # Classes, functions, and the variables of the module.
    defined: set[str]


# Several tests read each file. The whole trees would take a hundred megabytes.
@cache
def read(path: Path) -> Source:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    source = Source([], [], set())
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            source.imports.append(node)
        elif isinstance(node, ast.Attribute) and node.attr in OF_THE_DISK:
            source.attributes.append(node)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            source.defined.add(node.name)
    assigned = [target for one in tree.body if isinstance(one, ast.Assign) for target in one.targets]
    source.defined.update(one.id for one in assigned if isinstance(one, ast.Name))
    return source


def imported_modules(path: Path) -> set[str]:
    """Return the first part of the name of each module that a file imports, at any place in it."""
    modules = set()
    for node in read(path).imports:
        if isinstance(node, ast.Import):
            modules |= {name.name.split(".")[0] for name in node.names}
        elif node.module:
            modules.add(node.module.split(".")[0])
    return modules


def sources(app: str) -> list[Path]:
    return [path for path in (ROOT / app).rglob("*.py") if "tests" not in path.parts]


@pytest.mark.parametrize("app", APPS)
def test_an_app_imports_only_what_lies_below_it(app):
    forbidden = set(APPS) - {app} - MAY_IMPORT[app]
    for path in sources(app):
        assert not imported_modules(path) & forbidden, path


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def arrows(app: str) -> dict[str, set[str]]:
    """Return for each module of an app the modules of the same app that it imports, at any place in its file."""
    files = {name_of(path): path for path in sources(app) if "migrations" not in path.parts}
    found: dict[str, set[str]] = {name: set() for name in files}
    for name, path in files.items():
        for node in read(path).imports:
            if isinstance(node, ast.ImportFrom) and node.module:
                imported = {f"{node.module}.{one.name}" for one in node.names} & files.keys()
                found[name] |= imported or ({node.module} & files.keys())
    return found


@pytest.mark.parametrize("app", ROOMS)
def test_a_room_imports_only_what_stands_before_it(app):
    floors = {room: floor for floor, room in enumerate(ROOMS[app].split())}
    wrong = [
        f"{module} imports {imported}"
        for module, all_imported in arrows(app).items()
        for imported in all_imported
        if module != app and floors[imported.split(".")[1]] > floors[module.split(".")[1]]
    ]
    assert wrong == []


def test_the_store_knows_neither_rows_nor_folders_nor_pages():
    """Of its own app it imports its errors, and how to stop. Whoever uses it hands over bytes and keys."""
    below = {
        imported
        for module, all_imported in arrows("images").items()
        if ".store." in module
        for imported in all_imported
    }
    assert {name for name in below if ".store." not in name} <= {"images.errors", "images.archive.paced_reader"}


@pytest.mark.parametrize("app", APPS)
def test_no_imports_run_in_a_circle(app):
    left = arrows(app)
    while free := [module for module, imported in left.items() if not imported & left.keys() - {module}]:
        left = {module: imported for module, imported in left.items() if module not in free}
    assert set(left) == set()


def test_only_migrations_import_migrations():
    """A migration never changes, but the code that the program runs today must be free to change."""
    named = re.compile(rf"\b(?:{'|'.join(APPS)})\.migrations\b")
    others = [path for app in APPS for path in sources(app) if "migrations" not in path.parts]
    assert [path for path in others if named.search(path.read_text(encoding="utf-8"))] == []


def test_the_camera_has_neither_models_nor_a_database():
    assert not (ROOT / "camera" / "models.py").exists()
    assert not (ROOT / "camera" / "migrations").exists()


# Those that look after the disk itself, or show people where their pictures are.
KNOW_THE_DISK = {
    *("images/archive", "images/backup", "microscope/setup", "microscope/start", "microscope/status"),
    "images/api/serializers.py",
}


def test_only_the_archive_knows_where_its_files_are_on_the_disk():
    """All others ask by name or location: so an original may be somewhere else."""
    asking = set()
    for path in sources("images") + sources("microscope"):
        for node in read(path).attributes:
            # `archive.root`, `self._archive.path_at(...)`, `the_library().archive.path_of(...)`
            if "archive" in ast.unparse(node.value):
                asking.add(path.relative_to(ROOT).as_posix())
    assert {one for one in asking if not one.startswith(tuple(KNOW_THE_DISK))} == set()
    assert "images/archive/sidecar.py" in asking


def test_only_the_pixelink_driver_knows_the_sdk():
    knowing = {path.name for app in APPS for path in sources(app) if "pixelinkWrapper" in imported_modules(path)}
    assert knowing == {"library.py"}


def test_no_file_grows_past_three_hundred_lines():
    """Neither of the program nor of its tests: a longer one has two subjects."""
    files = [path for folder in (*APPS, "tests") for path in (ROOT / folder).rglob("*.py")]
    lines_by_file = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in files}
    assert {str(path.relative_to(ROOT)) for path, lines in lines_by_file.items() if lines > 300} == set()


def test_no_room_holds_more_than_fourteen_files():
    rooms = Counter(path.parent for app in APPS for path in sources(app) if "migrations" not in path.parts)
    assert {str(room.relative_to(ROOT)): files for room, files in rooms.items() if files > 14} == {}


def test_dates_are_written_in_a_form_that_every_system_knows():
    """`%-d` is a day without a zero before it on Linux, and an error on Windows."""
    writing = {path for app in APPS for path in sources(app) if re.search(r"%-[a-zA-Z]", path.read_text("utf-8"))}
    assert writing == set()


def addresses(patterns: list, before: str = "") -> list[str]:
    """Return every address of these patterns and of the patterns that they include."""
    found = []
    for one in patterns:
        if getattr(one, "namespace", None) == "admin":
            continue
        here = before + str(one.pattern)
        found += addresses(one.url_patterns, here) if hasattr(one, "url_patterns") else [here]
    return found


def test_no_address_stands_in_the_way_of_another():
    every = addresses(get_resolver().url_patterns)
    assert "api/v1/camera" in every
    assert [address for address, times in Counter(every).items() if times > 1] == []


ASKING = re.compile(
    r"\b(fetch|importScripts)\s*\(|\b(EventSource|XMLHttpRequest|WebSocket|sendBeacon)\b|\.src\s*=.*/api/"
)


def scripts() -> list[Path]:
    return [path for path in (ROOT / "static").rglob("*.js") if "vendor" not in path.parts]


def test_one_module_asks_the_server_and_always_with_a_deadline():
    asking = {path.name: ASKING.findall(path.read_text(encoding="utf-8")) for path in scripts()}
    assert {name for name, found in asking.items() if found} == {"api.js"}
    assert len(asking["api.js"]) == 1
    api = (ROOT / "static" / "microscope" / "api.js").read_text(encoding="utf-8")
    asked = re.findall(r"await send\((.*)\)", api)
    assert len(asked) == 4
    assert all("signal: deadline.signal" in one for one in asked)


def test_the_docs_explain_every_setting_with_its_default():
    page = (ROOT / "docs" / "run" / "settings.md").read_text(encoding="utf-8")
    explained = dict(re.findall(r"^\| `([A-Z0-9_]+)` \|\s*(?:`([^`]*)`)?\s*\|", page, re.MULTILINE))
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
    for name in ("requirements.txt", "requirements-s3.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            assert not line or line.startswith(("-r ", "#")) or "==" in line, f"{name}: {line}"


# Words that have been replaced: docs/develop/glossary.md has the new ones. Each pattern stands for a whole name.
REJECTED = re.compile(
    "_?(MOST|LONGEST|LARGEST|SMALLEST|SHORTEST)_.+|_?(demand|tell)(_.+)?|anew|owners|rejoin.*|.*(registrar|doorkeeper).*"
    "|.*(sdk_?code|pixel_?addressing|scratch_file|bulletin|supposition|changes_file|what_is_told|comings_and_goings).*"
    "|Bulletin|Supposition|Programm(ed|ing)|Wanted|Turn|Taken|Numbers|Changes|DamagedChanges|Registrar|Owners|InUse"
    "|Facts|Incoming|HalfSent|TimelySocket|Doorkeeper|OnceOnly|Kept|Asked|PixelAddressing"
)


@pytest.mark.parametrize("app", APPS)
def test_no_rejected_name_comes_back(app):
    found = {f"{path.relative_to(ROOT)}: {name}" for path in sources(app) for name in read(path).defined}
    assert {name for name in found if REJECTED.fullmatch(name.split(": ")[1])} == set()


def test_no_rejected_name_stands_in_the_docs():
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    words = {(page.name, word) for page in pages for word in re.findall(r"\w+", page.read_text(encoding="utf-8"))}
    assert {(page, word) for page, word in words if "_" in word and REJECTED.fullmatch(word)} == set()
