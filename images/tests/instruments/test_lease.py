"""One process works under the id of an instrument. A copy of its data folder on a second PC is refused."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now

from images.instruments.errors import InstrumentTaken, NameTaken
from images.instruments.lease import InstrumentLease, is_first_of_those_alive
from images.models import Instrument
from images.own_instrument import be_alone, register_own_instrument
from images.run_days import Clock

HERE, NEVER = uuid4(), threading.Event()

pytestmark = pytest.mark.django_db


class AheadClock(Clock):
    def now(self):
        return super().now() + timedelta(seconds=5)


def test_the_first_process_makes_the_row_and_has_the_lease():
    assert InstrumentLease(HERE).take("Inverted", NEVER)
    row = Instrument.objects.get()
    assert (row.pk, row.name) == (HERE, "Inverted")
    assert row.lease_until - row.last_seen_at == timedelta(seconds=30)


def test_a_copy_of_the_data_folder_is_refused_once_the_first_one_gives_a_sign():
    first = InstrumentLease(HERE)
    first.take("Inverted", NEVER)

    class SignInBetween(threading.Event):
        def wait(self, timeout=None):
            assert first.renew(free_bytes=1)
            return False

    with pytest.raises(InstrumentTaken, match="two PCs have the same data folder"):
        InstrumentLease(HERE).take("Inverted", SignInBetween(), ask_every_s=0.01)
    assert first.renew(free_bytes=2)
    assert Instrument.objects.get().free_bytes == 2


def test_after_a_kill_the_next_process_waits_until_the_lease_has_ended():
    InstrumentLease(HERE).take("Inverted", NEVER)
    asked = []

    class TimePasses(threading.Event):
        def wait(self, timeout=None):
            asked.append(timeout)
            Instrument.objects.update(lease_until=Now() - timedelta(seconds=1))
            return False

    assert InstrumentLease(HERE).take("Inverted", TimePasses(), ask_every_s=0.01)
    assert asked == [0.01]


def test_whoever_lost_the_lease_writes_nothing_any_more():
    first, second = InstrumentLease(HERE), InstrumentLease(HERE)
    first.take("Inverted", NEVER)
    Instrument.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert second.renew(version="2")
    assert not first.renew(version="1")
    assert Instrument.objects.get().version == "2"


def test_after_an_end_in_order_the_next_process_need_not_wait():
    first = InstrumentLease(HERE)
    first.take("Inverted", NEVER)
    first.release()
    assert InstrumentLease(HERE).renew()


def test_a_process_that_waits_can_be_stopped():
    InstrumentLease(HERE).take("Inverted", NEVER)
    stop = threading.Event()
    stop.set()
    assert not InstrumentLease(HERE).take("Inverted", stop)


def test_two_instruments_cannot_have_one_name():
    InstrumentLease(HERE).take("Inverted", NEVER)
    with pytest.raises(NameTaken, match="Another instrument is called Inverted"):
        InstrumentLease(uuid4()).take("Inverted", NEVER)
    other = InstrumentLease(uuid4())
    other.take("Upright", NEVER)
    with pytest.raises(NameTaken):
        other.renew(name="Inverted")


def test_of_those_that_live_one_is_the_first():
    leases = [InstrumentLease(one) for one in sorted((uuid4(), uuid4()))]
    for number, lease in enumerate(leases):
        lease.take(f"No. {number}", NEVER)
    try:
        register_own_instrument(lambda: leases[0].instrument_id)
        assert is_first_of_those_alive()
        register_own_instrument(lambda: leases[1].instrument_id)
        assert not is_first_of_those_alive()
        leases[0].release()
        assert is_first_of_those_alive()
    finally:
        register_own_instrument(be_alone)
    assert not is_first_of_those_alive(), "a library is none"


def test_a_clock_that_is_ahead_is_measured_by_that_of_the_database():
    lease = InstrumentLease(HERE)
    lease.take("Inverted", NEVER)
    assert lease.measure_clock(AheadClock()) == pytest.approx(5000, abs=4000)
