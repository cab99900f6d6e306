"""The line of the spool, and what /health says of it: is anything held up, and since when?"""

from datetime import timedelta

import pytest

from images.spool.rows import Waiting
from images.spool.spool import Spool, SpoolState, register_spool
from images.tests.frames import TAKEN_AT
from microscope.status.groups.spool import describe_spool
from microscope.status.line import FINE, WARN

HOUR = timedelta(hours=1)
WAITING = Waiting(3, 6_000_000, TAKEN_AT)


def test_pictures_that_have_just_come_are_no_trouble():
    line = describe_spool(SpoolState(WAITING), TAKEN_AT + HOUR)
    assert (line.level, line.state) == (FINE, "Sends")
    assert line.now == "3 pictures (6.0 MB) not yet in the store"
    assert line.since == TAKEN_AT


@pytest.mark.parametrize("stored_ago", [None, 2 * HOUR])
def test_what_waits_for_over_an_hour_while_nothing_was_stored_is_told(stored_ago):
    now = TAKEN_AT + 3 * HOUR
    line = describe_spool(SpoolState(WAITING, last_stored_at=stored_ago and now - stored_ago), now)
    assert (line.level, line.state, line.since) == (WARN, "Behind", TAKEN_AT)
    assert "None was stored in the last hour" in line.now
    assert "S3_MAX_MBPS" in line.todo


def test_old_pictures_that_are_being_stored_are_no_trouble():
    now = TAKEN_AT + 1000 * HOUR
    line = describe_spool(SpoolState(WAITING, last_stored_at=now - timedelta(minutes=1)), now)
    assert (line.level, line.state) == (FINE, "Catches up")


class StandingSpool(Spool):
    """Its state is what the test sets."""

    def __init__(self, state: SpoolState) -> None:
        self.state = state


@pytest.fixture
def stand():
    """stand(state) makes it the state of the spool of this process, until the test ends."""
    yield lambda state: register_spool(StandingSpool(state))
    register_spool(None)


@pytest.mark.django_db
@pytest.mark.usefixtures("archive", "camera")
def test_health_says_how_much_waits_and_since_when(client, stand):
    assert "spool" not in client.get("/health").json()
    stand(SpoolState())
    assert client.get("/health").json()["spool"] == {"waiting": None, "oldestAt": None}
    stand(SpoolState(WAITING))
    said = client.get("/health").json()["spool"]
    assert said["waiting"] == 3
    assert said["oldestAt"].startswith(f"{TAKEN_AT:%Y-%m-%dT%H:%M:%S}")
