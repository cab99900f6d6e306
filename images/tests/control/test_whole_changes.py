"""Settings and objective change together or not at all, and control does not pass on in between."""

import threading

import pytest
from django.db import DatabaseError
from django.db.models.signals import pre_save

from camera.errors import ControlLost
from camera.tests.rig import Asking, wait_until
from images.capture.with_objective import change_with_objective
from images.control.control import Control, the_control
from images.control.lease import Terms
from images.errors import UnfitObjective
from images.models import CurrentObjective, Objective
from images.tests.clocks import SetClock
from images.tests.control.lab import ADA, BEN, MemoryRow

SETTINGS = "/api/v1/camera/settings"


@pytest.fixture
def objective(db):
    return Objective.objects.create(name="20x", magnification=20)


def in_use() -> str | None:
    current = CurrentObjective.objects.select_related("objective").first()
    return current.objective.name if current and current.objective else None


def change(client, objective, **more):
    return client.patch(SETTINGS, {"exposure": 30, "objective": str(objective.pk), **more}, format="json")


def test_both_change(ada, camera, objective):
    answer = change(ada, objective)
    assert (answer.status_code, answer.json()["objective"]["name"]) == (200, "20x")
    assert (camera.status().settings.exposure_ms, in_use()) == (pytest.approx(30, rel=0.01), "20x")


def test_what_the_camera_refuses_leaves_the_objective(ada, camera, objective):
    before = camera.configure(exposure_ms=5.0)
    assert change(ada, objective, gain=10_000).status_code == 400
    assert (camera.status().settings, in_use()) == (before, None)


def test_whoever_has_no_control_changes_neither(ada, ben, camera, objective):
    ben.post("/api/v1/control", {"minutes": 30}, format="json")
    before = camera.status().settings
    assert change(ada, objective).status_code == 409
    assert (camera.status().settings, in_use()) == (before, None)


@pytest.mark.parametrize("problem", [DatabaseError("away"), UnfitObjective("20x is retired.")])
def test_an_objective_that_cannot_be_chosen_leaves_the_settings(ada, camera, objective, problem):
    """It was retired, or the database was lost, while the camera was being set."""
    before = camera.configure(exposure_ms=5.0, gain_db=1.0)

    def fail(**_: object) -> None:
        raise problem

    pre_save.connect(fail, sender=CurrentObjective)
    try:
        assert change(ada, objective, gain=3, flipHorizontal=True).status_code in (400, 503)
    finally:
        pre_save.disconnect(fail, sender=CurrentObjective)
    assert (camera.status().settings, in_use()) == (before, None)


def test_control_passes_on_only_after_both_parts(camera):
    """From the turn of the first part on: before it, control passes on at once, and nothing changes."""
    control, is_choosing, may_go_on = Control(SetClock(), MemoryRow()), threading.Event(), threading.Event()
    holders = []

    def choose() -> None:
        is_choosing.set()
        assert may_go_on.wait(60)
        holders.append(control.current().holder)

    def work() -> None:
        with control.admit_whole(ADA) as permit:
            change_with_objective(camera, lambda: camera.configure(exposure_ms=33.0, permit=permit), choose, permit)

    changing = Asking(work)
    wait_until(is_choosing.is_set)
    passing = Asking(lambda: control.pass_on(BEN, "control_taken_over", BEN))
    assert control.current().holder == ADA
    may_go_on.set()
    changing.answer()
    assert passing.answer().holder == BEN
    assert holders == [ADA]


def test_what_lost_control_before_its_turn_changes_neither_part(camera):
    control, chosen = Control(SetClock(), MemoryRow()), []
    before = camera.configure(exposure_ms=5.0)
    control.take(ADA, Terms(minutes=5))
    with control.admit_whole(ADA) as permit:
        control.pass_on(BEN, "control_given", ADA)
        with pytest.raises(ControlLost):
            change_with_objective(
                camera,
                lambda: camera.configure(exposure_ms=33.0, permit=permit),
                lambda: chosen.append(True),
                permit,
            )
    assert (camera.status().settings, chosen) == (before, [])


def test_an_empty_request_still_needs_no_control(ada, ben):
    ben.post("/api/v1/control", {"minutes": 30}, format="json")
    assert ada.patch(SETTINGS, {}, format="json").status_code == 200
    assert the_control().current().holder.username == "ben"
