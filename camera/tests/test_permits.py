"""A request that waits for the camera asks for its permit when its turn comes, and not before."""

import threading

import pytest

from camera.errors import ControlLost
from camera.tests.rig import Asking, wait_until


class Permit:
    """May be withdrawn. `asked` counts how often the camera's thread looked."""

    def __init__(self) -> None:
        self.asked, self.is_withdrawn = 0, False
        self.threads: set[str] = set()

    def __call__(self) -> None:
        self.asked += 1
        self.threads.add(threading.current_thread().name)
        if self.is_withdrawn:
            raise ControlLost("Grace controls the camera.", {"control": {"state": "held"}})


def acts(camera, permit):
    return {
        "settings": lambda: camera.configure(exposure_ms=77.0, permit=permit),
        "white balance": lambda: camera.balance_white(permit=permit),
        "capture": lambda: camera.take(exposure_ms=77.0, permit=permit),
        "burst": lambda: camera.begin_burst(2, 2, exposure_ms=77.0, permit=permit).take(10.0),
    }


@pytest.mark.parametrize("act", ["settings", "white balance", "capture", "burst"])
def test_what_lost_its_permit_while_it_waited_changes_nothing(camera, act):
    before = camera.configure(exposure_ms=5.0)
    permit = Permit()
    long = Asking(lambda: camera.take(exposure_ms=1500.0))
    wait_until(lambda: camera.status().state == "streaming")
    permit.is_withdrawn = True
    with pytest.raises(ControlLost) as refused:
        Asking(acts(camera, permit)[act]).answer()
    assert refused.value.details == {"control": {"state": "held"}}
    assert permit.threads == {"camera"}
    # The picture in progress belongs to whoever asked for it.
    assert long.answer().raw.descriptor.exposure_ms == pytest.approx(1500, rel=0.01)
    assert camera.status().settings == before
    assert camera.status().cause is None


def test_a_permit_that_holds_is_asked_once_for_each_request(camera):
    permit = Permit()
    camera.configure(exposure_ms=7.0, permit=permit)
    camera.take(permit=permit)
    assert permit.asked == 2


def test_a_capture_that_lost_its_permit_is_broken_off_at_once_if_somebody_says_so(camera):
    lost, held = Permit(), Permit()
    long = Asking(lambda: camera.take(exposure_ms=10_000.0, permit=lost))
    wait_until(lambda: lost.asked and camera.status().state == "streaming")
    lost.is_withdrawn = True
    camera.break_off()
    with pytest.raises(ControlLost):
        long.answer()
    # The camera is free for whoever has control now.
    assert camera.take(exposure_ms=4.0, permit=held).raw.descriptor.exposure_ms == pytest.approx(4.0)


def test_what_has_its_permit_is_taken_all_the_same(camera):
    permit = Permit()
    asked = Asking(lambda: camera.take(exposure_ms=700.0, permit=permit))
    wait_until(lambda: permit.asked and camera.status().state == "streaming")
    camera.break_off()
    assert asked.answer().raw.descriptor.exposure_ms == pytest.approx(700.0)
