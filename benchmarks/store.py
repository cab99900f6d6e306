"""What an object store costs: captures beside the spool, whatever the store does; how quickly originals go there,
beside boto3 alone; and how the next ones are found among a million images, on SQLite and on PostgreSQL.

    python -m benchmarks.store [captures upload next postgres] [--rounds 2] [--rows 1000000] [--postgres postgres://…]

Needs requirements-s3.txt. The store is a little one of its own, on this PC; it has its share of the processors. What is
compared takes turns, because machines are noisy. Ends with 1 if an aim is missed.
"""

import argparse
import random
import resource
import statistics
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.job_runs import set_up
from benchmarks.library_process import LibraryProcess
from benchmarks.little_store import KINDS, LittleStore, settings_of_store
from benchmarks.own_database import SERVER, own_database
from benchmarks.server_process import Client, ServerProcess, find_free_port
from benchmarks.steady_captures import CAMERA, CAPTURE, CAPTURES, MAX_MORE, time_captures, warm_up

CLIENTS = 4
ORIGINALS, ORIGINAL_BYTES = 100, 2_000_000
MIN_SHARE = 0.8
MAX_SPOOL_MB = 64
MAX_NEXT_MS = 2.0
NEXT_ROUNDS = 200

missed: list[str] = []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=list(PARTS))
    parser.add_argument("--rounds", type=int, default=2, help="of captures; uploads, which are quick, take some more")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--postgres", default=SERVER, help="a server")
    asked = parser.parse_args()
    for part in asked.parts or PARTS:
        PARTS[part](asked)
    for aim in missed:
        print(f"Missed: {aim}")
    sys.exit(1 if missed else 0)


def require(aim: str, *, is_reached: bool) -> None:
    if not is_reached:
        missed.append(aim)


def report_captures(asked: argparse.Namespace) -> None:
    took_ms: dict[str, list[float]] = {}
    rates: dict[str, list[float]] = {}
    for _ in range(asked.rounds):
        for name in ("no store", *KINDS, "dead"):
            with serving(name) as server:
                client = server.log_in()
                warm_up(client)
                took_ms.setdefault(name, []).extend(time_captures(client))
                rates.setdefault(name, []).append(captures_a_second(server, client.token))
    print(f"Captures, {asked.rounds * CAPTURES} each: one after another in ms, and from {CLIENTS} clients at once")
    alone_ms, alone_hz = statistics.median(took_ms["no store"]), statistics.median(rates["no store"])
    for name in took_ms:
        median_ms, rate_hz = statistics.median(took_ms[name]), statistics.median(rates[name])
        high_ms = statistics.quantiles(took_ms[name], n=20)[-1]
        ratios = f"{median_ms / alone_ms:5.2f} and {rate_hz / alone_hz:5.2f} of no store"
        print(f"  {name:10} median {median_ms:7.1f}   95 % {high_ms:7.1f}   {rate_hz:6.1f} a second   {ratios}")
        require(f"a capture with a store that {name}", is_reached=median_ms <= MAX_MORE * alone_ms)
        require(f"the rate with a store that {name}", is_reached=rate_hz * MAX_MORE >= alone_hz)


@contextmanager
def serving(name: str) -> Iterator[ServerProcess]:
    named = dict(CAMERA)
    with ExitStack() as stack:
        if name != "no store":
            dead = f"http://127.0.0.1:{find_free_port()}"
            endpoint = stack.enter_context(LittleStore(name)).endpoint if name in KINDS else dead
            named |= settings_of_store(endpoint)
        yield stack.enter_context(ServerProcess(**named))


def captures_a_second(server: ServerProcess, token: str) -> float:
    def work() -> None:
        client = Client(server.port, token)
        for _ in range(CAPTURES // CLIENTS):
            client.post("/api/v1/camera/capture", CAPTURE)

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    return CAPTURES / time_s(lambda: ([thread.start() for thread in threads], [thread.join() for thread in threads]))


def time_s(work: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def report_upload(asked: argparse.Namespace) -> None:
    """The same originals by the spool, with its rows, and by boto3's plain `put_object`. Both beside each other."""
    with tempfile.TemporaryDirectory(prefix="microscope-benchmark-") as folder, LittleStore("takes") as little:
        set_up(folder)
        from images.store.bucket import Bucket

        bucket = Bucket("pictures", "benchmark", "benchmark-secret", little.endpoint)
        spool_s, plain_s = [], []
        before_mb = resident_peak_mb()
        for _ in range(2 * asked.rounds + 1):
            paths = keep_originals()
            spool_s.append(time_s(lambda: run_spool(bucket)))
            plain_s.append(time_s(lambda paths=paths: put_plainly(bucket, paths)))
        share = statistics.median(plain_s) / statistics.median(spool_s)
        megabytes = ORIGINALS * ORIGINAL_BYTES / 10**6
        rate = megabytes / statistics.median(spool_s)
        print(f"{ORIGINALS} originals, {megabytes:g} MB: {rate:.0f} MB a second, {share:.2f} of boto3 alone")
        require(f"upload at {share:.2f} of boto3 alone, at least {MIN_SHARE:g}", is_reached=share >= MIN_SHARE)
        more_mb = resident_peak_mb() - before_mb
        print(f"  memory grew by {more_mb:.0f} MB with both, boto3 itself included; at most {MAX_SPOOL_MB}")
        require(f"memory grew by {more_mb:.0f} MB", is_reached=more_mb <= MAX_SPOOL_MB)


def resident_peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def keep_originals() -> list[Path]:
    """Keep files of random bytes as originals, with rows."""
    from django.utils import timezone

    from images.library import the_library
    from images.models import Image

    archive, paths = the_library().archive, []
    for _ in range(ORIGINALS):
        now = timezone.now()
        kept = archive.keep(now, ".jpg", lambda file: file.write(random.randbytes(ORIGINAL_BYTES)))
        sizes = {"file_size": kept.size_bytes, "width": 1, "height": 1, "exposure_ms": 1, "gain_db": 0}
        Image.objects.create(
            filename=kept.filename, captured_at=now, sha256=kept.sha256, image_format="jpg", is_simulated=True, **sizes
        )
        paths.append(archive.path_of(kept.filename))
    return paths


def run_spool(bucket: Any) -> None:
    from images.library import the_library
    from images.spool.make import SENT_AT_ONCE
    from images.spool.rows import count_waiting
    from images.spool.spool import Spool
    from images.spool.upload import Uploader
    from images.store.body import Pace
    from images.store.client import Store

    store, library, instrument_id = Store(bucket), the_library(), uuid.uuid4()
    store.looks_first = store.sends_md5 = False  # as after a probe that saw the store refuse to overwrite, and check
    uploader = Uploader(store, library.archive, library.thumbnails, lambda: instrument_id, Pace())
    spool = Spool(store, uploader, bool, sent_at_once=SENT_AT_ONCE)
    while spool.step() == 0:
        pass
    if left := count_waiting().count:
        raise RuntimeError(f"{left} originals are not in the store: {spool.state.problem}")


def put_plainly(bucket: Any, paths: list[Path]) -> None:
    import boto3

    keys = {"aws_access_key_id": bucket.access_key, "aws_secret_access_key": bucket.secret_key}
    client = boto3.client("s3", endpoint_url=bucket.endpoint, region_name=bucket.region, **keys)
    for path in paths:
        with path.open("rb") as file:
            client.put_object(Bucket=bucket.name, Key=f"{uuid.uuid4()}/{path.name}", Body=file)


def report_next(asked: argparse.Namespace) -> None:
    report_next_on("SQLite", "", asked.rows)


def report_next_on_postgres(asked: argparse.Namespace) -> None:
    with own_database(asked.postgres, "store") as address:
        report_next_on("PostgreSQL", address, asked.rows)


def report_next_on(name: str, address: str, rows: int) -> None:
    """How long it takes to find what comes next: if all wait, and if all but the newest and the oldest are there."""
    with LibraryProcess(address) as library:
        library.fill(rows)
        for which, prepare in (("all wait", lambda: None), ("two wait", library.store_all_but_two)):
            prepare()
            median_ms = statistics.median(library.time_next_ms() for _ in range(NEXT_ROUNDS))
            aim = f"the next of {rows:,} images on {name}, if {which}: {median_ms:.2f} ms, at most {MAX_NEXT_MS:g}"
            print(f"{aim[0].upper()}{aim[1:]}", flush=True)
            require(aim, is_reached=median_ms <= MAX_NEXT_MS)


PARTS = {"captures": report_captures, "upload": report_upload, "next": report_next, "postgres": report_next_on_postgres}

if __name__ == "__main__":
    main()
