"""Promise 4: a database that is away ends no work at the camera. Who was signed in goes on, also after a restart of the
program; everything is told, and comes into the library when the database is back."""

from contextlib import suppress
from urllib.error import HTTPError

import pytest

from tests.promises.bench import Bench
from tests.promises.server import Answer, Browser, Server

# SQLite is a file: another process that holds its lock does not keep anybody from reading it.
pytestmark = [pytest.mark.long, pytest.mark.on_postgresql]

# As long as a page waits for the state of the camera.
POLL_S = 4.0


def goes_on(server: Server) -> bool:
    answer = server.client.ask("GET", "/api/v1/camera")
    return answer.status == 200 and server.client.health()["checks"]["database"] == "database_unavailable"


def capture_once(server: Server, key: str) -> Answer:
    return server.client.ask("POST", "/api/v1/camera/capture", {}, key=key)


def refusal_of(browser: Browser, path: str) -> int:
    try:
        browser.read(path)
    except HTTPError as refused:
        return refused.code
    return 200


def see_live_page(browser: Browser) -> bool:
    with suppress(HTTPError):
        return 'id="capture"' in browser.read("/")
    return False  # for a moment, before the program has noticed


def test_with_the_database_stopped_people_go_on_also_after_a_restart(bench_without_database: Bench):
    bench = bench_without_database
    server = bench.serve(SIMULATED_CAMERA="colour-small")
    browser = server.browse()
    bench.note(server.client.must_capture())
    assert see_live_page(browser)
    first = capture_once(server, "before")
    bench.note(first.body)
    # What is new is written within seconds.
    server.wait_until(lambda: see_live_page(browser) and (bench.data_path / "signed-in.txt").exists())

    bench.database.take_away()
    server.wait_until(lambda: goes_on(server))
    seen = server.client.ask("GET", "/api/v1/camera")
    assert seen.took_s < POLL_S
    assert seen.headers["X-Offline"] == "1"
    assert see_live_page(browser)
    assert refusal_of(browser, "/images/") == 503
    assert server.client.ask("GET", "/api/v1/images").status == 503
    taken = capture_once(server, "during")
    assert (taken.status, taken.body["databaseSaved"]) == (201, False)
    assert capture_once(server, "during").body["filename"] == taken.body["filename"]
    assert capture_once(server, "before").body["filename"] == first.body["filename"]
    bench.note(taken.body)
    told = server.client.health()["offline"]
    assert told["since"] < told["until"]
    assert server.client.ask("POST", "/api/v1/control", {"minutes": 5}).status == 201

    server.kill()
    anew = bench.start(SIMULATED_CAMERA="colour-small").wait_until_answering()
    anew.client.token = server.client.token
    anew.wait_until(lambda: goes_on(anew))
    for key, earlier in (("before", first), ("during", taken)):
        again = capture_once(anew, key)
        assert (again.status, again.body["filename"]) == (201, earlier.body["filename"])
    last = capture_once(anew, "after-the-restart")
    assert last.status == 201, last.body
    assert last.body["databaseSaved"] is False
    bench.note(last.body)

    bench.database.bring_back()
    anew.wait_until_well()
    anew.wait_until(bench.is_in_order)
    assert "offline" not in anew.client.health()
    assert "X-Offline" not in anew.client.ask("GET", "/api/v1/camera").headers
    assert capture_once(anew, "after-the-restart").body["filename"] == last.body["filename"]
    bench.assert_promises_kept()
    assert len(bench.originals()) == len(bench.promised) == 4
