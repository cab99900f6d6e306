"""Ten minutes of captures, watchers, gallery pages and faults: what was lost, and did the program grow?

It counts what was lost (nothing may be), and compares memory, threads, open files and latency. The program runs as a
process of its own on a stand-in camera, which is unplugged, hangs, and loses frames. Meanwhile the folder of images
loses its marker now and then. It uses the database that DATABASE_URL names, like the tests.

    python -m benchmarks.soak [--minutes 10]
"""

import argparse
import os
import random
import statistics
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from microscope.tests.server_process import NO_ANSWER
from tests.promises.bench import Bench, own_bench
from tests.promises.server import Server
from tests.promises.watching import Watcher

READING, NEVER_READING, CAPTURING = 8, 2, 4
WARM_UP_S = 15.0
FAULT_EVERY_S = 8.0
MODEL = {"sensor_width": 640, "sensor_height": 480, "significant_bits": 12}
SETTINGS = {"SERVICE_TIMEOUT": "3000", "DEFAULT_EXPOSURE": "10", "ADMIN_USERNAME": "admin", "MINIMUM_FREE_MB": "1"}


class Soak:
    """Clients that work at the same time, and the responses they got."""

    def __init__(self, bench: Bench, server: Server) -> None:
        self.bench = bench
        self.server = server
        self.answers: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self, work: Callable[[], None], pause_s: float) -> None:
        self._threads.append(threading.Thread(target=self._repeat, args=(work, pause_s)))
        self._threads[-1].start()

    def end(self) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def capture(self) -> None:
        exposure_ms, gain_db = random.choice([(5, 0), (10, 3), (20, 6)])
        answer = self.server.client.capture(exposure=exposure_ms, gain=gain_db)
        self.answers["kept" if answer.status == 201 else answer.body["code"]] += 1
        if answer.status == 201:
            self.bench.note(answer.body)

    def read_gallery(self) -> None:
        rows = self.server.client.get("/api/v1/images?limit=20")["results"]
        for row in random.sample(rows, min(3, len(rows))):
            self.server.client.ask("GET", row["thumbnailUrl"])
            self.server.client.ask("GET", row["url"])
        self.server.client.ask("GET", "/health")

    def fail(self) -> None:
        fault = random.choice([self._unplug, self._hang, self._lose_frames, self._time_out, self._lose_marker])
        self.faults[fault.__name__.strip("_")] += 1
        fault()

    def _unplug(self) -> None:
        self.server.tell("unplug")
        self._ended.wait(1.0)
        self.server.tell("plug")

    def _hang(self) -> None:
        self.server.tell("hang", random.choice(["PxLGetNextFrame", "PxLSetFeature"]))
        self._ended.wait(4.0)
        self.server.tell("release")

    def _lose_frames(self) -> None:
        self.server.tell("lose_frames", 3, 10)

    def _time_out(self) -> None:
        self.server.tell("time_out", 3, 0.1)

    def _lose_marker(self) -> None:
        marker = self.bench.images_path / ".microscope-archive"
        marker.rename(marker.with_name("marker"))
        self._ended.wait(1.0)
        marker.with_name("marker").rename(marker)

    def _repeat(self, work: Callable[[], None], pause_s: float) -> None:
        while not self._ended.wait(pause_s):
            try:
                work()
            except NO_ANSWER as problem:
                self.answers[f"no answer: {type(problem).__name__}"] += 1


def latency_ms(server: Server) -> float:
    return statistics.median(server.client.capture().took_s * 1000 for _ in range(15))


def report(server: Server, when: str) -> None:
    """Return the latency of captures while nothing else runs."""
    threads = len(os.listdir(f"/proc/{server.process_id}/task"))
    print(
        f"{when}: {server.resident_mb():.0f} MB, {threads} threads, {server.count_open_files()} open files, "
        f"{latency_ms(server):.1f} ms a capture"
    )


def soak(bench: Bench, seconds: float) -> None:
    server = bench.serve({"standin": MODEL}, **SETTINGS)
    until_s = time.monotonic() + seconds
    first = Soak(bench, server)
    run(first, min(WARM_UP_S, seconds / 2), has_faults=False)
    report(server, "start")
    whole = Soak(bench, server)
    run(whole, until_s - time.monotonic(), has_faults=True)
    server.wait_until_well()
    report(server, "end  ")
    server.wait_until(bench.is_in_order)
    bench.assert_promises_kept()
    print(f"answers: {dict(whole.answers)}")
    print(f"faults: {dict(whole.faults)}")
    print(f"lost: nothing of {len(bench.promised)} images that were promised")


def run(soak: Soak, seconds: float, has_faults: bool) -> None:
    until_s = time.monotonic() + seconds
    with ExitStack() as people:
        for number in range(READING + NEVER_READING):
            people.enter_context(Watcher(soak.server, is_reading=number < READING))
        for _ in range(CAPTURING):
            soak.begin(soak.capture, 0.1)
        soak.begin(soak.read_gallery, 0.2)
        if has_faults:
            soak.begin(soak.fail, FAULT_EVERY_S)
        while time.monotonic() < until_s:
            soak.bench.sign_in(soak.server)  # a token expires before that
            time.sleep(min(5.0, max(until_s - time.monotonic(), 0.0)))
        soak.end()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    minutes = parser.parse_args().minutes
    with tempfile.TemporaryDirectory(prefix="microscope-soak-") as folder, own_bench(Path(folder)) as own:
        soak(own, minutes * 60)
