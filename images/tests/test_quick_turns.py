"""What a burst changes of how Python runs is as before once it is over."""

import gc
import sys

import pytest

from images.capture.quick_turns import TURN_S, QuickTurns


@pytest.fixture
def nothing_frozen():
    """The tests themselves keep all that was there before them out of the search for circles."""
    gc.unfreeze()
    yield
    gc.collect()
    gc.freeze()


@pytest.mark.usefixtures("nothing_frozen")
def test_threads_turn_quicker_and_old_objects_are_left_out_until_the_end():
    usual_s = sys.getswitchinterval()
    turns = QuickTurns()
    assert sys.getswitchinterval() == pytest.approx(TURN_S)
    assert gc.get_freeze_count() > 1000
    turns.end()
    assert (sys.getswitchinterval(), gc.get_freeze_count()) == (usual_s, 0)


def test_what_somebody_else_froze_stays_so():
    gc.freeze()
    before = gc.get_freeze_count()
    QuickTurns().end()
    assert gc.get_freeze_count() >= before - 100
