"""A value that makes no sense stops the start with a sentence."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run_check(tmp_path, **values: str) -> subprocess.CompletedProcess:
    environment = {**os.environ, "DATA_PATH": str(tmp_path), **values}
    command = [sys.executable, "manage.py", "check"]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PORT", "three thousand", "PORT=three thousand makes no sense: it must be a whole number from 1 to 65535."),
        ("PORT", "70000", "PORT=70000 makes no sense"),
        ("DEBUG", "perhaps", "it must be true or false"),
        ("CAMERA_DRIVER", "webcam", "it must be one of auto, pixelink, simulated"),
        ("DEFAULT_EXPOSURE", "nan", "DEFAULT_EXPOSURE=nan makes no sense"),
        ("DATABASE_URL", "mysql://user:hidden-password@host/name", "SQLite or PostgreSQL"),
        ("SERVER_THREADS", "20", "leaves too few threads"),
    ],
)
def test_nonsense_stops_the_start(tmp_path, name, value, said):
    result = run_check(tmp_path, **{name: value})
    assert result.returncode != 0
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert "hidden-password" not in result.stderr


def test_a_secret_key_is_made_once_and_kept_private(tmp_path):
    run_check(tmp_path, SECRET_KEY="")
    key = (tmp_path / "secret-key").read_text()
    run_check(tmp_path, SECRET_KEY="")
    assert (tmp_path / "secret-key").read_text() == key
    assert len(key) > 60
    if os.name != "nt":
        assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0
