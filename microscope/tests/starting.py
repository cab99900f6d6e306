"""The commands of the program as processes of their own, with a `.env` file and a data folder that the test chooses."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from microscope.tests.warm.program import run_program

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("accounts", "camera", "folding", "images", "microscope")
NOT_SET = ("DATA_PATH", "DATABASE_URL", "IMAGE_SAVE_PATH")


def copy_program(folder: Path) -> Path:
    """Copy the program without its tests to a folder of its own, so that a `.env` can stand beside `manage.py`."""
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("tests", "__pycache__"))
    shutil.copy(ROOT / "manage.py", folder)
    return folder


def run_command(
    *command: str, folder: Path = ROOT, user: int | None = None, encoding: str = "utf-8", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command of `manage.py` to its end. It inherits the environment of the tests, except NOT_SET."""
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_SET or name in environment}
    if folder == ROOT and user is None and encoding == "utf-8":
        return run_program(["manage.py", *command], {**inherited, **environment}, timeout_s=120)
    return subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=folder,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        encoding=encoding,
        user=user,
        timeout=120,
    )


def print_setting(name: str, **options) -> str:
    """Return the value that the program uses for this setting."""
    code = f"from django.conf import settings; print(ascii(settings.{name}))"
    result = run_command("shell", "--no-imports", "--command", code, **options)
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()[-1]


def assert_one_sentence(result: subprocess.CompletedProcess[str], *words: str) -> None:
    """The command failed with one sentence for the user."""
    assert result.returncode == 1, (result.returncode, result.stdout, result.stderr)
    assert "Traceback" not in result.stderr
    for word in words:
        assert word in result.stderr, (word, result.stderr)
