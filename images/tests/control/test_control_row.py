"""The row has the last word: two processes on one database never both have the camera."""

from datetime import timedelta

import pytest

from camera.errors import ControlHeld, ControlLost
from images.control.control import Control
from images.control.lease import Holder, Kind, Terms
from images.models import CameraControl
from images.tests.clocks import SetClock
from microscope.models import AuditEntry

pytestmark = pytest.mark.django_db


def person(user) -> Holder:
    return Holder(user.pk, user.username, user.display_name, Kind.PERSON, "browser")


@pytest.fixture
def ada(make_user):
    return person(make_user("ada", "operators"))


@pytest.fixture
def ben(make_user):
    return person(make_user("ben", "operators"))


class TwoProcesses:
    """Each has read the row when the camera was free."""

    def __init__(self) -> None:
        self.clock = SetClock()
        self.one, self.other = Control(self.clock), Control(self.clock)
        assert self.one.current() is self.other.current() is None


@pytest.fixture
def two(db):
    return TwoProcesses()


def entries() -> list[tuple[str, str]]:
    found = AuditEntry.objects.filter(what__startswith="control").order_by("pk")
    return [(one.who, one.what) for one in found]


def test_of_two_processes_that_take_it_at_once_one_has_it(two, ada, ben):
    """Both have seen a free camera; the row decides."""
    two.one.take(ada, Terms(minutes=30))
    with pytest.raises(ControlHeld, match="ada controls the camera"):
        two.other.take(ben, Terms(minutes=30))
    assert two.other.current().holder.user_id == ada.user_id
    row = CameraControl.objects.get()
    assert (row.fence, row.holder_user_id) == (1, ada.user_id)
    assert entries() == [("ada", "control_taken")]


@pytest.mark.parametrize("act", ["change", "keep", "renew", "release"])
def test_a_late_writer_never_overwrites_a_newer_holder(two, ada, ben, act):
    """It hung while its time stood still and another process went on; what it has in its memory is over."""
    two.one.take(ada, Terms(minutes=30))
    permit = two.one.admit(ada)
    later = SetClock()
    after_start = Control(later)
    assert after_start.current().holder.user_id == ada.user_id
    later.run(timedelta(seconds=91))
    newer = after_start.take(ben, Terms(minutes=30, note="mosaic"))
    if act == "release":
        two.one.release(ada)
    else:
        with pytest.raises((ControlHeld, ControlLost)):
            {
                "change": lambda: two.one.take(ada, Terms(minutes=60)),
                "keep": lambda: two.one.renew(ada, minutes=60),
                "renew": lambda: two.one.renew(ada, note="still here"),
            }[act]()
    row = CameraControl.objects.get()
    assert (row.fence, row.lease_id, row.note) == (newer.fence, newer.lease_id, "mosaic")
    assert two.one.current().holder.user_id == ben.user_id
    # What waits for the camera in the process that was late is refused at its turn.
    with pytest.raises(ControlLost):
        permit()
    assert entries() == [("ada", "control_taken"), ("ada", "control_lapsed"), ("ben", "control_taken")]


def test_a_holder_who_lives_in_one_process_is_not_taken_for_dead_in_another(two, ada, ben):
    two.one.take(ada, Terms(minutes=30))
    after = Control(two.clock)
    after.current()
    for _ in range(4):
        two.clock.run(timedelta(seconds=31))
        two.one.admit(ada)()
    with pytest.raises(ControlHeld):
        after.take(ben)
    assert CameraControl.objects.get().holder_user_id == ada.user_id


def test_fences_only_rise_whoever_writes(two, ada, ben):
    seen = []
    for control, who in [(two.one, ada), (two.other, ben), (two.one, ada), (two.other, ben)]:
        try:
            control.take(who)
        except ControlHeld:
            control.take(who)
        seen.append(CameraControl.objects.get().fence)
        control.release(who)
    assert seen == sorted(set(seen))
