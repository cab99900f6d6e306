"""What a page of the library costs among ten thousand, a hundred thousand and a million images.

On SQLite and on PostgreSQL, the API's list and the gallery's page: the first page, one far behind, and filtered ones.
The sizes take turns, for machines are noisy: trust the ratios. No request may skip rows or count them. Where the newest
images hold too few, what is timed is the first answer, which says how to go on.

    python -m benchmarks.gallery [--rows 1000000] [--rounds 15] [--postgres postgres://postgres@127.0.0.1:5432]

Without a PostgreSQL server, say `--postgres ""`.
"""

import argparse
import contextlib
import re
import statistics
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import psycopg

from benchmarks.library_process import LibraryProcess

SIZES = [10_000, 100_000, 1_000_000]
SKIPS_OR_COUNTS = re.compile(r"\bOFFSET\b|\bCOUNT\s*\(", re.IGNORECASE)
MOST_TIMES = 1.3
OLD_SERIES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=SIZES[-1], help="the largest library")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--postgres", default="postgres://postgres@127.0.0.1:5432", help="a server; empty for none")
    asked = parser.parse_args()
    sizes = sorted({size for size in SIZES if size < asked.rows} | {asked.rows})
    _report("SQLite", dict.fromkeys(sizes, ""), asked.rounds)
    if asked.postgres:
        with _own_databases(asked.postgres, sizes) as addresses:
            _report("PostgreSQL", addresses, asked.rounds)


def _report(name: str, addresses: dict[int, str], rounds: int) -> None:
    with contextlib.ExitStack() as stack:
        libraries = {size: stack.enter_context(LibraryProcess(address)) for size, address in addresses.items()}
        began_s = time.perf_counter()
        for size, library in libraries.items():
            library.fill(size)
        print(f"{name}, milliseconds, medians of {rounds} (filled in {time.perf_counter() - began_s:.0f} s)")
        print(f"  {'page':40}" + "".join(f"{size:>12,}" for size in libraries) + f"{'times':>9}")
        pages = {size: _make_pages(library) for size, library in libraries.items()}
        for kind in pages[max(libraries)]:
            asked = {size: pages[size][kind] for size in libraries}
            _demand_no_skips(libraries, asked)
            _report_line(kind, _time(libraries, asked, rounds))
    print("  no OFFSET and no COUNT in any of their queries", flush=True)


def _make_pages(library: LibraryProcess) -> dict[str, str]:
    """What is asked, by name: each of the API and of the page."""
    deep = library.deep_cursor()
    days = {"from": "2025-01-08", "to": "2025-01-09"}
    days_by_api = {"capturedAfter": "2025-01-08T00:00:00Z", "capturedBefore": "2025-01-10T00:00:00Z"}
    both = {
        "first page": {},
        "deep inside": {"cursor": deep},
        "one person": {"user": "person-07"},
        "one person, deep inside": {"user": "person-07", "cursor": deep},
        "one job of old": {"job": OLD_SERIES},
        "text in many": {"text": "liver"},
        "text in many, deep inside": {"text": "liver", "cursor": deep},
        "two words": {"text": "zebrafish kidney"},
        "text in one of a thousand": {"text": "artefact"},
        "text in none": {"text": "unheard-of"},
        "exposure of some": {"exposureMin": 20, "exposureMax": 60},
        "exposure of none": {"exposureMin": 5000},
        "format of none": {"format": "tiff"},
        "person and job": {"user": "person-07", "job": OLD_SERIES},
        "person and text": {"user": "person-07", "text": "brain"},
        "text in the oldest tenth alone": {"text": "cryostat"},
    }
    asked = [(kind, query, query) for kind, query in both.items()]
    asked.insert(5, ("two days", days_by_api, days))
    return {
        **{f"API, {kind}": f"/api/v1/images?{urlencode({**query, 'limit': 60})}" for kind, query, _ in asked},
        **{f"page, {kind}": f"/images/?{urlencode(query)}" for kind, _, query in asked},
    }


def _demand_no_skips(libraries: dict[int, LibraryProcess], asked: dict[int, str]) -> None:
    for size, address in asked.items():
        for sql in libraries[size].queries(address):
            assert not SKIPS_OR_COUNTS.search(sql), f"{address}: {sql}"


def _time(libraries: dict[int, LibraryProcess], asked: dict[int, str], rounds: int) -> dict[int, float]:
    times_ms: dict[int, list[float]] = {size: [] for size in libraries}
    for _ in range(rounds):
        for size, library in libraries.items():
            times_ms[size].append(library.time_ms(asked[size]))
    return {size: statistics.median(own) for size, own in times_ms.items()}


def _report_line(kind: str, medians_ms: dict[int, float]) -> None:
    smallest, largest = min(medians_ms), max(medians_ms)
    ratio = medians_ms[largest] / medians_ms[smallest]
    verdict = "" if ratio <= MOST_TIMES else f"  (aim: at most {MOST_TIMES:g})"
    print(f"  {kind:40}" + "".join(f"{ms:12.1f}" for ms in medians_ms.values()) + f"{ratio:9.2f}{verdict}", flush=True)


@contextlib.contextmanager
def _own_databases(server: str, sizes: list[int]) -> Iterator[dict[int, str]]:
    """One for each size, dropped afterwards."""
    names = {size: f"microscope_benchmark_gallery_{size}" for size in sizes}
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        for name in names.values():
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name}")
        try:
            yield {size: f"{server}/{name}" for size, name in names.items()}
        finally:
            for name in names.values():
                connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


if __name__ == "__main__":
    main()
