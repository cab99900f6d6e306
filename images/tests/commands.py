"""Commands of manage.py that tests start as processes of their own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def start_command(folder: Path, *arguments: str) -> subprocess.Popen:
    """Start `manage.py arguments` on SQLite with this data folder. Output and errors come as text through `stdout`."""
    environment = {**os.environ, "DATA_PATH": str(folder), "IMAGE_SAVE_PATH": "images", "DATABASE_URL": ""}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
