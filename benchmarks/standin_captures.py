"""How long a capture takes on a Pixelink camera: on the stand-in for the vendor's library, below the real wrapper.

The stand-in records its exposures. So each capture also says how many frames it did not use: frames that began after
the request and were not kept. 0 is the best possible. It also says how long after the request the kept frame began,
without the delays of a busy machine.
"""

import argparse
import contextlib
import json
import random
import socket
import statistics
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.floor import Floor
from benchmarks.server_process import Client, ServerProcess
from tests.promises.watching import Watcher

CLIENTS = 8
# Changed captures take turns with these: nobody sets the first settings back while nobody watches, so a second capture
# with the same wish would change nothing.
CHANGED_BY = (1.2, 1.4)
KEPT_ON_BY_S = 4.0
WARM_UP = 20
MEMORY_CAPTURES = 400
MINUTE_S = 60.0
CAMERAS: dict[str, dict[str, Any]] = {
    "colour-2mp": {"is_colour": True, "sensor_width": 1936, "sensor_height": 1216, "significant_bits": 8},
    "mono-5mp": {"is_colour": False, "sensor_width": 2592, "sensor_height": 2048, "significant_bits": 12},
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One capture. `passed` and `began_ms` are as above; None if the frame is not in the record any more."""

    took_ms: float
    passed: int | None
    began_ms: float | None


class Standin:
    """The stand-in of a server process: which exposures it made."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        model = {**CAMERAS[options.camera], "row_time_s": options.frame_ms / 1000}
        model["row_time_s"] /= model["sensor_height"]
        plan = {
            "model": model,
            "start_s": options.start_ms / 1000,
            "latch_frames": options.latch,
            "control": self._listener.getsockname()[1],
        }
        self.command = [sys.executable, "-m", "benchmarks.standin_process", json.dumps(plan)]
        self._lines: Any = None

    def exposures_since(self, moment_s: float) -> list[tuple[int, float, float]]:
        if self._lines is None:
            self._lines = self._listener.accept()[0].makefile("rw")
        self._lines.write(f"{moment_s}\n")
        self._lines.flush()
        return json.loads(self._lines.readline())


class Bench:
    """Captures one after the other, at random moments of the camera's rhythm."""

    def __init__(self, server: ServerProcess, standin: Standin, client: Client) -> None:
        self.server, self._standin, self.client = server, standin, client

    def capture(self, **asked: Any) -> Measured:
        began_s = time.perf_counter()
        answer = self.client.post("/api/v1/camera/capture", {"format": "jpg", "quality": 95, **asked})
        ended_s = time.perf_counter()
        number = answer["metadata"]["frame"]["number"]
        begun = [one for one in self._standin.exposures_since(began_s) if one[1] < ended_s]
        kept = [place for place, one in enumerate(begun) if one[0] == number][-1:]
        began_ms = (begun[kept[0]][1] - began_s) * 1000 if kept else None
        return Measured((ended_s - began_s) * 1000, kept[0] if kept else None, began_ms)

    def share(self, exposure_ms: float) -> None:
        """Set the exposure for everybody. Each exposure to come is used once: the stand-in draws its picture then,
        which takes it longer than many frames."""
        self.client.ask("PATCH", "/api/v1/camera/settings", json.dumps({"exposure": exposure_ms, "gain": 0}))
        for number in range(len(CHANGED_BY)):
            self.client.post("/api/v1/camera/capture", {"format": "jpg", **changed(exposure_ms, number)})
        for _ in range(2):
            self.client.post("/api/v1/camera/capture", {"format": "jpg"})

    def keep_on_until(self, moment_s: float) -> None:
        while (remaining_s := moment_s - time.perf_counter()) > 0:
            time.sleep(min(remaining_s, KEPT_ON_BY_S))
            self.capture()

    def measure(self, exposure_ms: float, is_changing: bool, captures: int) -> list[Measured]:
        measured = []
        for number in range(captures):
            time.sleep(random.uniform(0, 2 * max(exposure_ms, 12.0)) / 1000)
            measured.append(self.capture(**(changed(exposure_ms, number) if is_changing else {})))
        return measured


def changed(exposure_ms: float, number: int) -> dict[str, float]:
    """Return what the capture of that number asks for, if each capture changes the exposure."""
    return {"exposure": round(exposure_ms * CHANGED_BY[number % len(CHANGED_BY)], 2), "gain": 0}


def run(options: argparse.Namespace) -> None:
    standin = Standin(options)
    with ServerProcess(standin.command, CAMERA_DRIVER="pixelink", DEFAULT_EXPOSURE="5", DEFAULT_GAIN="0") as server:
        client = server.log_in()
        resting_mb = _rest(server)
        _report_floor(server, client)
        bench = Bench(server, standin, client)
        began_s = time.perf_counter()
        _print_head(options)
        for age_s in options.ages:
            bench.keep_on_until(began_s + age_s)
            for is_watched in (False, True):
                with Watcher(_Watched(server, client)) if is_watched else contextlib.nullcontext():
                    _report_exposures(bench, options, age_s, is_watched)
        if options.memory:
            _report_memory(server, client, resting_mb)


def _rest(server: ServerProcess) -> float:
    time.sleep(2.0)
    return server.resident_mb()


def _print_head(options: argparse.Namespace) -> None:
    print(
        f"{options.camera}: {options.frame_ms:g} ms a frame, start {options.start_ms:g} ms, latch {options.latch}; "
        f"{options.captures} captures each; milliseconds, and frames let pass"
    )
    titles = ("age s", "exposure", "watcher", "settings", "median", "95 %", "passed", "most", "began", "CPU ms")
    print("".join(f"{title:>11}" for title in titles), flush=True)


def _report_exposures(bench: Bench, options: argparse.Namespace, age_s: float, is_watched: bool) -> None:
    for exposure_ms in options.exposures:
        bench.share(exposure_ms)
        for is_changing in (False, True):
            used_s = bench.server.cpu_seconds()
            measured = bench.measure(exposure_ms, is_changing, options.captures)
            used_ms = (bench.server.cpu_seconds() - used_s) * 1000 / len(measured)
            took_ms = [one.took_ms for one in measured]
            passed = [one.passed for one in measured if one.passed is not None] or [-1]
            began_ms = [one.began_ms for one in measured if one.began_ms is not None] or [-1.0]
            print(
                f"{age_s:11g}{exposure_ms:11g}{'yes' if is_watched else 'no':>11}"
                f"{'changed' if is_changing else 'in force':>11}"
                f"{statistics.median(took_ms):11.1f}{statistics.quantiles(took_ms, n=20)[-1]:11.1f}"
                f"{statistics.median(passed):11g}{max(passed):11d}"
                f"{statistics.median(began_ms):11.1f}{used_ms:11.1f}",
                flush=True,
            )


def _report_floor(server: ServerProcess, client: Client) -> None:
    """Measure the plainest code that keeps the same picture. It does not wait for a frame."""
    from PIL import Image

    for _ in range(WARM_UP):
        answer = client.post("/api/v1/camera/capture", {"format": "png"})
    with tempfile.TemporaryDirectory(dir=server.data_path) as folder:
        with Image.open(answer["filepath"]) as picture:
            floor = Floor(Path(folder), picture.convert("RGB" if picture.mode == "RGB" else "L").copy())
        took_ms = []
        for _ in range(WARM_UP):
            began_s = time.perf_counter()
            floor.keep()
            took_ms.append((time.perf_counter() - began_s) * 1000)
    print(f"The plainest code that keeps the picture (floor): {statistics.median(took_ms):.1f} ms beyond its frame")


def _report_memory(server: ServerProcess, client: Client, resting_mb: float) -> None:
    client.ask("PATCH", "/api/v1/camera/settings", json.dumps({"exposure": 5, "gain": 0}))
    clients = [Client(server.port, client.token) for _ in range(CLIENTS)]
    began_s = time.perf_counter()

    def work(one: Client) -> None:
        for _ in range(MEMORY_CAPTURES // CLIENTS):
            one.post("/api/v1/camera/capture", {"format": "jpg", "quality": 95})

    threads = [threading.Thread(target=work, args=(one,)) for one in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rate_hz = MEMORY_CAPTURES / (time.perf_counter() - began_s)
    peak_mb = server.most_resident_mb()
    time.sleep(MINUTE_S)
    print(
        f"From {CLIENTS} clients at once: {rate_hz:.1f} captures a second. Memory: {resting_mb:.0f} MB at rest, "
        f"{peak_mb:.0f} at the peak, {server.resident_mb():.0f} a minute after"
    )


class _Watched:
    """A server with the attributes that `Watcher` needs."""

    def __init__(self, server: ServerProcess, client: Client) -> None:
        self.port, self.client = server.port, client
