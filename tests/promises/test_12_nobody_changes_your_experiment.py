"""Promise 12: nobody changes your experiment. One has control; all others watch, and keep what they see."""

import http.client
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from images.control.waiting import MAX_WAITING
from microscope.tests.server_process import ROOT
from tests.promises.bench import Bench
from tests.promises.server import Answer, Client, Server

pytestmark = pytest.mark.long

CAMERA = {"SIMULATED_CAMERA": "colour-small", "DEFAULT_EXPOSURE": "5"}
PEOPLE = {"ada": "operators", "ben": "operators", "vera": "viewers", "grace": "managers"}
ADD_PEOPLE = f"""
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
for name, role in {PEOPLE!r}.items():
    user = get_user_model().objects.create_user(name, password=name + "-password", first_name=name.title())
    user.groups.add(Group.objects.get(name=role))
"""
SETTINGS, CAPTURE, CONTROL = "/api/v1/camera/settings", "/api/v1/camera/capture", "/api/v1/control"
OWN = {"exposure": 30}
# What the camera is asked, and whether it changes anything for others.
GUARDED = {
    "settings": ("PATCH", SETTINGS, OWN),
    "auto-exposure": ("POST", "/api/v1/camera/auto-exposure", None),
    "white balance": ("POST", "/api/v1/camera/white-balance", None),
    "capture with own settings": ("POST", CAPTURE, OWN),
}
OPEN = {
    "watch": ("GET", "/api/v1/camera/frame", None),
    "state": ("GET", "/api/v1/camera", None),
    "statistics": ("GET", "/api/v1/camera/statistics", None),
    "browse": ("GET", "/api/v1/images", None),
    "keep what is seen": ("POST", CAPTURE, {}),
    "estimate": ("POST", "/api/v1/jobs/estimate", {"plan": {"time_plan": {"interval": 60, "loops": 2}}}),
}


@pytest.fixture
def server(bench: Bench) -> Server:
    bench.database.make_tables()
    bench.manage("shell", "-v0", "-c", ADD_PEOPLE)
    return bench.serve(**CAMERA)


@pytest.fixture
def people(server: Server) -> dict[str, Client]:
    return {name: Client(server.port).log_in(name, f"{name}-password") for name in PEOPLE}


@pytest.fixture
def stream(server: Server, people: dict[str, Client]) -> Iterator[None]:
    """Vera watches."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.request("GET", "/api/v1/camera/live", headers={"Authorization": f"Bearer {people['vera'].token}"})
    answer = connection.getresponse()
    answer.read(1000)
    yield
    connection.close()


def codes_of(person: Client, acts: dict[str, tuple[str, str, Any]]) -> dict[str, tuple[int, str | None]]:
    answers = {name: person.ask(*act) for name, act in acts.items()}
    return {name: (answer.status, code_of(answer)) for name, answer in answers.items()}


def code_of(answer: Answer) -> str | None:
    is_json = answer.headers.get("Content-Type", "").startswith("application/json")
    return answer.body.get("code") if is_json else None


def settings_of(person: Client) -> dict[str, Any]:
    return person.get("/api/v1/camera")["settings"]


def assert_refused(person: Client) -> None:
    """Each guarded act is refused, names the holder, and changes nothing; each open one works."""
    before = settings_of(person)
    assert set(codes_of(person, GUARDED).values()) == {(409, "control_held")}
    assert {status for status, _ in codes_of(person, OPEN).values()} <= {200, 201}
    assert settings_of(person) == before


@pytest.mark.usefixtures("stream")
def test_cell_by_cell_of_the_table(people):
    ada, ben, grace = people["ada"], people["ben"], people["grace"]
    # Free: whoever comes first.
    assert {status for status, _ in codes_of(ben, GUARDED).values()} <= {200, 201}
    ben.must("DELETE", CONTROL)
    # Held by another.
    ada.must("POST", CONTROL, {"label": "browser", "minutes": 30, "note": "focus series"})
    assert_refused(ben)
    assert_refused(grace)
    refused = ben.ask("PATCH", SETTINGS, OWN).body
    assert refused["message"].startswith("Ada controls the camera until ") or "Ada's script" in refused["message"]
    assert "focus series" in refused["message"]
    # Held by a job: also its owner is refused.
    ada.must("DELETE", CONTROL)
    plan = {"time_plan": {"interval": 3600, "loops": 2}}
    job = ada.must("POST", "/api/v1/jobs", {"name": "night", "plan": plan})["jobId"]
    until_held_by_job(ada)
    for person in (ada, ben, grace):
        assert_refused(person)
    # A manager takes it: the job pauses, and says why.
    grace.must("POST", f"{CONTROL}/take", {"reason": "sample change"})
    said = ada.get(f"/api/v1/jobs/{job}")
    assert (said["state"], said["reason"], said["detail"]) == ("paused", "Paused by grace", "sample change")
    assert grace.ask("PATCH", SETTINGS, OWN).status == 200
    assert ada.get(CONTROL)["notice"]["what"] == "taken"


def until_held_by_job(person: Client) -> None:
    until_s = time.monotonic() + 60
    while person.get(CONTROL)["kind"] != "job":
        assert time.monotonic() < until_s
        time.sleep(0.05)


def test_of_many_who_change_it_at_once_one_holds_and_the_picture_proves_it(people):
    """Each takes control as a script and captures with a light of its own, as fast as it can."""
    lights = {"ada": 4.0, "ben": 9.0, "grace": 14.0}

    def work(name: str) -> list[tuple[int, float | None]]:
        said = []
        for _ in range(12):
            answer = people[name].ask("POST", CAPTURE, {"exposure": lights[name]})
            taken = answer.body["metadata"]["actual"]["exposureMs"] if answer.status == 201 else None
            said.append((answer.status, taken))
        return said

    with ThreadPoolExecutor(3) as clients:
        done = dict(zip(lights, clients.map(work, lights), strict=True))
    winners = [name for name, said in done.items() if said[-1][0] == 201]
    assert len(winners) == 1
    for name, said in done.items():
        assert {status for status, _ in said} <= ({201} if name in winners else {409})
        assert all(taken == pytest.approx(lights[name], rel=0.02) for status, taken in said if status == 201)


def test_what_waited_for_the_camera_when_control_passed_on_does_nothing(people):
    ada, grace = people["ada"], people["grace"]
    lease = ada.must("POST", CONTROL, {"label": "scan", "minutes": 30})["leaseId"]
    with ThreadPoolExecutor(2) as clients:
        long = clients.submit(ask_with_lease, ada, lease, {"exposure": 3000})
        while ada.get("/api/v1/camera")["state"] != "streaming":
            pass
        waiting = clients.submit(ask_with_lease, ada, lease, {"exposure": 31})
        grace.must("POST", f"{CONTROL}/take", {"reason": "sample change"})
        assert long.result()[0] in (201, 409)
        status, body = waiting.result()
    # It came before control passed on, or its turn came after: in between there is nothing.
    assert (status, body.get("code")) in ((409, "control_lost"), (201, None))
    assert ask_with_lease(ada, lease, {"exposure": 31})[0] == 409


def ask_with_lease(client: Client, lease: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=120)
    headers = {"Authorization": f"Bearer {client.token}", "X-Control-Lease": lease, "Content-Type": "application/json"}
    connection.request("POST", CAPTURE, json.dumps(body), headers)
    answer = connection.getresponse()
    said = json.loads(answer.read())
    connection.close()
    return answer.status, said


def test_whoever_waits_for_the_camera_and_hangs_up_frees_the_place_and_takes_nothing(people):
    ada, ben = people["ada"], people["ben"]
    lease = ada.must("POST", CONTROL, {"minutes": 30})
    asked = {f"script {number}": begin_to_wait(ben, f"script {number}") for number in range(MAX_WAITING + 2)}
    for label in answered(asked, 2):
        full = asked.pop(label).getresponse()
        assert (full.status, json.loads(full.read())["code"]) == (503, "too_many_waiting")
        assert full.headers["Retry-After"] == "2"
    # The others have the places, in some order.
    waiting = asked
    waiting.pop(next(iter(waiting))).close()
    # The place is free: a short wait is answered by whoever has control, and not for want of a place.
    until_answered(ben, 409)
    assert ada.get(CONTROL)["fence"] == lease["fence"]
    ada.must("DELETE", CONTROL)
    until_s = time.monotonic() + 20
    while (held := ada.get(CONTROL))["state"] == "free":
        if len(select.select([one.sock for one in waiting.values()], [], [], 0)[0]) == len(waiting):
            return  # the machine was so busy that their 30 seconds were over
        assert time.monotonic() < until_s
    answer = waiting[held["holder"]["label"]].getresponse()
    taken = json.loads(answer.read())
    assert answer.status == 201, taken
    assert taken["fence"] == lease["fence"] + 1
    for connection in waiting.values():
        connection.close()


def begin_to_wait(person: Client, label: str) -> http.client.HTTPConnection:
    """Ask for control in a moment; the answer comes later."""
    connection = http.client.HTTPConnection("127.0.0.1", person.port, timeout=120)
    headers = {"Authorization": f"Bearer {person.token}", "Content-Type": "application/json"}
    connection.request("POST", f"{CONTROL}?wait=30", json.dumps({"label": label, "minutes": 5}), headers)
    return connection


def answered(asked: dict[str, http.client.HTTPConnection], number: int) -> list[str]:
    """Wait until so many are answered, and return which."""
    sockets = {connection.sock: label for label, connection in asked.items()}
    until_s, ready = time.monotonic() + 25, []
    while len(ready) < number:
        assert time.monotonic() < until_s
        ready = select.select(list(sockets), [], [], 0.2)[0]
    assert len(ready) == number
    return [sockets[one] for one in ready]


def until_answered(person: Client, status: int) -> None:
    """Wait until a short wait of this person is answered so."""
    until_s = time.monotonic() + 25
    while (found := person.ask("POST", f"{CONTROL}?wait=0.1", {}).status) != status:
        assert time.monotonic() < until_s, found
        time.sleep(0.5)


def test_a_holder_that_is_killed_with_the_program_is_known_after_the_start_and_has_no_more_than_its_time(bench, server):
    server.client.must("POST", CONTROL, {"label": "scan", "minutes": 300, "note": "mosaic"})
    before = server.client.get(CONTROL)
    server.kill()
    again = bench.serve(**CAMERA)
    after = again.client.get(CONTROL)
    assert (after["state"], after["note"], after["fence"]) == ("held", "mosaic", before["fence"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills what it forks")
def test_nearly_two_hundred_kills_leave_no_holder_past_its_time(bench: Bench):
    """The others kill the whole server: test_12_kills_of_the_server.py."""
    bench.database.make_tables()
    settings = {**os.environ, "DATA_PATH": str(bench.data_path), "DATABASE_URL": bench.database.url}
    command = [sys.executable, "-m", "tests.promises.killed_control", "188"]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) > 20, "hardly any was killed while it held control"
