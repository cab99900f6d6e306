"""The table of who may do what, cell by cell, on the real server: two browsers, a script and a running job at once.

Columns: the camera is free, held by a person, by a script, by a job. Rows: watching, keeping what is seen, changing the
camera, starting a job, pausing a job of somebody else.
"""

import json
import re
from contextlib import suppress

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.test_control import keep, press, said, set_exposure

SETTINGS, CAPTURE, CONTROL, JOBS = (
    "/api/v1/camera/settings",
    "/api/v1/camera/capture",
    "/api/v1/control",
    "/api/v1/jobs",
)
PLAN = {"time_plan": {"interval": 3600, "loops": 2}}
WATCHING = {
    "state": ("GET", "/api/v1/camera", None),
    "statistics": ("GET", "/api/v1/camera/statistics", None),
    "browse": ("GET", "/api/v1/images", None),
    "estimate": ("POST", "/api/v1/jobs/estimate", {"plan": PLAN}),
    "who controls": ("GET", CONTROL, None),
}
CHANGES = {
    "settings": ("PATCH", SETTINGS, {"exposure": 44}),
    "auto-exposure": ("POST", "/api/v1/camera/auto-exposure", None),
    "white balance": ("POST", "/api/v1/camera/white-balance", None),
    "capture with own settings": ("POST", CAPTURE, {"exposure": 44}),
    "take control": ("POST", CONTROL, {"minutes": 5}),
}


class Script:
    """Mary's program. It looks at the camera as anybody may, and never takes anything by force."""

    def __init__(self, bench) -> None:
        self._bench = bench
        self.lease = ""

    def ask(self, method: str, path: str, body=None):
        return self._bench.ask(method, path, body, self._bench.token("olga"), self.lease)

    def statuses_of(self, acts) -> dict[str, int]:
        return {name: self.ask(*act)[0] for name, act in acts.items()}

    def take(self) -> None:
        status, taken = self.ask("POST", CONTROL, {"label": "night_scan.py", "minutes": 30, "note": "night"})
        assert status == 201, taken
        self.lease = taken["leaseId"]

    def release(self) -> None:
        with suppress(json.JSONDecodeError):  # the answer is empty
            self.ask("DELETE", CONTROL)
        self.lease = ""


class Night:
    """Ada's job: it holds the camera from its first picture to its last."""

    def __init__(self, bench) -> None:
        self._bench = bench
        self.number = 0

    def start(self) -> None:
        status, job = self._bench.ask("POST", JOBS, {"name": "night", "plan": PLAN}, self._bench.token("ada"))
        assert status == 201, job
        self.number = job["jobId"]

    def stop(self) -> None:
        self._bench.ask("POST", f"{JOBS}/{self.number}/stop", {}, self._bench.token("ada"))


@pytest.fixture
def script(bench, steady):
    script = Script(bench)
    yield script
    script.release()
    bench.free_camera()


@pytest.fixture
def night(bench, steady):
    night = Night(bench)
    yield night
    if night.number:
        night.stop()
    bench.free_camera()


def assert_page_only_keeps(page, bench, holder: str) -> None:
    """The page names the holder, changes nothing, and keeps the picture that it shows."""
    said(page, f"{holder} controls the camera")
    for name in ("#exposure", "#gain"):
        expect(page.locator(name)).to_be_disabled()
    before = bench.camera()["settings"]
    expect(page.locator("#capture")).to_contain_text("Keep this picture")
    page.locator("#stage").click()
    with page.expect_response(lambda answer: answer.url.endswith(CAPTURE)) as kept:
        page.keyboard.press(" ")
    assert kept.value.status == 201
    assert kept.value.json()["exposureTime"] == before["exposure"]
    assert bench.camera()["settings"] == before


def assert_page_changes(page, bench, exposure: str) -> None:
    with page.expect_response(lambda answer: answer.url.endswith(SETTINGS)) as changed:
        set_exposure(page, exposure)
    assert changed.value.status == 200
    assert bench.camera()["settings"]["exposure"] == pytest.approx(float(exposure), abs=0.1)


def assert_script_only_watches(script: Script, holder: str, bench) -> None:
    before = bench.camera()["settings"]
    assert set(script.statuses_of(WATCHING).values()) == {200}
    assert script.ask("POST", CAPTURE, {})[0] == 201
    for name, act in CHANGES.items():
        status, answer = script.ask(*act)
        assert (name, status, answer["code"]) == (name, 409, "control_held")
        assert holder in answer["message"]
    assert bench.camera()["settings"] == before


def refuse_job_now(script: Script, holder: str) -> None:
    status, answer = script.ask("POST", JOBS, {"name": "mine", "plan": PLAN})
    assert (status, answer["code"]) == (409, "control_held")
    assert answer["message"].startswith(holder)


def assert_job_waits(script: Script, **fields) -> None:
    status, job = script.ask("POST", JOBS, {"name": "mine", "plan": PLAN, **fields})
    assert (status, job["state"]) == (201, "queued")
    script.ask("POST", f"{JOBS}/{job['jobId']}/stop", {})


def test_cell_by_cell_with_two_browsers_a_script_and_a_job(watch_live, visit, bench, script, night):
    ada, linus = watch_live("ada"), watch_live("linus")
    # Free: whoever comes first, one after the other.
    assert set(script.statuses_of(WATCHING).values()) == {200}
    assert set(script.statuses_of(CHANGES).values()) <= {200, 201}
    script.release()
    bench.free_camera()
    expect(linus.locator("#exposure")).to_be_enabled()
    assert_page_changes(linus, bench, "23")
    press(linus, "Release")

    # Held by a person.
    expect(ada.locator("#exposure")).to_be_enabled()
    assert_page_changes(ada, bench, "25")
    said(ada, "You control the camera. It becomes free in")
    keep(ada, "focus series")
    assert_page_only_keeps(linus, bench, "ada")
    assert_script_only_watches(script, "ada", bench)
    refuse_job_now(script, "ada controls the camera until")
    assert_job_waits(script, queue=True)
    planning = visit("/jobs/new/", "linus")
    expect(planning.locator("#add")).to_have_text("Add to the queue")
    expect(planning.locator(".new-job-end")).to_contain_text("ada controls the camera until")
    planning.close()
    assert_page_changes(ada, bench, "27")
    press(ada, "Release")

    # Held by a script.
    script.take()
    assert_page_only_keeps(ada, bench, "olga's script night_scan.py")
    assert_page_only_keeps(linus, bench, "olga's script night_scan.py")
    assert script.ask("PATCH", SETTINGS, {"exposure": 19})[0] == 200
    status, refused = bench.ask("POST", JOBS, {"name": "night", "plan": PLAN}, bench.token("ada"))
    assert (status, refused["code"]) == (409, "control_held")
    script.release()

    # Held by a job: also for its own user.
    expect(ada.locator("#exposure")).to_be_enabled()
    night.start()
    assert_page_only_keeps(linus, bench, "ada's job night")
    assert_page_only_keeps(ada, bench, "Your job night")
    assert_script_only_watches(script, "ada's job night", bench)
    assert_job_waits(script)
    assert script.ask("POST", f"{JOBS}/{night.number}/pause", {})[0] == 403
    expect(linus.locator("#control-line").get_by_role("button", name="Pause")).to_have_count(0)

    # Its own user pauses it: then the camera is free again, and the job goes on later.
    press(ada, "Pause")
    expect(linus.locator("#exposure")).to_be_enabled()
    assert_page_changes(linus, bench, "31")
    assert bench.ask("GET", f"{JOBS}/{night.number}", token=bench.token())[1]["state"] == "paused"
    expect(ada.locator(".control-text .control-wide")).to_have_text(re.compile("^linus controls the camera"))
