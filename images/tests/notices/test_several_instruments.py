"""Notices where several instruments share the rows: each tells of its own jobs, and gives up nobody else's."""

from datetime import timedelta

import pytest

from images.models import Delivery, Instrument, Job
from images.notices.deliverer import Deliverer
from images.notices.notices import What
from images.notices.old_spool import report_old_spool
from images.own_instrument import be_alone, register_own_instrument
from images.spool.rows import Waiting
from images.spool.spool import SpoolState
from images.tests.clocks import START
from images.tests.notices.letters import SECRET, look_until, make_deliverer, tell

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def become(settings):
    """become(instrument) makes this process that instrument."""

    def change(instrument: Instrument) -> None:
        settings.MICROSCOPE_ROLE = "instrument"
        register_own_instrument(lambda: instrument.pk)

    yield change
    register_own_instrument(be_alone)


@pytest.fixture
def here():
    return Instrument.objects.create(name="scope-1")


@pytest.fixture
def there():
    return Instrument.objects.create(name="scope-2")


@pytest.fixture
def their_job(operator, there):
    return Job.objects.create(name="Theirs", user=operator, plan={}, expected=2, state="finished", instrument=there)


def look_often(deliverer: Deliverer) -> None:
    for _ in range(5):
        deliverer.look()


def test_an_instrument_sends_what_its_own_jobs_have_to_tell(webhook, job, their_job, here, there, clock, become):
    Job.objects.filter(pk=job.pk).update(instrument=here)
    tell(job)
    tell(their_job)
    become(here)
    look_until(make_deliverer(clock), lambda: job.deliveries.get().state == "delivered")
    assert their_job.deliveries.get().state == "waiting"
    become(there)
    look_until(make_deliverer(clock), lambda: their_job.deliveries.get().state == "delivered")
    assert len(webhook.letters) == 2


def test_one_that_has_other_addresses_gives_up_nothing_of_the_others(
    webhook, mails, settings, job, their_job, here, clock, become
):
    Job.objects.filter(pk=job.pk).update(instrument=here)
    tell(job)
    tell(their_job)
    settings.JOB_EMAIL_TO = []
    become(here)
    look_often(make_deliverer(clock))
    assert set(their_job.deliveries.values_list("state", flat=True)) == {"waiting"}
    assert job.deliveries.get(channel="email").state == "given_up"


def test_a_mail_for_a_user_stays_for_an_instrument_that_can_send_mails(here, settings, clock, become):
    settings.JOB_WEBHOOK_URL, settings.JOB_WEBHOOK_SECRET = "http://127.0.0.1:1/", SECRET
    lost = {"what": Delivery.CONTROL_LOST, "facts": {"title": "a", "text": "b"}, "channel": "email"}
    Delivery.objects.create(**lost, recipient="ada@lab.example", created_at=START, next_try_at=START)
    become(here)
    look_often(make_deliverer(clock))
    assert Delivery.objects.get().state == "waiting"


def test_a_ping_of_one_instrument_takes_the_place_of_no_other(settings, job, their_job, here, become):
    settings.JOB_PING_URL = "http://127.0.0.1:1/"
    tell(their_job)
    Job.objects.filter(pk=job.pk).update(instrument=here)
    become(here)
    tell(job, What.FAILED)
    tell(job)
    assert [one.state for one in their_job.deliveries.all()] == ["waiting"]
    assert sorted(one.state for one in job.deliveries.all()) == ["overtaken", "waiting"]


def test_each_instrument_tells_once_that_its_pictures_wait(settings, administrator, here, become):
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "mail.lab.example", "microscope@lab.example"
    administrator.email = "root@lab.example"
    administrator.save()
    become(here)
    state = SpoolState(Waiting(9, 9, START - timedelta(hours=13)))
    report_old_spool(state, START)
    Delivery.objects.update(facts={**Delivery.objects.get().facts, "computer": "another PC"})
    for _ in range(2):
        report_old_spool(state, START + timedelta(hours=1))
    assert Delivery.objects.filter(what=Delivery.SPOOL_WAITS).count() == 2
