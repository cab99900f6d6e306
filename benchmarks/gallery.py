"""Measure a page of the library among ten thousand, a hundred thousand and a million images.

It asks for the API's list and the gallery's page, on SQLite and on PostgreSQL: the first page, one far behind, and
filtered ones. The sizes take turns, because machines are noisy: trust the ratios. No request may skip rows or count
them. If the newest images do not hold enough, the first answer is timed, which says how to continue. A small library
can hold fewer matching images than one answer has room for. Then the ratio starts at the smallest library with an
answer as long as that of the largest one, and the line says so.

    python -m benchmarks.gallery [--rows 1000000] [--rounds 15] [--postgres postgres://postgres@127.0.0.1:5432]

If there is no PostgreSQL server, give `--postgres ""`.
"""

import argparse
import contextlib
import re
import statistics
import time
from urllib.parse import urlencode

from benchmarks.library_process import LibraryProcess
from benchmarks.own_database import SERVER, own_database

SIZES = [10_000, 100_000, 1_000_000]
SKIPS_OR_COUNTS = re.compile(r"\bOFFSET\b|\bCOUNT\s*\(", re.IGNORECASE)
MAX_TIMES = 1.2
AS_LONG = 0.8
OLD_SERIES = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=SIZES[-1], help="the largest library")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--postgres", default=SERVER, help="a server; empty for none")
    asked = parser.parse_args()
    sizes = sorted({size for size in SIZES if size < asked.rows} | {asked.rows})
    _report("SQLite", dict.fromkeys(sizes, ""), asked.rounds)
    if asked.postgres:
        with contextlib.ExitStack() as stack:
            own = {size: stack.enter_context(own_database(asked.postgres, f"gallery_{size}")) for size in sizes}
            _report("PostgreSQL", own, asked.rounds)


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
            _require_no_skips(libraries, asked)
            lengths = {size: library.answer_bytes(asked[size]) for size, library in libraries.items()}
            _report_line(kind, _time(libraries, asked, rounds), _find_comparable(lengths))
    print("  no OFFSET and no COUNT in any of their queries", flush=True)


def _make_pages(library: LibraryProcess) -> dict[str, str]:
    """Return the requests by name, to the API and to the page."""
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
    ids = {
        "numbers of a day": {"day": "2025-01-08"},
        "numbers of all, the first answer": {},
        "numbers of one person, the first answer": {"user": "person-07"},
        "numbers, exposure of none, the first answer": {"exposureMin": 5000},
    }
    burst = {"from": "2025-01-12", "to": "2025-01-12"}
    burst_by_api = {"stacked": "true", "day": "2025-01-12", "limit": 60}
    newer = {"newer images, none came": library.newest_id(), "newer images, 500 came": library.newest_id() - 500}
    return {
        **{f"API, {kind}": f"/api/v1/images/ids?{urlencode(query)}" for kind, query in ids.items()},
        **{f"API, {kind}": f"/api/v1/images/newer?user=person-07&after={after}" for kind, after in newer.items()},
        **{f"API, {kind}": f"/api/v1/images?{urlencode({**query, 'limit': 60})}" for kind, query, _ in asked},
        "API, a day with a job of 5,000": f"/api/v1/images?{urlencode(burst_by_api)}",
        "page, a day with a job of 5,000": f"/images/?{urlencode(burst)}",
        **{f"page, {kind}": f"/images/?{urlencode(query)}" for kind, _, query in asked},
    }


def _require_no_skips(libraries: dict[int, LibraryProcess], asked: dict[int, str]) -> None:
    for size, address in asked.items():
        for sql in libraries[size].queries(address):
            assert not SKIPS_OR_COUNTS.search(sql), f"{address}: {sql}"


def _time(libraries: dict[int, LibraryProcess], asked: dict[int, str], rounds: int) -> dict[int, float]:
    times_ms: dict[int, list[float]] = {size: [] for size in libraries}
    for _ in range(rounds):
        for size, library in libraries.items():
            times_ms[size].append(library.time_ms(asked[size]))
    return {size: statistics.median(own) for size, own in times_ms.items()}


def _find_comparable(answer_bytes: dict[int, int]) -> int:
    """Return the smallest library with an answer about as long as that of the largest one."""
    whole = answer_bytes[max(answer_bytes)]
    return next(size for size in sorted(answer_bytes) if answer_bytes[size] >= AS_LONG * whole)


def _report_line(kind: str, medians_ms: dict[int, float], compared: int) -> None:
    ratio = medians_ms[max(medians_ms)] / medians_ms[compared]
    notes = [] if ratio <= MAX_TIMES else [f"aim: at most {MAX_TIMES:g}"]
    if compared != min(medians_ms):
        notes.append(f"from {compared:,} on: fewer match in a smaller library")
    note = f"  ({'; '.join(notes)})" if notes else ""
    print(f"  {kind:40}" + "".join(f"{ms:12.1f}" for ms in medians_ms.values()) + f"{ratio:9.2f}{note}", flush=True)


if __name__ == "__main__":
    main()
