"""Promise 4: a fault gives a typed error in bounded time. /health and the page report it, it damages nothing, and other
requests go on. It ends without a restart when its cause is gone. A server that starts with a fault reports it too."""

import resource
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from microscope.tests.server_process import NO_ANSWER
from tests.promises.bench import IS_LONG, Bench, bench_on, own_bench
from tests.promises.databases import database_to_take_away
from tests.promises.disk import Disk
from tests.promises.server import Answer, Browser, Server
from tests.promises.watching import Watcher

pytestmark = pytest.mark.long

# A call to the camera may take this long, and the answer little longer. The limit leaves room for a busy machine.
SERVICE_TIMEOUT_S = 2.0
BOUND_S = SERVICE_TIMEOUT_S + 10.0
MODEL = {"significant_bits": 12}
SETTINGS = {
    "SERVICE_TIMEOUT": str(int(SERVICE_TIMEOUT_S * 1000)),
    "CAMERA_IDLE_SECONDS": "0.5",
    "DEFAULT_EXPOSURE": "5",
}

HANGING = ["PxLInitializeEx", "PxLSetFeature", "PxLGetNextFrame", "PxLUninitialize"]
HANGING_TOO = [
    "PxLGetCameraInfoEx",
    "PxLGetCameraFeatures",
    "PxLGetFeature",
    "PxLSetStreamState",
    "PxLSetEventCallback",
]


@dataclass
class Faulty:
    """A server, a user who reads its pages, and the promises made before the fault."""

    bench: Bench
    server: Server
    browser: Browser

    def capture(self, **asked: float | str) -> Answer:
        answer = self.server.client.capture(**asked)
        assert answer.took_s < BOUND_S
        if answer.status == 201:
            self.bench.note(answer.body)
        return answer

    def assert_told(self, part: str, *codes: str) -> None:
        """/health reports the fault in one of its checks, and other requests are served meanwhile."""
        self.server.wait_until(lambda: self.server.client.health()["checks"][part] in codes, BOUND_S)
        assert self.server.client.ask("GET", "/health").status == 503
        others = self.server.client.ask("GET", "/api/v1/images")
        assert others.status == 200 and others.took_s < BOUND_S

    def assert_over(self) -> None:
        """Without a restart, captures work again and the images are unchanged."""
        self.server.wait_until_well()
        assert self.capture().status == 201
        self.server.wait_until(self.bench.is_in_order)
        self.bench.assert_promises_kept()


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A server whose images are on a small disk."""
    folder = tmp_path_factory.mktemp("stored")
    with Disk(folder / "drive") as disk, own_bench(folder) as bench:
        bench.keep_images_at(disk.images)
        server = bench.serve(SIMULATED_CAMERA="mono-1mp-16bit", DEFAULT_EXPOSURE="5", CAMERA_IDLE_SECONDS="0.5")
        bench.note(server.client.must_capture())
        yield Faulty(bench, server, server.browse()), disk


def test_of_too_many_open_files(stored):
    """Not even a connection can be opened. This must be the first fault of this server: modules that the program loads
    only to report a fault cannot be loaded then."""
    faulty, _ = stored
    server = faulty.server
    usual = resource.prlimit(server.process_id, resource.RLIMIT_NOFILE)
    resource.prlimit(server.process_id, resource.RLIMIT_NOFILE, (server.count_open_files() + 2, usual[1]))
    try:
        with ThreadPoolExecutor(6) as clients:
            answers = [answer for answer in clients.map(lambda _: ask_or_give_up(server), range(12)) if answer]
        time.sleep(1.0)  # the log must not grow without end meanwhile
    finally:
        resource.prlimit(server.process_id, resource.RLIMIT_NOFILE, usual)
    for answer in answers:
        assert answer.status == 201 or answer.headers["Content-Type"] == "application/json", answer
    for answer in answers:
        if answer.status == 201:
            faulty.bench.note(answer.body)
    assert len(server.log()) < 100_000
    faulty.assert_over()


def ask_or_give_up(server: Server) -> Answer | None:
    try:
        return server.client.ask("POST", "/api/v1/camera/capture", {}, timeout_s=3)
    except NO_ANSWER:
        return None


def break_and_mend(disk: Disk, server: Server) -> dict:
    marker = disk.images / ".microscope-archive"
    return {
        "gone": (disk.pull_out, disk.put_back, {"storage_missing"}),
        "marker": (marker.unlink, marker.touch, {"storage_missing"}),
        "read-only": (lambda: disk.allow_writing(False), lambda: disk.allow_writing(True), {"storage_not_writable"}),
        "full": (lambda: disk.fill(server, 500_000), lambda: disk.empty(server), disk.codes_when_full),
    }


@pytest.mark.parametrize("fault", ["gone", "marker", "read-only", "full"])
def test_of_the_disk(stored, fault):
    faulty, disk = stored
    spoil, mend, codes = break_and_mend(disk, faulty.server)[fault]
    spoil()
    try:
        refused = faulty.capture(format="png")
        assert refused.status == 507 and refused.body["code"] in codes
        if disk.is_mounted or fault != "full":
            faulty.assert_told("storage", *codes)
            assert refused.body["message"].split(":")[0] in faulty.browser.read("/")
    finally:
        mend()
    faulty.assert_over()


def test_of_a_disk_that_fills_up_while_a_picture_is_written(stored):
    faulty, disk = stored
    disk.fill(faulty.server, 1_400_000)
    try:
        refused = faulty.capture(format="png")
        assert refused.status == 507 and refused.body["code"] in disk.codes_when_full
        faulty.bench.assert_nothing_half_is_left()
    finally:
        disk.empty(faulty.server)
    faulty.assert_over()


@pytest.fixture(scope="module")
def plugged(tmp_path_factory):
    """A server with a stand-in camera beneath the real wrapper."""
    with own_bench(tmp_path_factory.mktemp("plugged")) as bench:
        server = bench.serve({"standin": MODEL}, **SETTINGS)
        bench.note(server.client.must_capture())
        yield Faulty(bench, server, server.browse())
        assert not any(row["simulated"] for row in server.client.images())
        assert server.tell("violations") == []


FRAME_FAULTS = {
    "time-outs": ("time_out", 200, 0.02),
    "broken frames": ("break_frames", 200),
    "garbage descriptors": ("garble_descriptors", 200),
    "wrong sizes": ("resize_frames", 960, 640, 200),
}


@pytest.mark.parametrize("fault", FRAME_FAULTS)
def test_of_frames(plugged, fault):
    """A capture fails if none of its tries gives a good frame. The first capture after the fault succeeds."""
    plugged.server.tell(*FRAME_FAULTS[fault])
    refused = plugged.capture(exposure=3)
    assert refused.status in (500, 503), refused.body
    assert refused.body["code"] in ("capture_failed", "camera_lost", "camera_not_responding")
    plugged.server.tell("mend")
    plugged.assert_over()


def test_the_record_reports_lost_frames(plugged):
    plugged.server.tell("lose_frames", 3, 50)
    answer = plugged.capture(exposure=3)
    plugged.server.tell("mend")
    assert answer.status == 201
    assert answer.body["metadata"]["frame"]["driverStatus"] == "ApiSuccessWithFrameLoss"


@pytest.mark.parametrize("state", ["idle", "live", "mid-exposure", "mid-settings"])
def test_of_a_camera_unplugged(plugged, state):
    server = plugged.server
    answers: list[Answer] = []
    asking = None
    if state == "idle":
        server.wait_until(lambda: server.client.get("/api/v1/camera")["state"] == "ready")
    elif state == "mid-exposure":
        asking = threading.Thread(target=lambda: answers.append(plugged.capture(exposure=8000)))
    elif state == "mid-settings":
        server.tell("hang", "PxLSetFeature")
        change = {"exposure": 6.0}
        asking = threading.Thread(
            target=lambda: answers.append(server.client.ask("PATCH", "/api/v1/camera/settings", change))
        )
    watcher = Watcher(server) if state == "live" else None
    if watcher:
        server.wait_until(lambda: watcher.pictures)
    if asking:
        asking.start()
        if state == "mid-settings":
            assert server.tell("wait_until_hanging", "PxLSetFeature")
        else:
            server.wait_until(lambda: server.client.get("/api/v1/camera")["state"] == "streaming")
    server.tell("unplug")
    server.tell("release")
    if asking:
        asking.join()
        assert answers[0].status == 503 and answers[0].body["code"].startswith("camera_")
    assert plugged.capture().status == 503
    plugged.assert_told("camera", "camera_lost", "camera_not_found", "camera_not_responding")
    assert 'data-state="fault"' in plugged.browser.read("/") or 'data-state="reopening"' in plugged.browser.read("/")
    if watcher:
        watcher.close()
    server.tell("plug")
    plugged.assert_over()


def test_of_a_camera_in_use_elsewhere(plugged):
    plugged.server.tell("unplug")
    plugged.server.tell("take_elsewhere", True)
    plugged.server.tell("plug")
    plugged.assert_told("camera", "camera_in_use")
    refused = plugged.capture()
    assert (refused.status, refused.body["code"]) == (503, "camera_in_use")
    plugged.server.tell("take_elsewhere", False)
    plugged.assert_over()


@pytest.mark.parametrize("function", HANGING + HANGING_TOO if IS_LONG else HANGING)
def test_of_a_call_that_hangs_for_longer_than_it_may(plugged, function):
    server = plugged.server
    server.tell("hang", function)
    if function not in ("PxLSetFeature", "PxLGetNextFrame", "PxLGetFeature"):
        server.tell("unplug")
        server.tell("plug")
    refused = plugged.capture(exposure=4)
    assert refused.status == 503 and refused.body["code"].startswith("camera_"), refused.body
    plugged.assert_told("camera", "camera_not_responding", "camera_lost", "camera_in_use")
    server.tell("release")
    plugged.assert_over()


def test_a_server_that_starts_without_database_drive_and_camera_says_so_and_needs_no_restart(tmp_path):
    with (
        Disk(tmp_path / "drive") as disk,
        database_to_take_away(tmp_path) as database,
        bench_on(tmp_path, database) as bench,
    ):
        bench.keep_images_at(disk.images)
        before = bench.serve({"standin": MODEL}, **SETTINGS)
        bench.note(before.client.must_capture())
        before.kill()
        disk.pull_out()
        database.take_away()
        server = bench.start({"standin": MODEL, "plugged": False}, **SETTINGS).wait_until_answering()
        told = server.client.health()["checks"]
        assert (told["storage"], told["camera"]) == ("storage_missing", "camera_not_found")
        if database.is_postgres:  # SQLite can be read while another process holds the lock
            assert told["database"] == "database_unavailable"
            assert "The database does not answer; trying again" in server.log()
        database.bring_back()
        disk.put_back()
        server.tell("plug")
        server.wait_until_well()
        Faulty(bench, bench.sign_in(server), server.browse()).assert_over()


def test_a_server_that_starts_with_a_hanging_camera_and_a_disk_to_read_only_says_so_too(tmp_path):
    with Disk(tmp_path / "drive") as disk, own_bench(tmp_path) as bench:
        bench.keep_images_at(disk.images)
        before = bench.serve({"standin": MODEL}, **SETTINGS)
        bench.note(before.client.must_capture())
        before.kill()
        disk.allow_writing(False)
        plan = {"standin": MODEL, "begin_with": [["hang", "PxLInitializeEx"]]}
        server = bench.sign_in(bench.start(plan, **SETTINGS).wait_until_answering())
        faulty = Faulty(bench, server, server.browse())
        faulty.assert_told("storage", "storage_not_writable")
        faulty.assert_told("camera", "camera_not_responding")
        disk.allow_writing(True)
        server.tell("release")
        faulty.assert_over()
