"""Promise 11: a job ends with every picture accounted for: expected = stored + missed, each gap with its time and
reason, whatever happens meanwhile."""

import random
import time
from contextlib import suppress
from subprocess import TimeoutExpired
from typing import Any

import pytest

from microscope.tests.server_process import NO_ANSWER
from tests.promises.bench import IS_LONG, Bench, own_bench
from tests.promises.disk import Disk
from tests.promises.server import Server

pytestmark = pytest.mark.long

CAMERA = {
    "SIMULATED_CAMERA": "mono-small-12bit",
    "DEFAULT_EXPOSURE": "2",
    "SERVICE_TIMEOUT": "60000",
}
# The process dies just before this line runs.
MOMENTS = {
    "its row says that it began, and it has no file": "Ledger.__init__: append_entries(archive",
    "a picture is complete, and has no row": "Archive.keep: return StoredFile(draft.location",
    "a picture has its row, and the job does not count it": "Ledger.store: self.next_slot, self.stored",
    "a gap is decided, and written nowhere": "append_entries: with path.open",
    "a gap is in the file, and has no row": "write_entries: job = Job.objects.select_for_update",
    "all is decided, and the end is written nowhere": "StateChanges.finish: self._ledger.change",
    "the end is in the file, and not in the row": "change_job: job.save(update_fields",
}

BURST_MOMENTS: dict[str, tuple[str, str, int]] = {
    "a group is written, and nothing of it is on disk": ("_commit", "GroupWriter.force: for _ in forcers.map", 1),
    "a picture of a group has its name, and the others have none": ("_commit", "Archive.publish: self._link", 2),
    "a group is complete, and has no rows": ("step", "BurstKeeper._list: rows = ", 2),
    "a group has its rows, and the job does not count it": ("step", "Ledger.store: self.next_slot, self.stored", 2),
}


def plan_of(loops: int, interval_s: float, when_late: str = "skip") -> dict[str, Any]:
    # On a busy machine pictures come late. With "skip" a late slot is missed, and its gap says so.
    microscope = {"format": "tiff", "whenLate": when_late}
    return {"time_plan": {"interval": interval_s, "loops": loops}, "metadata": {"microscope": microscope}}


def begin(server: Server, loops: int, interval_s: float, when_late: str = "skip") -> str:
    body = {"name": "night", "plan": plan_of(loops, interval_s, when_late)}
    return f"/api/v1/jobs/{server.client.must('POST', '/api/v1/jobs', body)['jobId']}"


def newest_job(server: Server) -> str:
    return f"/api/v1/jobs/{server.client.get('/api/v1/jobs')['results'][0]['jobId']}"


def wait_for_end(server: Server, address: str) -> dict[str, Any]:
    server.wait_until(lambda: server.client.get(address)["state"] == "finished", 300)
    return server.client.get(address)


def list_slots(server: Server, job: dict) -> list[dict]:
    """An answer holds a thousand at most."""
    address = f"/api/v1/jobs/{job['jobId']}/slots"
    starts = range(0, job["expected"], 500)
    return [slot for at in starts for slot in server.client.get(f"{address}?from={at}&to={at + 500}")["slots"]]


def assert_accounted_for(bench: Bench, server: Server, job: dict[str, Any]) -> None:
    """Compare the API's slots, the gaps and the pictures: each slot is stored or missed, and not both."""
    server.wait_until(bench.is_in_order)
    job = server.client.get(f"/api/v1/jobs/{job['jobId']}")
    slots = list_slots(server, job)
    states = [slot["state"] for slot in slots]
    assert (states.count("stored"), states.count("missed")) == (job["stored"], job["missed"])
    assert job["expected"] == job["stored"] + job["missed"] == len(slots)
    assert sum(gap["missed"] for gap in job["gaps"]) == job["missed"]
    assert all(gap["reason"] and gap["since"] <= gap["until"] for gap in job["gaps"])
    said = {image["metadata"]["job"]["slot"]: image for image in server.client.images(f"&job={job['jobId']}")}
    assert {slot["slot"]: slot["imageId"] for slot in slots if slot["state"] == "stored"} == {
        number: image["imageId"] for number, image in said.items()
    }
    for number, image in said.items():
        assert image["metadata"]["job"]["dueAt"] == slots[number]["dueAt"]
    bench.assert_promises_kept()


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    with own_bench(tmp_path_factory.mktemp("jobs")) as bench:
        yield bench


@pytest.mark.parametrize("place", MOMENTS.values(), ids=MOMENTS)
def test_a_job_goes_on_after_a_death_at(bench, place):
    server = bench.serve({"within": "step", "kill_at": place}, **CAMERA)
    with suppress(*NO_ANSWER):  # it may die before it has answered
        begin(server, 12, 0.25)
    with suppress(TimeoutExpired):
        server.wait_until_dead(60)
    server.kill()
    assert "Killed at " in server.log()
    server = bench.serve(**CAMERA)
    assert_accounted_for(bench, server, wait_for_end(server, newest_job(server)))
    server.kill()


def test_a_job_ends_however_often_the_program_dies(bench):
    choose = random.Random(11)
    deaths, loops = (300, 2000) if IS_LONG else (3, 60)
    server = bench.serve(**CAMERA)
    address = begin(server, loops, 0.5)
    for _ in range(deaths):
        time.sleep(choose.uniform(0.1, 2.5))  # The test must hold for a death at any moment.
        server.kill()
        server = bench.serve(**CAMERA)
    job = wait_for_end(server, address)
    assert_accounted_for(bench, server, job)
    server.kill()


def begin_burst(server: Server, frames: int) -> str:
    microscope = {"whenLate": "skip"}
    plan = {"time_plan": {"interval": 0, "loops": frames}, "metadata": {"microscope": microscope}}
    body = {"name": "burst", "plan": plan}
    return f"/api/v1/jobs/{server.client.must('POST', '/api/v1/jobs', body)['jobId']}"


@pytest.mark.parametrize(("within", "place", "time_there"), BURST_MOMENTS.values(), ids=BURST_MOMENTS)
def test_a_burst_is_accounted_for_after_a_death_at(bench, within, place, time_there):
    server = bench.serve(
        {"within": within, "kill_at": place, "kill_at_time": time_there}, **{**CAMERA, "DEFAULT_EXPOSURE": "20"}
    )
    with suppress(*NO_ANSWER):  # it may die before it has answered
        begin_burst(server, 400)
    with suppress(TimeoutExpired):
        server.wait_until_dead(60)
    server.kill()
    assert "Killed at " in server.log()
    server = bench.serve(**{**CAMERA, "DEFAULT_EXPOSURE": "20"})
    assert_accounted_for(bench, server, wait_for_end(server, newest_job(server)))
    server.kill()


def test_a_burst_is_accounted_for_however_often_the_program_dies(bench):
    choose = random.Random(12)
    camera = {**CAMERA, "DEFAULT_EXPOSURE": "20"}
    server = bench.serve(**camera)
    address = begin_burst(server, 3000 if IS_LONG else 1000)
    for _ in range(20 if IS_LONG else 3):
        time.sleep(choose.uniform(0.1, 2.5))  # any moment will do
        server.kill()
        server = bench.serve(**camera)
    job = wait_for_end(server, address)
    assert job["stored"] and "Program not running" in {gap["reason"] for gap in job["gaps"]}
    assert_accounted_for(bench, server, job)
    server.kill()


def test_pause_and_stop_hold_after_the_picture_under_way(bench):
    server = bench.serve(**CAMERA)
    address = begin(server, 10_000, 0.001, "stretch")
    for verb in ("pause", "stop"):
        enough = server.client.get(address)["stored"] + 3
        server.wait_until(lambda enough=enough: server.client.get(address)["stored"] >= enough)
        server.client.must("POST", f"{address}/{verb}")
        stored = server.client.get(address)["stored"]
        time.sleep(1)  # whoever goes on takes dozens meanwhile
        assert server.client.get(address)["stored"] <= stored + 1
        if verb == "pause":
            server.client.must("POST", f"{address}/continue", {})
    assert server.client.get(address)["state"] == "stopped"
    server.wait_until(bench.is_in_order)
    bench.assert_promises_kept()
    server.kill()


def test_a_camera_that_is_unplugged_is_a_gap_and_the_job_goes_on_with_it(bench):
    server = bench.serve({"standin": {"significant_bits": 12}}, SERVICE_TIMEOUT="2000", DEFAULT_EXPOSURE="5")
    address = begin(server, 24, 0.5)
    server.wait_until(lambda: server.client.get(address)["stored"] >= 3)
    server.tell("unplug")
    server.wait_until(lambda: server.client.get(address)["missed"] >= 2)
    server.tell("plug")
    job = wait_for_end(server, address)
    assert "Camera lost" in {gap["reason"] for gap in job["gaps"]}
    assert_accounted_for(bench, server, job)
    server.kill()


def test_a_disk_that_fills_up_pauses_the_job_which_goes_on_once_there_is_room(bench, tmp_path):
    (tmp_path / "bench").mkdir()
    with own_bench(tmp_path / "bench") as bench, Disk(tmp_path / "drive") as disk:
        bench.keep_images_at(disk.images)
        server = bench.serve(**CAMERA)
        address = begin(server, 20, 0.5)
        server.wait_until(lambda: server.client.get(address)["stored"] >= 3)
        disk.fill(server, leave_bytes=100_000)
        server.wait_until(lambda: server.client.get(address)["state"] == "paused")
        assert server.client.get(address)["pauseCause"] == "storage"
        assert server.client.get(address)["detail"]
        disk.empty(server)
        job = wait_for_end(server, address)
        assert job["missed"] and {gap["reason"] for gap in job["gaps"]} & {"Disk at its reserve", "Disk not writable"}
        assert_accounted_for(bench, server, job)
        server.kill()
