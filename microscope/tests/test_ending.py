"""The program can be ended at any moment. It frees port and camera, and keeps a capture that is in progress."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from images.tests.conftest import wait_until
from microscope.tests.serve_hanging import HANGS
from microscope.tests.server_process import ROOT, ColdStart, FirstStart, ServerProcess, find_free_port

pytestmark = pytest.mark.long

PASSWORD = "a-long-secret-word"
# An idle program ends in well under a second. This is for a busy machine.
SOON_S = 8.0
posix_only = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")


@pytest.fixture
def start(tmp_path):
    servers = []

    def begin(kind: type[ServerProcess] = ColdStart, **environment: str) -> ServerProcess:
        servers.append(kind(tmp_path, **{"DATABASE_URL": "", "ADMIN_PASSWORD": PASSWORD, **environment}))
        return servers[-1]

    yield begin
    for server in servers:
        server.kill()


def assert_ended(server: ServerProcess) -> int:
    code = server.wait_until_ended(SOON_S)
    assert "Traceback" not in server.log()
    with socket.socket() as free:
        free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        free.bind(("127.0.0.1", server.port))
    return code


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after_s", [0.1, 0.4, 0.7, 1.0, 1.3, 1.6, 2.0])
def test_it_ends_soon_however_early_it_is_asked_to(start, number, after_s):
    server = start(FirstStart)
    time.sleep(after_s)  # any moment will do
    os.kill(server.process_id, number)
    assert assert_ended(server) in (0, 130, -number)


@pytest.mark.parametrize("names", [["SIGINT", "SIGINT"], ["SIGTERM", "SIGINT"], ["SIGINT", "SIGTERM", "SIGINT"]])
def test_a_second_request_to_end_changes_nothing(start, names):
    server = start().wait_until_ready()
    for name in names:
        os.kill(server.process_id, signal.Signals[name])
    assert assert_ended(server) == 0
    assert "the camera is free" in server.log()


@posix_only
def test_a_database_that_makes_it_wait_does_not_keep_it_from_ending(start):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"postgres://lab@127.0.0.1:{silent.getsockname()[1]}/images"
        server = start(DATABASE_URL=address)
        silent.settimeout(60)
        connection, _ = silent.accept()
        with connection:
            os.kill(server.process_id, signal.SIGINT)
            assert_ended(server)


@posix_only
def test_a_closed_terminal_lets_a_capture_finish_and_frees_the_camera(start):
    server = start().wait_until_ready()
    token = server.log_in("admin", PASSWORD)
    answers = []
    wanted = {"exposure": 1500, "gain": 0}
    capture = threading.Thread(
        target=lambda: answers.append(server.ask("POST", "/api/v1/camera/capture", wanted, token))
    )
    capture.start()
    while server.ask("GET", "/api/v1/camera", token=token)[1]["state"] != "streaming":
        pass
    os.kill(server.process_id, signal.SIGHUP)
    capture.join()
    assert server.wait_until_ended() == 0
    assert answers[0][0] == 201, answers
    assert "the camera is free" in server.log()


@posix_only
def test_a_terminal_that_is_really_gone_is_no_error(tmp_path):
    master, terminal = os.openpty()
    environment = {**os.environ, "DATA_PATH": str(tmp_path), "PORT": str(find_free_port()), "DATABASE_URL": ""}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env=environment,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown = b""
    while b"Microscope is at" not in shown:
        shown += os.read(master, 4096)
    os.close(master)
    os.kill(process.pid, signal.SIGHUP)
    assert process.wait(SOON_S * 2) == 0


@posix_only
def test_under_nohup_a_closed_terminal_ends_nothing(tmp_path):
    code = (
        "import os, signal; from camera.stop_signals import stop_requested\n"
        "with stop_requested() as stop: os.kill(os.getpid(), signal.SIGHUP); print(stop.is_set())"
    )
    command = ["nohup", sys.executable, "-c", code]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert result.stdout == "False\n", result.stderr


@posix_only
@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_a_capture_from_the_console_is_kept_when_its_terminal_is_closed(start, tmp_path, number):
    server = start().wait_until_ready()
    server.tell_to_stop()
    assert server.wait_until_ended() == 0
    environment = {**os.environ, "DATA_PATH": str(tmp_path), "DATABASE_URL": ""}
    process = subprocess.Popen(
        [sys.executable, "manage.py", "capture", "--user", "admin", "--exposure", "3000"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    wait_until((tmp_path / "camera.holder.json").exists, within_s=60)
    process.send_signal(number)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert '"success": true' in printed
    assert len(list((tmp_path / "images").glob("*/capture_*.jpg"))) == 1


class HangingServer(ServerProcess):
    program = ("-m", "microscope.tests.serve_hanging")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_camera_that_hangs_in_opening_does_not_keep_it_from_ending(tmp_path, number):
    """The hanging call is abandoned only after an hour. The test shows that the program ends long before that."""
    settings = {"DATABASE_URL": "", "CAMERA_DRIVER": "pixelink", "SERVICE_TIMEOUT": "3600000"}
    server = HangingServer(tmp_path, **settings)
    try:
        wait_until(lambda: HANGS in server.log() and "Microscope is at" in server.log(), within_s=120)
        os.kill(server.process_id, number)
        assert server.wait_until_ended(120) == 0
        assert "Traceback" not in server.log() and "the camera is free" in server.log()
    finally:
        server.kill()
