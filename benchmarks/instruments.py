"""Measure what several instruments cost that share a library: their page among a million images, and how soon an
original is there that somebody wants and that waits on an instrument.

    python -m benchmarks.instruments [page wanted] [--rows 1000000] [--rounds 15] [--postgres postgres://…]

Needs PostgreSQL, and requirements-s3.txt. The store is a little one of its own. Ends with 1 if an aim is missed.
"""

import argparse
import hashlib
import http.client
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from benchmarks.library_process import LibraryProcess
from benchmarks.little_store import LittleStore, settings_of_store
from benchmarks.own_database import SERVER, own_database
from benchmarks.server_process import Client, ServerProcess
from benchmarks.steady_captures import CAMERA, CAPTURE

INSTRUMENTS = 20
ADDRESSES = ["/instruments/", "/instruments/parts", "/api/v1/instruments"]
MAX_MS = 50
PICTURES, WANTED = 40, 3
# As slow as a bad link: all pictures together take half a minute.
MEGABITS_PER_S = 10
MAX_MORE_S = 10
SECRET = "one-secret-key-for-all-nodes-of-the-benchmark-0123456789"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], default=list(PARTS))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--postgres", default=SERVER)
    asked = parser.parse_args()
    outcomes = [PARTS[part](asked) for part in asked.parts or PARTS]
    sys.exit(0 if all(outcomes) else 1)


def report_page(asked: argparse.Namespace) -> bool:
    named = {"MICROSCOPE_ROLE": "library", "CAMERA_DRIVER": "none"}
    with own_database(asked.postgres, "instruments") as address, LibraryProcess(address, **named) as library:
        library.fill(asked.rows, INSTRUMENTS)
        library.time_ms(ADDRESSES[0])  # it reads the templates
        print(f"{INSTRUMENTS} instruments, {asked.rows:,} images, milliseconds, {asked.rounds} rounds")
        outcomes = [_report_address(library, one, asked.rounds) for one in ADDRESSES]
    return all(outcomes)


def _report_address(library: LibraryProcess, address: str, rounds: int) -> bool:
    times_ms = [library.time_ms(address) for _ in range(rounds)]
    median_ms, queries = statistics.median(times_ms), len(library.queries(address))
    said = f"  {address:24} median {median_ms:5.1f}   slowest {max(times_ms):5.1f}   {queries} queries"
    return _say(f"{said}, at most {MAX_MS}", median_ms <= MAX_MS)


def report_wanted(asked: argparse.Namespace) -> bool:
    """At a library node somebody asks for the pictures that come last."""
    with own_database(asked.postgres, "wanted") as address, _nodes(address) as (instrument, library):
        taken = [instrument.post("/api/v1/camera/capture", CAPTURE) for _ in range(PICTURES)]
        waiting = [one for one in taken if library.get(f"/api/v1/images/{one['imageId']}")["place"] == "local"]
        print(f"{len(waiting)} pictures wait for a store at {MEGABITS_PER_S} Mbit/s; somebody wants the oldest")
        outcomes = [_report_wanted(library, one) for one in waiting[:WANTED]]
    return len(outcomes) == WANTED and all(outcomes)


@contextmanager
def _nodes(database_url: str) -> Iterator[tuple[Client, Client]]:
    """Yield whoever asks an instrument and a library, which share a database and a store."""
    at_work = {"MICROSCOPE_ROLE": "instrument", "INSTRUMENT_NAME": "Inverted", "S3_MAX_MBPS": str(MEGABITS_PER_S)}
    with LittleStore("keeps") as store:
        both = {"DATABASE_URL": database_url, "SECRET_KEY": SECRET, **settings_of_store(store.endpoint)}
        instrument = ServerProcess(**both, **at_work, **CAMERA)
        instrument.set_up()
        with instrument, ServerProcess(**both, MICROSCOPE_ROLE="library", CAMERA_DRIVER="none") as library:
            yield instrument.log_in(), library.log_in()


def _report_wanted(library: Client, picture: dict[str, Any]) -> bool:
    began_s = time.monotonic()
    status, content = _ask_for_file(library, picture["imageId"])
    first = status
    while status == http.client.CONFLICT:
        time.sleep(0.1)
        status, content = _ask_for_file(library, picture["imageId"])
    took_s = time.monotonic() - began_s
    within_s = picture["fileSize"] * 8 / (MEGABITS_PER_S * 10**6) + MAX_MORE_S
    is_whole = first == http.client.CONFLICT and hashlib.sha256(content).hexdigest() == picture["sha256"]
    said = (
        f"  {picture['fileSize'] / 10**6:.1f} MB, {first}, then {status} after {took_s:.1f} s, at most {within_s:.1f}"
    )
    return _say(said, is_whole and took_s <= within_s)


def _ask_for_file(library: Client, image_id: int) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", library.port, timeout=60)) as connection:
        headers = {"Authorization": f"Bearer {library.token}"}
        connection.request("GET", f"/api/v1/images/{image_id}/file", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


def _say(text: str, is_kept: bool) -> bool:
    print(f"{text}: {'kept' if is_kept else 'MISSED'}", flush=True)
    return is_kept


PARTS = {"page": report_page, "wanted": report_wanted}

if __name__ == "__main__":
    main()
