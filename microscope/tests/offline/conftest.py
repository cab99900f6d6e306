import pytest

from images.library import the_library
from microscope.offline.copy import OfflineCopy, register_copy
from microscope.tests.offline.outage import SetClock

GRACE_S = 8 * 3600.0


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def start_program(tmp_path, clock):
    """start_program() gives the process the copy that a start would find."""

    def start(grace_s: float = GRACE_S) -> OfflineCopy:
        copy = OfflineCopy(tmp_path / "signed-in.txt", grace_s, clock)
        register_copy(copy)
        return copy

    return start


@pytest.fixture(autouse=True)
def copy(start_program, nobody_goes_on_offline) -> OfflineCopy:
    return start_program()


@pytest.fixture(autouse=True)
def rows_come_after_the_test(archive):
    """The thread that writes them would do so outside the test's transaction."""
    the_library().backfiller.close()
