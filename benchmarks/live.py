"""Measure what watching costs, and what it costs those who capture meanwhile.

A colour camera of 1920 x 1080 pixels and 30 frames a second, a real server, and watchers over loopback. The rounds take
turns, because machines are noisy: compare only within one run. Linux only. The process of the watchers needs a part of
the same machine, and so does the simulated camera, which draws each picture.

    python -m benchmarks.live [--rounds 3]
"""

import argparse
import contextlib
import random
import statistics
import time
from dataclasses import dataclass
from typing import Any

from benchmarks.server_process import Client, ServerProcess
from benchmarks.watchers import Watchers

EXPOSURE_MS = 33.3
STALLED = 5
STALLED_DURING_CAPTURE = 10
SETTLE_S = 0.5
WINDOW_S = 3.0
CAPTURES = 15
WARM_UP = 120


@dataclass(frozen=True)
class Crowd:
    """The watchers: how many of them read, and how many never do."""

    reading: int
    stalled: int = 0

    def __str__(self) -> str:
        return f"{self.reading}" + (f", and {self.stalled} that never read" if self.stalled else "")


WATCHED = [Crowd(1), Crowd(10), Crowd(10, STALLED), Crowd(50), Crowd(50, STALLED)]
CAPTURED = [Crowd(0), Crowd(10), Crowd(50), Crowd(50, STALLED_DURING_CAPTURE)]
COLUMNS = {
    "slowest_rate_hz": "slowest/s",
    "median_rate_hz": "median/s",
    "median_age_ms": "age ms",
    "age_ms_95": "age 95 %",
    "processors": "processor",
    "resident_mb": "MB",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    environment = {
        "SIMULATED_CAMERA": "colour-2mp",
        "DEFAULT_EXPOSURE": f"{EXPOSURE_MS:g}",
        "DEFAULT_GAIN": "0",
        "LIVE_MAX_WATCHERS": "64",
    }
    with ServerProcess(**environment) as server:
        client = server.log_in()
        _warm_up(client)
        _report_watching(_measure_watching(server, client.token, rounds))
        _report_captures(_measure_captures(server, client.token, rounds))


def _measure_watching(server: ServerProcess, token: str, rounds: int) -> dict[Crowd, list[dict[str, Any]]]:
    rows: dict[Crowd, list[dict[str, Any]]] = {crowd: [] for crowd in WATCHED}
    for _ in range(rounds):
        for crowd in WATCHED:
            rows[crowd].append(_watch(server, token, crowd))
    return rows


def _watch(server: ServerProcess, token: str, crowd: Crowd) -> dict[str, Any]:
    with Watchers(server.port, token, crowd.reading, crowd.stalled) as watchers:
        time.sleep(SETTLE_S)
        watchers.report()
        began_at_s, used_before_s = time.perf_counter(), server.cpu_seconds()
        time.sleep(WINDOW_S)
        used_s, took_s = server.cpu_seconds() - used_before_s, time.perf_counter() - began_at_s
        return {**watchers.report(), "processors": used_s / took_s, "resident_mb": server.resident_mb()}


def _report_watching(rows: dict[Crowd, list[dict[str, Any]]]) -> None:
    medians = {
        crowd: {name: statistics.median(row[name] for row in own) for name in COLUMNS} for crowd, own in rows.items()
    }
    print(f"Watching, medians of {len(rows[WATCHED[0]])} windows of {WINDOW_S:g} s; new pictures a second for each")
    print(f"  {'watchers':28}" + "".join(f"{title:>11}" for title in COLUMNS.values()))
    for crowd, figures in medians.items():
        print(f"  {crowd!s:28}" + "".join(f"{figures[name]:11.2f}" for name in COLUMNS))
    ratio = medians[Crowd(50)]["processors"] / medians[Crowd(1)]["processors"]
    print(f"  50 cost {ratio:.2f} times the processor time of one (aim: at most 2)")
    for reading in (10, 50):
        _report_stalled(medians[Crowd(reading)], medians[Crowd(reading, STALLED)], reading)


def _report_stalled(without: dict[str, float], beside: dict[str, float], reading: int) -> None:
    changes = ", ".join(
        f"{COLUMNS[name].strip()} {beside[name] / without[name]:.2f}"
        for name in ("median_rate_hz", "median_age_ms", "age_ms_95", "processors")
    )
    print(f"  {STALLED} that never read beside {reading}, times the figure without them: {changes} (aim: 1)")


def _measure_captures(server: ServerProcess, token: str, rounds: int) -> dict[Crowd, list[float]]:
    latencies_ms: dict[Crowd, list[float]] = {crowd: [] for crowd in CAPTURED}
    for _ in range(rounds):
        for crowd in CAPTURED:
            with _watched_by(server, token, crowd):
                time.sleep(SETTLE_S)
                client = Client(server.port, token)
                latencies_ms[crowd] += [_time_capture_ms(client) for _ in range(CAPTURES)]
    return latencies_ms


def _watched_by(server: ServerProcess, token: str, crowd: Crowd) -> contextlib.AbstractContextManager[Any]:
    return Watchers(server.port, token, crowd.reading, crowd.stalled) if crowd.reading else contextlib.nullcontext()


def _time_capture_ms(client: Client) -> float:
    """Return the time of a capture at a random moment of the camera's rhythm, because the waits before it differ."""
    time.sleep(random.uniform(0, 2 * EXPOSURE_MS / 1000))
    began_s = time.perf_counter()
    client.post("/api/v1/camera/capture", {"format": "jpg", "quality": 95})
    return (time.perf_counter() - began_s) * 1000


def _report_captures(latencies_ms: dict[Crowd, list[float]]) -> None:
    alone = _median_and_95(latencies_ms[Crowd(0)])
    print(f"Captures meanwhile ({len(latencies_ms[Crowd(0)])} each), milliseconds; frame period {EXPOSURE_MS:g}")
    print(f"  {'watchers':28}{'median':>11}{'95 %':>11}{'more':>11}{'more 95 %':>11}")
    for crowd, values in latencies_ms.items():
        median, high = _median_and_95(values)
        print(f"  {crowd!s:28}{median:11.1f}{high:11.1f}{median - alone[0]:11.1f}{high - alone[1]:11.1f}")
    most = max(_median_and_95(values)[0] for values in latencies_ms.values()) - alone[0]
    print(f"  at most {most:.1f} ms more at the median (aim: at most the frame period of {EXPOSURE_MS:g})")


def _median_and_95(values: list[float]) -> tuple[float, float]:
    return statistics.median(values), statistics.quantiles(values, n=20)[-1]


def _warm_up(client: Client) -> None:
    """Every thread of the server opens its own connection to the database at its first request."""
    for _ in range(WARM_UP):
        client.get("/api/v1/auth/me")


if __name__ == "__main__":
    main()
