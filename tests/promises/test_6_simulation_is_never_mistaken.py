"""Promise 6: a simulated picture is marked in its pixels, its file, its row, the API and on every page. Downloads leave
it out unless the user asks for it. The program never replaces a lost camera by a simulated one."""

import io
import json
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture

from tests.promises.bench import IS_LONG, own_bench
from tests.promises.server import Server

pytestmark = pytest.mark.long

MODEL = {"significant_bits": 12}
LOST_FOR_S = 60.0 if IS_LONG else 4.0


@pytest.fixture(scope="module")
def simulating(tmp_path_factory):
    with own_bench(tmp_path_factory.mktemp("simulating")) as bench:
        server = bench.serve(SIMULATED_CAMERA="colour-small", DEFAULT_EXPOSURE="2", CAMERA_DRIVER="auto")
        for image_format in ("jpg", "png"):
            bench.note(server.client.must_capture(format=image_format))
        yield bench, server


def names_in_zip(server: Server, query: str = "") -> set[str]:
    answer = server.client.ask("GET", f"/api/v1/images/zip{query}")
    assert answer.status == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as taken:
        return {Path(name).name for name in taken.namelist()} - {"manifest.csv"}


def label_of(path: Path) -> np.ndarray:
    """Return the rows at the top of the picture, which hold the word SIMULATED."""
    with Picture.open(path) as picture:
        return np.asarray(picture.convert("L"))[:48]


def test_it_is_marked_in_pixels_file_row_api_and_on_pages(simulating):
    bench, server = simulating
    rows = server.client.images()
    assert len(rows) == 2
    browser = server.browse()
    for row in rows:
        path = Path(bench.promised[row["filename"]]["filepath"])
        shades = label_of(path)
        assert shades.max() - shades.min() > 150, "no writing in the picture"
        assert b"SIMULATED: drawn by a program, no data" in path.read_bytes()
        assert json.loads(record_in(path))["simulated"] is True
        assert row["simulated"] is True and row["metadata"]["simulated"] is True
        assert bench.database.rows()[row["filename"]].is_simulated
        assert bench.promised[row["filename"]]["metadata"]["simulatedMode"] is True
        assert "SIMULATED" in browser.read(f"/images/{row['imageId']}/")
    assert server.client.get("/api/v1/camera")["simulated"] is True
    assert server.client.health()["camera"]["simulated"] is True
    for page in ("/", "/images/", "/images/bin/", "/profile"):
        assert "SIMULATED" in browser.read(page)


def record_in(path: Path) -> str:
    with Picture.open(path) as picture:
        return picture.info["comment"].decode() if path.suffix == ".jpg" else picture.info["microscope"]


def test_it_is_left_out_of_what_is_taken_away_unless_asked_for(simulating):
    bench, server = simulating
    assert names_in_zip(server) == set()
    assert server.client.images("&simulated=false") == []
    assert names_in_zip(server, "?simulated=true") == set(bench.promised)
    assert {row["filename"] for row in server.client.images("&simulated=true")} == set(bench.promised)


@pytest.mark.parametrize("driver", ["auto", "pixelink"] if IS_LONG else ["auto"])
def test_a_camera_that_is_lost_never_turns_into_simulation(bench, driver):
    """Neither while the camera is away nor after a restart without it."""
    settings = {"CAMERA_DRIVER": driver, "DEFAULT_EXPOSURE": "5"}
    server = bench.serve({"standin": MODEL}, **settings)
    bench.note(server.client.must_capture())
    server.tell("unplug")
    assert_stays_lost(server)
    server.kill()
    server = bench.serve({"standin": MODEL, "plugged": False}, **settings)
    assert_stays_lost(server)
    server.tell("plug")
    server.wait_until_well()
    bench.note(server.client.must_capture())
    assert [row["simulated"] for row in server.client.images()] == [False, False]
    assert names_in_zip(server) == set(bench.promised)


def assert_stays_lost(server: Server) -> None:
    until_s = time.monotonic() + LOST_FOR_S
    while time.monotonic() < until_s:
        answer = server.client.capture()
        assert answer.status == 503, answer.content
        assert server.client.health()["camera"]["simulated"] is False
        assert server.client.get("/api/v1/camera")["driver"] != "simulated"
        time.sleep(0.2)
