"""Captures beside a backup, as the program makes it each day: a command of its own, at a low priority.

The same captures with and without it take turns. Each backup starts in an empty folder, so it copies the whole time.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.server_process import ROOT, ServerProcess
from benchmarks.steady_captures import CAMERA, MAX_MORE, time_captures, warm_up

# How long a backup may take to begin to copy, after the program has started.
COPYING_WITHIN_S = 60.0


def report_captures(folder: Path, count: int, size_bytes: int, rounds: int) -> bool:
    """Return True if a capture takes at most 5 % longer beside a backup. `folder` is where the backups go."""
    server = ServerProcess(MINIMUM_FREE_MB="1", **CAMERA)
    server.set_up()
    environment = {**os.environ, "DATA_PATH": str(server.data_path), "DATABASE_URL": "", "MINIMUM_FREE_MB": "1"}
    fill = [sys.executable, "-m", "benchmarks.backup_library", str(count), str(size_bytes)]
    subprocess.run(fill, cwd=ROOT, env=environment, check=True)
    took_ms: dict[str, list[float]] = {"alone": [], "backup": []}
    with server:
        client = server.log_in()
        warm_up(client)
        for _ in range(rounds):
            took_ms["alone"] += time_captures(client)
            with backing_up(folder, environment):
                took_ms["backup"] += time_captures(client)
    for name, times in took_ms.items():
        high_ms = statistics.quantiles(times, n=20)[-1]
        print(f"  {name:8}{statistics.median(times):8.1f} ms, 95 % {high_ms:.1f} ms")
    times_longer = statistics.median(took_ms["backup"]) / statistics.median(took_ms["alone"])
    print(f"  a capture beside a backup takes {times_longer:.2f} times as long, at most {MAX_MORE}", flush=True)
    return times_longer <= MAX_MORE


@contextmanager
def backing_up(folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """A backup copies for as long as the block runs. It is broken off after that."""
    with tempfile.TemporaryDirectory(prefix="backup-", dir=folder, ignore_cleanup_errors=True) as target:
        command = [sys.executable, "manage.py", "backup", target, "-v0"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        try:
            wait_until_it_copies(Path(target))
            yield
            if process.poll() is not None:
                raise RuntimeError("The backup ended before the captures did. Let it copy more originals.")
        finally:
            process.terminate()
            process.wait(30)
            shutil.rmtree(target, ignore_errors=True)


def wait_until_it_copies(target: Path) -> None:
    until_s = time.monotonic() + COPYING_WITHIN_S
    while not any(target.rglob("*.jpg")):
        if time.monotonic() > until_s:
            raise RuntimeError("The backup does not begin to copy.")
        time.sleep(0.05)
