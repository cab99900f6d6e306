"""The environment of the tests: a data folder of their own, and a small simulated camera. It also adds the options
--long and --database.

pytest loads it before the settings are read.
"""

import atexit
import gc
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# At this part of a run the last file with long tests begins, so that no process is left with it in the end.
LONG_UNTIL = 0.8

# While pytest loads the tests, hardly anything becomes garbage, and to look for it takes a sixth of that time.
gc.disable()

_folder = tempfile.mkdtemp(prefix="microscope-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)

os.environ.update(
    {
        "DATA_PATH": _folder,
        "IMAGE_SAVE_PATH": "images",
        "SECRET_KEY": "only-for-tests-" + "0123456789" * 5,
        "DEBUG": "false",
        "HTTPS": "false",
        "TIME_ZONE": "UTC",
        "CAMERA_DRIVER": "simulated",
        "SIMULATED_CAMERA": "colour-small",
        "CAMERA_SERIAL_NUMBER": "",
        "DEFAULT_EXPOSURE": "5",
        "DEFAULT_GAIN": "0",
        "MINIMUM_FREE_MB": "1",
        "ALLOWED_ORIGINS": "",
        "ADMIN_PASSWORD": "",
    }
)

# The programs that tests start find the compiled modules of those before them, also if the shell says to keep none:
# a third of such a start is compiling.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# The programs that tests start find this folder's sitecustomize.py.
_of_programs = str(Path(__file__).parent / "program")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [_of_programs, os.environ.get("PYTHONPATH", "")]))

# If the tests run in the background, these signals may be ignored, and processes of the tests would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="also run the tests that are marked as long")
    parser.addoption("--database", action="store_true", help="run only tests for which the database can matter")


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """Tests wait for half of their time, so there are two processes for each processor."""
    return (os.cpu_count() or 1) * 2


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long tests out of a plain run. If the command names a file, all of that file runs."""
    if not config.getoption("--long") and not any(".py" in argument for argument in config.args):
        _keep_only(config, items, lambda item: not item.get_closest_marker("long"))
    if config.getoption("--database"):
        _keep_only(config, items, _uses_database)
    _mix(items)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """All that is there now stays to the end. Python need not look through it again and again for what can go."""
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """After each file, let go what its tests left in circles: few objects, and some hold the frames of a camera.

    What is there after that stays, as above: after some hundred files it is so much that each look takes a second.
    """
    yield
    if nextitem is None or nextitem.path != item.path:
        gc.collect()
        gc.freeze()


def _mix(items: list[pytest.Item]) -> None:
    """Let the files of each folder come evenly among the others: in some folders most tests wait, in others they keep
    the processors busy. Files with long tests come a little earlier, from whichever folder they are."""
    long_files = {item.path for item in items if item.get_closest_marker("long")}
    groups: dict[Path | None, dict[Path, None]] = {}
    for item in items:
        groups.setdefault(None if item.path in long_files else item.path.parent, {})[item.path] = None
    places = {}
    for folder, files in groups.items():
        until = LONG_UNTIL if folder is None else 1
        places |= {path: until * number / len(files) for number, path in enumerate(files)}
    items.sort(key=lambda item: places[item.path])


def _uses_database(item: pytest.Item) -> bool:
    fixtures = {"db", "transactional_db"}.intersection(getattr(item, "fixturenames", ()))
    return bool(fixtures or item.get_closest_marker("django_db") or item.get_closest_marker("own_database"))


def _keep_only(config: pytest.Config, items: list[pytest.Item], is_kept: Callable[[pytest.Item], bool]) -> None:
    left_out = [item for item in items if not is_kept(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if is_kept(item)]
