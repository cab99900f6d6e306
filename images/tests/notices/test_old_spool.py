"""Administrators get one e-mail if pictures have not come into the object store for half a day."""

from datetime import timedelta

import pytest

from images.models import Delivery
from images.notices.channels import describe_in_lines
from images.notices.old_spool import report_old_spool
from images.spool.rows import Waiting
from images.spool.spool import SpoolState
from images.tests.clocks import START

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def mail(settings):
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "mail.lab.example", "microscope@lab.example"


@pytest.fixture(autouse=True)
def people(make_user, administrator):
    administrator.email = "root@lab.example"
    administrator.save()
    make_user("mara", "managers", email="mara@lab.example")


def waits(**since: float) -> SpoolState:
    waiting = Waiting(1204, 10**9, START - timedelta(**since))
    return SpoolState(waiting, problem="The store does not answer.", todo="See that the store runs.")


def test_after_half_a_day_administrators_are_told_once():
    report_old_spool(waits(hours=11), START)
    assert not Delivery.objects.exists()
    for hours in (0, 1, 30):
        report_old_spool(waits(hours=13), START + timedelta(hours=hours))
    told = Delivery.objects.get()
    assert (told.recipient, told.channel, told.job) == ("root@lab.example", "email", None)
    assert told.facts["title"] == "1,204 pictures wait for the object store"
    text = describe_in_lines(told)
    assert "The store does not answer." in text and "See that the store runs." in text and "captures go on" in text


def test_if_it_went_on_and_stops_again_they_are_told_again():
    report_old_spool(waits(hours=13), START)
    later = START + timedelta(days=3)
    stopped = SpoolState(Waiting(1, 1, START), last_stored_at=later - timedelta(hours=13))
    report_old_spool(stopped, later)
    assert Delivery.objects.count() == 2 and Delivery.objects.first().facts["title"].startswith("1 picture waits")


def test_while_an_old_library_comes_into_a_new_store_nobody_is_told():
    coming = SpoolState(Waiting(9, 9, START - timedelta(days=900)), last_stored_at=START - timedelta(hours=1))
    report_old_spool(coming, START)
    assert not Delivery.objects.exists()


def test_if_nothing_waits_or_no_mail_is_set_up_nobody_is_told(settings):
    report_old_spool(SpoolState(Waiting(0, 0, None)), START)
    report_old_spool(SpoolState(), START)
    settings.EMAIL_HOST = ""
    report_old_spool(waits(days=2), START)
    assert not Delivery.objects.exists()
