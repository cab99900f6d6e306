"""Promise 7: a bomb in the folder takes neither memory nor time, and the program reports it."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest

from microscope.tests.server_process import ROOT
from tests.promises.bombs import lay_bombs, swap_for_bomb

pytestmark = pytest.mark.long

# A single original of the largest camera may take this much for a moment. Each of the bombs would exceed it.
MAX_MB = 300
MAX_DURATION_S = 60
FORMATS = ["jpg", "png", "tiff"]
# A small process starts the command. A child's highest memory use counts from its fork, before it runs another
# program: started from here it would include the memory of the tests.
WEIGH = """
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


@pytest.fixture
def kept(bench):
    """Yield one image of each format, captured by a server that has ended, and its highest memory use in MB."""
    server = bench.serve(SIMULATED_CAMERA="mono-2mp")
    images = {image_format: server.client.must_capture(format=image_format) for image_format in FORMATS}
    for image in images.values():
        bench.note(image)
    rows = {image["filename"]: image for image in server.client.images()}
    taken_mb = server.most_resident_mb()
    server.kill()
    return images, {one: read_record(rows[image["filename"]]) for one, image in images.items()}, taken_mb


def read_record(row: dict) -> dict:
    """Return the record in the file."""
    return row["metadata"]


def run(bench, *command: str) -> tuple[int, str, float, float]:
    """Run a command of manage.py. Returns its exit code, its output, its highest memory use in MB and its seconds."""
    began_s = time.monotonic()
    environment = {"DATABASE_URL": bench.database.url, "DATA_PATH": str(bench.data_path)}
    ended = subprocess.run(
        [sys.executable, "-c", WEIGH, sys.executable, "manage.py", *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said, _, most_kb = ended.stdout.rstrip().rpartition("\n")
    return ended.returncode, said, int(most_kb) / 1000, time.monotonic() - began_s


def test_bombs_in_the_folder_are_told_and_take_nothing(bench, kept):
    _, records, taken_mb = kept
    day = next(iter(bench.originals().values())).parent
    bombs = lay_bombs(day, records["png"])
    server = bench.start(SIMULATED_CAMERA="mono-2mp")
    server.wait_until(lambda: server.client.ask("GET", "/health", timeout_s=5).status == 200)
    server.wait_until(lambda: all(bomb in server.log() for bomb in bombs), MAX_DURATION_S)
    bench.sign_in(server)
    bench.note(server.client.must_capture(format="jpg"))
    assert not set(bombs) & set(bench.database.rows()), "none is an image"
    assert set(bench.promised) == set(bench.database.rows())
    assert server.client.ask("GET", "/health").took_s < 10
    assert server.most_resident_mb() < taken_mb + MAX_MB
    assert "Traceback" not in server.log()
    for command, reported in (("rebuild", 16), ("verify", 16)):
        code, said, most_mb, took_s = run(bench, command)
        assert code == reported, said
        assert all(bomb in said for bomb in bombs), said
        assert most_mb < taken_mb + MAX_MB and took_s < MAX_DURATION_S
        assert "Traceback" not in said
    assert set(bench.promised) == set(bench.database.rows())


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_bomb_in_the_place_of_an_original_opens_nowhere(bench, kept, image_format):
    images, records, taken_mb = kept
    image = images[image_format]
    swap_for_bomb(bench.originals()[image["filename"]], records[image_format])
    shutil.rmtree(bench.data_path / "thumbnails", ignore_errors=True)  # there is none if captures never paused
    server = bench.serve(SIMULATED_CAMERA="mono-2mp")
    number = image["imageId"]
    for address in (
        f"/api/v1/images/{number}/thumbnail",
        *(f"/api/v1/images/{number}/file?as={other}" for other in ("jpg", "png", "tiff", "npy")),
    ):
        answer = server.client.ask("GET", address)
        assert (answer.status, answer.body["code"]) == (409, "original_changed"), address
        assert answer.took_s < 10
    archive = server.client.ask("GET", f"/api/v1/images/zip?ids={number}&as=png")
    assert archive.status == 200 and b"changed" in archive.content
    assert server.browse().read(f"/images/{number}/")
    verified = server.client.ask("POST", f"/api/v1/images/{number}/verify")
    assert verified.status == 200 and json.loads(verified.content)["unchanged"] is False
    assert server.most_resident_mb() < taken_mb + MAX_MB
    assert "Traceback" not in server.log()
