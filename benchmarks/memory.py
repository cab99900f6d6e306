"""Measure the memory of 8 clients who capture at once: at rest, at the peak, and a minute later. Linux only.

The program is a process of its own, with the simulated camera, and with the real wrapper on a stand-in for the vendor's
library. That stand-in returns one prepared picture, so that little of the measured memory is its own.

    python -m benchmarks.memory [--seconds 20] [--only pixelink] [--watchers 1]
"""

import argparse
import contextlib
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.memory_process import SCENARIOS, Scenario
from benchmarks.server_process import Client, ServerProcess
from benchmarks.watchers import Watchers
from camera.drivers.simulated.specimen import draw_specimen
from camera.tests.standin.codes import PixelFormat

CLIENTS = 8
SETTLE_S = 10.0
AFTER_S = 60.0
EXPOSURE_MS = 5.0
BAYER_SITES = ((0, 0, 1), (0, 1, 0), (1, 0, 2), (1, 1, 1))  # row, column and colour, of GRBG


@contextlib.contextmanager
def serving(scenario: Scenario) -> Iterator[ServerProcess]:
    """The program with the camera of the scenario. The picture of the stand-in is prepared here, so that the program
    does not draw it."""
    environment = {"DEFAULT_EXPOSURE": f"{EXPOSURE_MS:g}", "DEFAULT_GAIN": "0", **scenario.environment}
    with tempfile.TemporaryDirectory(prefix="microscope-benchmark-") as folder:
        command = None
        if scenario.pixel_format is not None:
            prepare_frame(scenario, Path(folder))
            command = [sys.executable, "-m", "benchmarks.memory_process", scenario.name, folder]
        server = ServerProcess(command, **environment)
        server.set_up()
        with server:
            yield server


def prepare_frame(scenario: Scenario, folder: Path) -> None:
    """Write the frame as the camera sends it, and the picture that the vendor's library makes from it."""
    light = draw_specimen(scenario.width, scenario.height) * np.random.default_rng(1).normal(
        0.8, 0.02, (scenario.height, scenario.width, 3)
    )
    is_wide = scenario.pixel_format is not PixelFormat.BAYER8_GRBG
    picture = np.clip(light * 65535, 0, 65535).astype(np.uint16)
    if scenario.pixel_format is PixelFormat.MONO16:
        (folder / "frame").write_bytes(picture[:, :, 1].astype(">u2").tobytes())
        return
    mosaic = np.empty(picture.shape[:2], np.uint16)
    for row, column, colour in BAYER_SITES:
        mosaic[row::2, column::2] = picture[row::2, column::2, colour]
    (folder / "frame").write_bytes(mosaic.astype(">u2").tobytes() if is_wide else (mosaic >> 8).astype("u1").tobytes())
    (folder / "picture").write_bytes(picture.tobytes() if is_wide else (picture >> 8).astype("u1").tobytes())


@dataclass
class Figures:
    """Memory in MB, processor time and latency in milliseconds."""

    at_start: float
    at_rest: float
    peak: float
    after: float
    cpu_ms: float
    rate_hz: float


def measure(scenario: Scenario, seconds: float, watchers: int) -> Figures:
    with serving(scenario) as server:
        at_start = server.most_resident_mb()
        token = server.log_in().token
        time.sleep(SETTLE_S)
        at_rest = server.resident_mb()
        server.forget_most_resident()
        with _watched_by(server, token, watchers):
            cpu_s, captures = server.cpu_seconds(), capture_at_once(server, token, scenario.image_format, seconds)
            cpu_ms = (server.cpu_seconds() - cpu_s) * 1000 / captures
            peak = server.most_resident_mb()
        time.sleep(AFTER_S)
        return Figures(at_start, at_rest, peak, server.resident_mb(), cpu_ms, captures / seconds)


@contextlib.contextmanager
def _watched_by(server: ServerProcess, token: str, watchers: int) -> Iterator[None]:
    with Watchers(server.port, token, watchers) if watchers else contextlib.nullcontext():
        yield


def capture_at_once(server: ServerProcess, token: str, image_format: str, seconds: float) -> int:
    """Capture from 8 clients for this time. Returns the number of captures."""
    until_s = time.monotonic() + seconds
    counts: list[int] = []

    def work() -> None:
        client, count = Client(server.port, token), 0
        while time.monotonic() < until_s:
            client.post("/api/v1/camera/capture", {"format": image_format, "quality": 95})
            count += 1
        counts.append(count)

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(counts) < CLIENTS:
        raise RuntimeError("A client failed: see above.")
    return sum(counts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--only", default="", help="a part of the scenario's name")
    parser.add_argument("--watchers", type=int, default=0)
    asked = parser.parse_args()
    print(f"Megabytes in memory; {CLIENTS} clients for {asked.seconds:g} s, {asked.watchers} watching")
    columns = ("start", "rest", "peak", "after 60 s", "CPU ms", "a second")
    print(f"  {'':36}" + "".join(f"{column:>11}" for column in columns))
    for scenario in SCENARIOS:
        if asked.only in scenario.name:
            figures = measure(scenario, asked.seconds, asked.watchers)
            row = (figures.at_start, figures.at_rest, figures.peak, figures.after, figures.cpu_ms, figures.rate_hz)
            print(f"  {scenario.name:36}" + "".join(f"{value:11.1f}" for value in row), flush=True)


if __name__ == "__main__":
    main()
