"""The scripts in the docs, run as they are written. Only port and password are replaced."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from images.tests.conftest import wait_until
from microscope.tests.server_process import ROOT, ServerProcess

PASSWORD = "bright-sample-9"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CONTROL = "docs/api/control.md"
EVENTS = "docs/api/events.md"
README, QUICKSTART, RETRIES = "README.md", "docs/api/quickstart.md", "docs/api/idempotency-and-retries.md"
# A refused request ends the script.
SHELL = 'set -euo pipefail\ncurl() { command curl --fail --silent --show-error "$@"; }\n'


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    settings = {"DATABASE_URL": "", "ADMIN_PASSWORD": PASSWORD, "SIMULATED_CAMERA": "colour-2mp"}
    server = ServerProcess(tmp_path_factory.mktemp("data"), **settings)
    yield server.wait_until_ready()
    server.kill()


def read_blocks(page: str, language: str, server: ServerProcess) -> list[str]:
    """Return the blocks of code of a page that call the server."""
    found = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
    blocks = [text for name, text in found if name == language and "localhost:3000" in text]
    assert blocks, f"{page} holds no script"
    return [text.replace("localhost:3000", f"localhost:{server.port}").replace("…", PASSWORD) for text in blocks]


def run(*command: str, folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="needs bash and curl")
@pytest.mark.parametrize("page", [README, QUICKSTART, RETRIES])
def test_the_lines_for_the_shell_work_as_they_stand(server, tmp_path, page):
    sign_in = [text for text in read_blocks(QUICKSTART, "", server) if text.startswith("TOKEN=")]
    said = run("bash", "-c", SHELL + "".join([*sign_in, *read_blocks(page, "", server)]), folder=tmp_path)
    assert '"databaseSaved":true' in said


@pytest.mark.parametrize("page", [README, QUICKSTART])
def test_the_lines_of_python_work_as_they_stand(server, tmp_path, page):
    before = server.ask("GET", "/api/v1/images", token=server.log_in("admin", PASSWORD))[1]["results"]
    for text in read_blocks(page, "python", server):
        run(sys.executable, "-c", text, folder=tmp_path)
    after = server.ask("GET", "/api/v1/images", token=server.log_in("admin", PASSWORD))[1]["results"]
    assert len(after) == len(before) + 1


def test_the_function_that_repeats_a_capture_works_as_it_stands(server, tmp_path):
    function = "".join(read_blocks(RETRIES, "python", server))
    call = f"print(capture({server.log_in('admin', PASSWORD)!r}, {{'exposure': 5}})['filename'])"
    said = run(sys.executable, "-c", f"{function}\n{call}", folder=tmp_path)
    assert re.search(r"capture_\d{8}_\d{6}_\d{3}", said)


def write_module(server: ServerProcess, folder: Path, token: str) -> str:
    """Write microscope.py of the page, and return the script that uses it."""
    [module] = read_blocks(CONTROL, "python", server)
    assert len(module.splitlines()) <= 30
    (folder / "microscope.py").write_text(module.replace("TOKEN", token))
    page = (ROOT / CONTROL).read_text(encoding="utf-8")
    return next(text for name, text in BLOCK.findall(page) if name == "python" and "import microscope" in text)


def test_the_script_that_takes_control_works_as_it_stands(server, tmp_path):
    token = server.log_in("admin", PASSWORD)
    said = run(sys.executable, "-c", write_module(server, tmp_path, token), folder=tmp_path)
    assert len(re.findall(r"capture_\d{8}_\d{6}_\d{3}", said)) == 3
    assert server.ask("GET", "/api/v1/control", token=token)[1]["state"] == "free"


def test_a_script_that_lost_control_stops(server, tmp_path):
    """Its owner takes it back from another place, and the next call of the script ends it."""
    token = server.log_in("admin", PASSWORD)
    script = write_module(server, tmp_path, token)
    taking = f"""
    import json, urllib.error, urllib.request
    headers = {{"Authorization": "Bearer {token}"}}
    taken = urllib.request.Request("http://localhost:{server.port}/api/v1/control/take", b"", headers, method="POST")
    urllib.request.urlopen(taken).close()
    try:
        microscope.ask("POST", "/api/v1/camera/capture", {{"exposure": 5}})
    except urllib.error.HTTPError as refused:
        print(refused.code, json.loads(refused.read())["code"])
"""
    first_lines = script.split("    for exposure in", 1)[0]
    assert run(sys.executable, "-c", first_lines + taking, folder=tmp_path).strip() == "409 control_lost"


def test_the_script_that_follows_events_mirrors_each_image(server, tmp_path):
    token = server.log_in("admin", PASSWORD)
    (script,) = read_blocks(EVENTS, "python", server)
    assert len(script.splitlines()) <= 20
    script = script.replace(f"msc_{PASSWORD}", token)
    names = []

    def capture() -> None:
        status, made = server.ask("POST", "/api/v1/camera/capture", {"exposure": 5}, token)
        assert status == 201, made
        names.append(made["filename"])

    def is_mirrored() -> bool:
        return (tmp_path / "mirror" / "next").exists() and all((tmp_path / "mirror" / name).exists() for name in names)

    for _start in range(2):
        capture()
        follower = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path)
        try:
            wait_until(is_mirrored, within_s=60)
            capture()
            wait_until(is_mirrored, within_s=60)
        finally:
            follower.kill()
            follower.wait()
