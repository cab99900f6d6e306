"""Promise 2: an original is never overwritten and never edited. Captures in the same millisecond, a clock that is set
back, an existing name, a second process, the API, the pages and the admin cannot do it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import HTTPError

import pytest
import yaml

from tests.promises.bench import IS_LONG, Bench, own_bench, sha256_of
from tests.promises.server import Server

pytestmark = pytest.mark.long

MOMENT, EARLIER = "2026-03-01T12:00:00.123+00:00", "2026-02-28T23:59:59.999+00:00"
LATER = "2026-03-02T12:00:00.123+00:00"
CAPTURES = 60 if IS_LONG else 8
CLIENTS = 4
CAMERA = {"SIMULATED_CAMERA": "colour-small", "DEFAULT_EXPOSURE": "2"}


def capture_many(bench: Bench, server: Server) -> None:
    with ThreadPoolExecutor(CLIENTS) as clients:
        for answer in clients.map(lambda _: server.client.must_capture(), range(CAPTURES)):
            assert answer["filename"] not in bench.promised, "a name was given twice"
            bench.note(answer)


def assert_unchanged(bench: Bench) -> None:
    for promise in bench.promised.values():
        assert sha256_of(Path(promise["filepath"])) == promise["sha256"]


def test_one_millisecond_a_clock_set_back_and_names_that_are_taken_overwrite_nothing(bench):
    server = bench.serve({"clock": MOMENT}, **CAMERA)
    capture_many(bench, server)
    server.tell("set_clock", EARLIER)
    capture_many(bench, server)
    server.tell("set_clock", MOMENT)
    capture_many(bench, server)
    assert len(bench.originals()) == 3 * CAPTURES
    bench.assert_promises_kept()
    put_strangers_in_the_way(bench, server)


def put_strangers_in_the_way(bench: Bench, server: Server) -> None:
    """Write foreign files under the names that the next captures would get."""
    server.tell("set_clock", LATER)
    first = server.client.must_capture()
    bench.note(first)
    path = Path(first["filepath"])
    strangers = [path.with_name(f"{path.stem}_{number}.jpg") for number in (2, 3)]
    for stranger in strangers:
        stranger.write_bytes(b"somebody else's work")
    for _ in range(3):
        answer = server.client.must_capture()
        assert Path(answer["filepath"]) not in strangers
        bench.note(answer)
    assert all(stranger.read_bytes() == b"somebody else's work" for stranger in strangers)
    assert_unchanged(bench)


def test_two_processes_on_one_folder_in_one_millisecond_never_meet(tmp_path):
    """Each process has its own database and camera."""
    shared = tmp_path / "images"
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with own_bench(tmp_path / "one") as one, own_bench(tmp_path / "two") as two:
        servers = []
        for bench in (one, two):
            bench.keep_images_at(shared)
            servers.append(bench.serve({"clock": MOMENT}, **CAMERA))
        with ThreadPoolExecutor(2) as both:
            list(both.map(capture_many, (one, two), servers))
        assert not set(one.promised) & set(two.promised)
        assert len(one.originals()) == 2 * CAPTURES
        assert_unchanged(one)
        assert_unchanged(two)


def test_nothing_that_can_be_asked_for_changes_a_byte(bench):
    """Calls each operation of the API's schema on an image, with all permissions; then the same in the admin."""
    server = bench.serve(**CAMERA)
    for image_format in ("jpg", "png"):
        bench.note(server.client.must_capture(format=image_format))
    for promise in list(bench.promised.values()):
        ask_for_everything(server, promise["imageId"])
        assert_unchanged(bench)
        edit_in_admin(server, promise["imageId"])
        assert_unchanged(bench)
    assert all(row["sha256"] == bench.promised[row["filename"]]["sha256"] for row in server.client.images())


def ask_for_everything(server: Server, image_id: int) -> None:
    """Call every operation. Any answer is allowed."""
    schema = yaml.safe_load(server.client.ask("GET", "/api/schema").content)
    operations = {
        (method.upper(), path.replace("{image_id}", str(image_id)))
        for path, methods in schema["paths"].items()
        if "/images" in path and "empty" not in path  # emptying the bin removes originals on purpose
        for method in methods
    }
    assert len(operations) > 8
    body = {"note": "edited", "sample": "edited", "xPosition": 1.5, "ids": [image_id], "file": "x", "sha256": "0" * 64}
    for method, path in sorted(operations):
        for asked in (body, {"ids": [image_id]}, {"note": "edited", "sample": "edited"}):
            assert server.client.ask(method, path, asked).status < 500, (method, path)
    server.client.ask("POST", "/api/v1/images/restore", {"ids": [image_id]})


def edit_in_admin(server: Server, image_id: int) -> None:
    """The admin refuses to change fields, and carries out the actions that it offers."""
    browser = server.browse()
    with pytest.raises(HTTPError, match="403"):
        browser.send(f"/admin/images/image/{image_id}/change/", {"filename": "x.jpg", "sha256": "0" * 64})
    for action in ("move_to_bin", "restore_from_bin"):
        browser.send("/admin/images/image/", {"action": action, "_selected_action": str(image_id)})
