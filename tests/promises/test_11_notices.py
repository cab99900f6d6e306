"""Promise 11, told outside: whatever kills the program, somebody hears of the end of a job, and of the death itself."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from subprocess import TimeoutExpired

import pytest

from images.jobs.heartbeat import FILE, read_heartbeat, write_heartbeat
from images.tests.notices.post_boxes import WebBox, web_box
from tests.promises.bench import Bench, own_bench
from tests.promises.test_11_jobs import CAMERA, begin, wait_for_end

pytestmark = pytest.mark.long

SECRET = "a-secret-of-more-than-thirty-two-characters"
# Where the process dies: just before this line would run.
MOMENTS = {
    "the notice is a row, and nothing was sent": "Deliverer._claim: is_ours = same.update",
    "it is sent, and nobody wrote that down": "Deliverer._write: same = Delivery.objects",
}
PATIENCE_S = 240


@pytest.fixture
def box():
    with web_box() as box:
        yield box


@pytest.fixture
def bench(tmp_path):
    with own_bench(tmp_path) as bench:
        yield bench


def told(box: WebBox) -> dict[bytes, set[str]]:
    """Each notice that came, with its ids."""
    found: dict[bytes, set[str]] = {}
    for letter in box.letters:
        found.setdefault(letter.body, set()).add(letter.headers["webhook-id"])
    return found


def came(box: WebBox, what: str) -> bool:
    return any(f'"job.{what}"'.encode() in letter.body for letter in box.letters)


def let_the_lease_end(bench: Bench) -> None:
    """What the dead process was sending is free for the next one after a minute: as if that minute were over."""
    bench.database.change("UPDATE job_deliveries SET next_try_at = created_at WHERE state = 'waiting'")


@pytest.mark.parametrize("place", MOMENTS.values(), ids=MOMENTS)
def test_what_was_to_be_told_is_told_after_a_death_at(bench, box, place):
    settings = {**CAMERA, "JOB_WEBHOOK_URL": box.url, "JOB_WEBHOOK_SECRET": SECRET}
    server = bench.serve({"within": "look", "kill_at": place}, **settings)
    address = begin(server, 4, 0.25)
    with suppress(TimeoutExpired):
        server.wait_until_dead(60)
    server.kill()
    assert "Killed at " in server.log()
    let_the_lease_end(bench)
    server = bench.serve(**settings)
    job = wait_for_end(server, address)
    server.wait_until(lambda: came(box, "begun") and came(box, "finished"), PATIENCE_S)
    ended = next(letter for letter in box.letters if b"job.finished" in letter.body)
    assert f"{job['stored']} of 4 stored" in ended.body.decode()
    if place == MOMENTS["it is sent, and nobody wrote that down"]:
        # Nobody knows that it came; it comes again under its id.
        first = box.letters[0].headers["webhook-id"]
        server.wait_until(lambda: [one.headers["webhook-id"] for one in box.letters].count(first) == 2, PATIENCE_S)
    assert all(len(ids) == 1 for ids in told(box).values())
    server.kill()


def test_a_silent_address_holds_up_no_picture(bench, box):
    box.status = None
    settings = {**CAMERA, "JOB_WEBHOOK_URL": box.url, "JOB_WEBHOOK_SECRET": SECRET, "JOB_PING_URL": box.url}
    server = bench.serve(**settings)
    address = begin(server, 20, 0.25, "stretch")
    server.wait_until(lambda: box.letters)
    job = wait_for_end(server, address)
    assert (job["stored"], job["missed"]) == (20, 0)
    server.kill()


def test_the_command_for_cron_finds_the_dead_program(bench):
    server = bench.serve(**CAMERA)
    assert bench.manage("check-jobs") == "No job is under way.\n"
    address = begin(server, 100, 3600)
    server.wait_until(lambda: server.client.get(address)["stored"] == 1)
    server.wait_until(lambda: "is running" in bench.manage("check-jobs", "--stale", "600"), PATIENCE_S)
    server.kill()

    def is_found() -> bool:
        ended = bench.run("check-jobs", "--stale", "30", "-v0")
        assert (ended.returncode, ended.stdout) in ((0, ""), (1, "")), ended.stderr
        return ended.returncode == 1 and "The program gives no sign of life since" in ended.stderr

    is_found()  # what it says too early is nothing wrong
    let_time_pass(bench.data_path / FILE, timedelta(seconds=31))
    assert is_found()


def let_time_pass(heartbeat: Path, passed: timedelta) -> None:
    """As if the program had died so much earlier."""
    last = read_heartbeat(heartbeat)
    write_heartbeat(heartbeat, last.at - passed, replace(last.sign, worked_at=last.sign.worked_at - passed))
