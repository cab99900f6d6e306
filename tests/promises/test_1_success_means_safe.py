"""Promise 1: the server answers success only when the original is complete on disk and its row is committed. Or the
answer says that the row is still missing, and then the row comes by itself."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.promises.bench import IS_LONG, Bench, sha256_of
from tests.promises.server import Answer, Server

pytestmark = pytest.mark.long

SERIES = 200 if IS_LONG else 12
CLIENTS = 3


def capture_series(server: Server, number: int) -> list[Answer]:
    """Several clients capture at once."""
    formats = ["jpg", "png", "jpg"]
    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(lambda count: server.client.capture(format=formats[count % 3]), range(number)))


def assert_on_disk(promise: dict) -> None:
    path = Path(promise["filepath"])
    assert (sha256_of(path), path.stat().st_size) == (promise["sha256"], promise["fileSize"])


def test_each_answer_is_true_at_once_and_after_a_hard_stop(bench):
    server = bench.serve(SIMULATED_CAMERA="colour-small")

    def capture(_: int) -> None:
        promise = server.client.must_capture()
        assert_on_disk(promise)
        assert bench.database_says(promise)
        bench.note(promise)

    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(capture, range(SERIES)))
    server.kill()
    assert len(bench.promised) == SERIES
    bench.assert_all_is_kept()
    assert not any(row.is_adopted for row in bench.database.rows().values())


def take_away_during(bench: Bench, server: Server) -> list[Answer]:
    """Take the database away while pictures are exposed. At least one request was admitted before."""

    def capture(_: int) -> Answer:
        return server.client.capture(exposure=3000)

    with ThreadPoolExecutor(CLIENTS) as clients:
        asked = [clients.submit(capture, number) for number in range(CLIENTS)]
        server.wait_until(lambda: server.client.get("/api/v1/camera")["state"] == "streaming")
        bench.database.take_away()
        return [answer.result() for answer in asked]


def assert_truth_told(bench: Bench, answers: list[Answer]) -> None:
    """Each success has its file. Each refusal has no file, and says that the database is away."""
    told = [answer.body for answer in answers if answer.status == 201]
    for promise in told:
        assert_on_disk(promise)
        bench.note(promise)
    for answer in answers:
        if answer.status != 201:
            assert (answer.status, answer.body["code"]) == (503, "database_unavailable")


def wait_for_rows(bench: Bench, server: Server) -> None:
    server.wait_until_well()
    server.wait_until(bench.is_in_order)
    assert server.client.health()["imagesWaitingForDatabase"] == 0
    bench.assert_promises_kept()


def test_with_the_database_away_in_the_middle_of_a_series_nothing_is_lost(bench_without_database):
    bench = bench_without_database
    server = bench.serve(SIMULATED_CAMERA="colour-small")
    answers = capture_series(server, 4)
    during = take_away_during(bench, server)
    answers += during
    kept = [answer.body for answer in during if answer.status == 201]
    # On a busy machine one may have got its row before the database was away.
    waiting = [promise for promise in kept if not promise["databaseSaved"]]
    assert len(waiting) == server.client.health()["imagesWaitingForDatabase"] > 0
    assert all(promise["databaseSaved"] is (promise["imageId"] is not None) for promise in kept)
    answers += capture_series(server, CLIENTS)
    assert_truth_told(bench, answers)
    assert len(bench.originals()) == len(bench.promised)
    bench.database.bring_back()
    wait_for_rows(bench, server)
    answers = capture_series(server, 4)
    assert all(answer.body["databaseSaved"] for answer in answers)


def test_killed_while_rows_are_still_to_come_they_come_at_the_next_start(bench_without_database):
    bench = bench_without_database
    server = bench.serve(SIMULATED_CAMERA="colour-small")
    answers = take_away_during(bench, server)
    assert_truth_told(bench, answers)
    assert bench.promised
    server.kill()
    bench.database.bring_back()
    wait_for_rows(bench, bench.serve())
    assert all(row.is_adopted for row in bench.database.rows().values())
