"""Promise 12: the real server is killed while people take, ask, give and change. What the next start finds is true."""

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from microscope.tests.server_process import NO_ANSWER, ROOT
from tests.promises.bench import Bench
from tests.promises.server import Client
from tests.promises.test_12_nobody_changes_your_experiment import ADD_PEOPLE, CAMERA, CONTROL, SETTINGS

pytestmark = pytest.mark.long
# With those of the little process these are the two hundred.
KILLS = 12
# How often control passes on before each kill, at least.
PASSED_ON = 2
NAMES = ("ada", "ben", "grace")
ACTS: list[tuple[str, str, Any]] = [
    ("POST", CONTROL, {"label": "scan", "minutes": 1}),
    ("POST", CONTROL, {"label": "browser", "minutes": 400}),
    ("POST", f"{CONTROL}/ask", {"message": "please", "queue": True}),
    ("POST", f"{CONTROL}/answer", {"give": True}),
    ("POST", f"{CONTROL}/answer", {"give": False}),
    ("POST", f"{CONTROL}/take", {"reason": "sample change"}),
    ("DELETE", CONTROL, None),
    ("DELETE", f"{CONTROL}/ask", None),
    ("PATCH", SETTINGS, {"exposure": 6}),
]


@contextmanager
def load(people: list[Client], chance: random.Random) -> Iterator[set[int]]:
    """People act as fast as they can, until the end of the block or of the server. Yields the fences they are told."""
    is_over, fences = threading.Event(), set()

    def work(person: Client, mine: random.Random) -> None:
        with suppress(*NO_ANSWER):
            while not is_over.is_set():
                answer = person.ask(*mine.choice(ACTS), timeout_s=60)
                # It is 0 while nobody has control.
                if answer.status < 300 and answer.content and (fence := answer.body.get("fence")):
                    fences.add(fence)

    threads = [threading.Thread(target=work, args=(one, random.Random(chance.random()))) for one in people]
    for thread in threads:
        thread.start()
    try:
        yield fences
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


class Looker:
    """A process of its own that says what the next start would find, 90 seconds later too."""

    def __init__(self, bench: Bench) -> None:
        settings = {**os.environ, "DATA_PATH": str(bench.data_path), "DATABASE_URL": bench.database.url}
        command = [sys.executable, "-m", "tests.promises.killed_control", "look"]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=settings, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def look(self, fence: int) -> int:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(f"{fence}\n")
        self._process.stdin.flush()
        found = self._process.stdout.readline()
        assert found, "what the kill left is not true: see what it printed"
        return int(found)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


@pytest.fixture
def looker(bench: Bench) -> Iterator[Looker]:
    bench.database.make_tables()
    bench.manage("shell", "-v0", "-c", ADD_PEOPLE)
    looker = Looker(bench)
    yield looker
    looker.close()


def control_row(bench: Bench) -> dict[str, Any]:
    return next(iter(bench.database.table("control")))


def assert_server_says_what_the_row_says(person: Client, bench: Bench) -> None:
    said, row = person.get(CONTROL), control_row(bench)
    assert (said["state"] == "held") == (row["lease_id"] is not None)
    if said["state"] == "held":
        assert (said["fence"], said["holder"]["userId"]) == (row["fence"], row["holder_user_id"])
        assert said["holder"]["label"] == row["label"]


def test_kills_of_the_server_leave_a_true_row_and_no_holder_past_its_time(bench: Bench, looker: Looker):
    chance, tokens, fence, held = random.Random(13), {}, 0, 0
    for _ in range(KILLS):
        server = bench.start(**CAMERA).wait_until_answering()
        if not tokens:
            tokens = {name: Client(server.port).log_in(name, f"{name}-password").token for name in NAMES}
        people = [Client(server.port, token) for token in tokens.values()]
        # Before anybody does anything: what the kill left.
        assert_server_says_what_the_row_says(people[0], bench)
        with load(people, chance) as fences:
            # On a slow computer it takes longer until control passes on.
            server.wait_until(lambda: len(fences) > PASSED_ON)
            # The server dies at any moment of what they do.
            time.sleep(chance.uniform(0, 0.3))
            server.kill()
        fence = looker.look(fence)
        held += control_row(bench)["lease_id"] is not None
    assert fence > KILLS
    assert held > 0, "none was killed while somebody held control"
