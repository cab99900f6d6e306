"""Measure the status page, its report and the metrics among many images, on SQLite or on a PostgreSQL database.

The page is to take less than 100 ms, also among a million images. No query may count images or skip rows.

    python -m benchmarks.status [--rows 1000000] [--rounds 15] [--database postgres://…/an_empty_database]
"""

import argparse
import statistics

from benchmarks.gallery import SKIPS_OR_COUNTS
from benchmarks.library_process import LibraryProcess

ADDRESSES = ["/status/", "/status/parts", "/status/report", "/api/v1/status", "/metrics", "/log/"]
MAX_MS = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--database", default="", help="an empty database of PostgreSQL; left out: SQLite")
    asked = parser.parse_args()
    with LibraryProcess(asked.database) as library:
        library.fill(asked.rows)
        library.time_ms("/health")  # it makes the folder for images
        print(f"{asked.rows:,} images, milliseconds, {asked.rounds} rounds")
        print(f"  {'address':24}{'median':>10}{'slowest':>10}")
        for address in ADDRESSES:
            _report(library, address, asked.rounds)


def _report(library: LibraryProcess, address: str, rounds: int) -> None:
    of_images = [sql for sql in library.queries(address) if 'FROM "images"' in sql]
    assert not any(SKIPS_OR_COUNTS.search(sql) for sql in of_images), of_images
    times_ms = [library.time_ms(address) for _ in range(rounds)]
    note = "" if statistics.median(times_ms) < MAX_MS else f"  (aim: less than {MAX_MS})"
    print(f"  {address:24}{statistics.median(times_ms):10.1f}{max(times_ms):10.1f}{note}", flush=True)


if __name__ == "__main__":
    main()
