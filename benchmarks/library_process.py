"""A library of many rows in a process of its own, on a database of its own. It is asked for pages like a browser or a
script asks, and reports the time of the answers and the SQL that they ran.

`python -m benchmarks.library_process` is that process. DATA_PATH and DATABASE_URL say where it works, and each line of
JSON is a question.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from benchmarks.server_process import ROOT


class LibraryProcess:
    """`with LibraryProcess(database_url) as library:`. Without an address it is SQLite, in a temporary folder.
    `environment`: further settings."""

    def __init__(self, database_url: str = "", **environment: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="microscope-benchmark-", ignore_cleanup_errors=True)
        self._environment = {
            **os.environ,
            "DATA_PATH": self._folder.name,
            "DATABASE_URL": database_url,
            "CAMERA_DRIVER": "simulated",
            **environment,
        }

    def __enter__(self) -> "LibraryProcess":
        command = [sys.executable, "-m", "benchmarks.library_process"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=self._environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(60)
        self._folder.cleanup()

    def fill(self, rows: int, instruments: int = 0) -> None:
        """`instruments`: how many PCs captured them in turn; 0: one that is alone."""
        self._ask("fill", rows, instruments)

    def deep_cursor(self) -> str:
        """Return the cursor of a page behind nine tenths of the images."""
        return self._ask("deep_cursor")

    def newest_id(self) -> int:
        return self._ask("newest_id")

    def time_ms(self, address: str) -> float:
        return self._ask("time_ms", address)

    def answer_bytes(self, address: str) -> int:
        return self._ask("answer_bytes", address)

    def store_all_but_two(self) -> None:
        """From here on only the newest and the oldest image wait for the object store."""
        self._ask("store_all_but_two")

    def time_next_ms(self) -> float:
        """Return how long the spool needs to find the next images."""
        return self._ask("time_next_ms")

    def queries(self, address: str) -> list[str]:
        return self._ask("queries", address)

    def _ask(self, what: str, *details: Any) -> Any:
        assert self._process.stdin and self._process.stdout
        print(json.dumps([what, *details]), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("The library's process ended early: see above.")
        return json.loads(answer)


def main() -> None:
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microscope.settings")
    django.setup()
    answers = make_answers()
    for line in sys.stdin:
        what, *details = json.loads(line)
        print(json.dumps(answers[what](*details)), flush=True)


def make_answers() -> dict[str, Callable[..., Any]]:
    """Return the functions that can be asked for, by name. It imports modules that need Django to be set up."""
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from benchmarks.library_rows import fill, find_owner
    from images.models import Image
    from images.search.filters import make_cursor
    from images.search.newer import find_newest_id
    from images.spool.rows import find_next
    from images.spool.sending import FOUND_AT_ONCE

    call_command("migrate", verbosity=0)
    client = Client(SERVER_NAME="localhost")
    client.force_login(find_owner())

    def ask(address: str) -> Any:
        answer = client.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        return answer

    def time_ms(address: str) -> float:
        began_s = time.perf_counter()
        ask(address)
        return (time.perf_counter() - began_s) * 1000

    def answer_bytes(address: str) -> int:
        return len(ask(address).content)

    def queries(address: str) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            ask(address)
        return [query["sql"] for query in captured.captured_queries]

    def deep_cursor() -> str:
        singles = Image.objects.filter(job_slot__isnull=True)
        newest, oldest = singles.newest_first()[0].pk, singles.oldest_first()[0].pk
        return make_cursor(Image.objects.get(pk=oldest + (newest - oldest) // 10))

    def store_all_but_two() -> None:
        ids = Image.objects.order_by("pk").values_list("pk", flat=True)
        waiting = [ids[0], ids.reverse()[0]]
        Image.objects.exclude(pk__in=waiting).update(place=Image.Place.BOTH)
        if connection.vendor == "postgresql":
            # As its own autovacuum does.
            with connection.cursor() as cursor:
                cursor.execute("VACUUM ANALYZE images")

    def time_next_ms() -> float:
        began_s = time.perf_counter()
        assert find_next((), FOUND_AT_ONCE)
        return (time.perf_counter() - began_s) * 1000

    return {
        "store_all_but_two": store_all_but_two,
        "time_next_ms": time_next_ms,
        "fill": fill,
        "deep_cursor": deep_cursor,
        "newest_id": find_newest_id,
        "time_ms": time_ms,
        "answer_bytes": answer_bytes,
        "queries": queries,
    }


if __name__ == "__main__":
    main()
