"""Measure what a capture costs beyond its exposure and frame period, beside the plainest code that keeps a picture.

The captures go through real HTTP with a JWT and keep-alive: a 1920 x 1080 colour scene of stained cells with noise at 1
ms exposure, as JPEG of quality 95, safe on disk. Both sides take turns in one run, because machines are noisy: trust
the ratios.

    python -m benchmarks.capture [--captures 200]

The same on a Pixelink camera, on the stand-in below the real wrapper, at several ages of the stream (the last some
minutes old):

    python -m benchmarks.capture --driver pixelink [--camera mono-5mp --frame-ms 15 --exposures 20,200]
"""

import argparse
import hashlib
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image

from benchmarks import standin_captures
from benchmarks.floor import Floor
from benchmarks.server_process import Client, ServerProcess
from camera.drivers.settings import SettingsRequest
from camera.drivers.simulated.driver import MODELS, SimulatedDriver

MODEL = MODELS["colour-2mp-bright"]
EXPOSURE_MS = 1.0
CLIENTS = 8
BLOCK = 20
WARM_UP = 120
CAPTURE = {"exposure": EXPOSURE_MS, "gain": 0, "format": "jpg", "quality": 95}


def main() -> None:
    options = _read_options()
    if options.driver == "pixelink":
        standin_captures.run(options)
    else:
        _measure_simulated(options.captures)


def _read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--driver", choices=("simulated", "pixelink"), default="simulated")
    parser.add_argument("--captures", type=int, help="of each kind; 200 simulated, 30 on the stand-in")
    of_standin = parser.add_argument_group("with --driver pixelink")
    of_standin.add_argument("--camera", choices=standin_captures.CAMERAS, default="colour-2mp")
    of_standin.add_argument("--start-ms", type=float, default=80.0, help="how long starting the stream takes")
    of_standin.add_argument("--latch", type=int, default=2, help="after how many frames settings take effect")
    of_standin.add_argument("--frame-ms", type=float, default=11.7, help="how long reading the sensor takes")
    of_standin.add_argument("--exposures", type=_numbers, default="1,5,20,100,200,400", help="milliseconds")
    of_standin.add_argument("--ages", type=_numbers, default="2,60,600", help="of the stream, seconds")
    of_standin.add_argument("--memory", action="store_true", help="also memory: at rest, at the peak, a minute after")
    options = parser.parse_args()
    options.captures = options.captures or (30 if options.driver == "pixelink" else 200)
    return options


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]


def _measure_simulated(captures: int) -> None:
    environment = {"SIMULATED_CAMERA": MODEL.name, "DEFAULT_EXPOSURE": f"{EXPOSURE_MS:g}", "DEFAULT_GAIN": "0"}
    with ServerProcess(**environment) as server, tempfile.TemporaryDirectory(dir=server.data_path) as folder:
        floor = Floor(Path(folder), Image.fromarray(_take_frame()))
        client = server.log_in()
        _warm_up(client, floor)
        _report_one_by_one(server, client, floor, captures)
        _report_at_once(server, client.token, floor, captures)
        _report_memory(server, client, captures)


def _report_one_by_one(server: ServerProcess, client: Client, floor: Floor, captures: int) -> None:
    latencies_ms, floors_ms = [], []
    used_s, plain_used_s = server.cpu_seconds(), 0.0
    for _ in range(max(captures // BLOCK, 1)):
        began_s = time.process_time()
        floors_ms += [_time_ms(floor.keep) for _ in range(BLOCK)]
        plain_used_s += time.process_time() - began_s
        latencies_ms += [_time_ms(lambda: client.post("/api/v1/camera/capture", CAPTURE)) for _ in range(BLOCK)]
    used_s = server.cpu_seconds() - used_s
    period_ms = max(MODEL.height * MODEL.row_readout_us / 1000, EXPOSURE_MS)
    costs_ms = [latency_ms - EXPOSURE_MS - period_ms for latency_ms in latencies_ms]
    print(f"One by one ({len(costs_ms)} each), milliseconds; exposure {EXPOSURE_MS:g}, frame period {period_ms:.2f}")
    print(f"  {'':28}{'median':>8}{'95 %':>8}")
    for name, values in (("the plainest code (floor)", floors_ms), ("a capture, beyond the frame", costs_ms)):
        print(f"  {name:28}{statistics.median(values):8.1f}{_percentile_95(values):8.1f}")
    ratio = statistics.median(costs_ms) / statistics.median(floors_ms)
    print(f"  median is {ratio:.2f} times the floor (aim: at most 1.35)")
    used_ms, plain_used_ms = (seconds * 1000 / len(costs_ms) for seconds in (used_s, plain_used_s))
    print(f"  processor time: {used_ms:.1f} ms a capture, {plain_used_ms:.1f} the plainest code")


def _report_at_once(server: ServerProcess, token: str, floor: Floor, captures: int) -> None:
    clients = [Client(server.port, token) for _ in range(CLIENTS)]
    ours, plain = [], []
    for _ in range(4):
        plain.append(_rate([floor.keep] * 2, captures // 4))
        ours.append(_rate([_capture_with(client) for client in clients], captures // 4))
    asking = _rate([lambda client=client: client.get("/api/v1/auth/me") for client in clients], captures)
    ratio = statistics.median(ours) / statistics.median(plain)
    print(f"From {CLIENTS} clients at once: {statistics.median(ours):.1f} captures a second")
    print(f"  two threads of the plainest code: {statistics.median(plain):.1f} a second")
    print(f"  {ratio:.2f} of it (aim: at least 0.85)")
    both = 1 / (1 / statistics.median(plain) + 1 / asking)
    print(f"  requests that only say who asks: {asking:.0f} a second; with the plainest code behind each, {both:.1f}")


def _report_memory(server: ServerProcess, client: Client, captures: int) -> None:
    before_mb = server.resident_mb()
    for _ in range(1000):
        client.post("/api/v1/camera/capture", CAPTURE)
    after_mb = server.resident_mb()
    print(f"Memory over 1,000 captures: {before_mb:.0f} MB before, {after_mb:.0f} MB after")


def _take_frame():
    driver = SimulatedDriver(MODEL)
    driver.open()
    driver.configure(SettingsRequest(EXPOSURE_MS, 0))
    driver.start()
    return driver.grab().develop()


def _warm_up(client: Client, floor: Floor) -> None:
    """Every thread of the server opens its own connection to the database at its first request."""
    for _ in range(WARM_UP):
        floor.keep()
        answer = client.post("/api/v1/camera/capture", CAPTURE)
    content = Path(answer["filepath"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == answer["sha256"], "the file is not what was answered"


def _capture_with(client: Client) -> Callable[[], object]:
    return lambda: client.post("/api/v1/camera/capture", CAPTURE)


def _rate(workers: list[Callable[[], object]], total: int) -> float:
    """Return the calls a second. Each worker has a thread of its own."""
    each = max(total // len(workers), 1)

    def work(call: Callable[[], object]) -> None:
        for _ in range(each):
            call()

    threads = [threading.Thread(target=work, args=(call,)) for call in workers]
    began_s = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return each * len(workers) / (time.perf_counter() - began_s)


def _time_ms(call: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    call()
    return (time.perf_counter() - began_s) * 1000


def _percentile_95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


if __name__ == "__main__":
    main()
