"""Notices on their way: to real servers on this computer that take them, refuse them, or say nothing."""

import threading
from datetime import timedelta

import pytest

from images.models import Delivery
from images.notices.channels import NotDelivered, send
from images.notices.deliverer import MAX_TRIES, Deliverer, wait_after
from images.notices.notices import What
from images.tests.conftest import wait_until
from images.tests.notices.letters import SECRET, look_until, make_deliverer, states, tell
from images.tests.notices.post_boxes import web_box

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_address_that_is_not_well_is_asked_later_and_later_with_the_same_id(webhook, job, clock):
    webhook.status = 503
    tell(job)
    deliverer = make_deliverer(clock)
    for tries, wait_s in enumerate([10, 20, 40, 80], 1):
        look_until(deliverer, lambda count=tries: Delivery.objects.get().detail and len(webhook.letters) == count)
        look_until(deliverer, lambda: not deliverer._errands)
        assert Delivery.objects.get().next_try_at - clock.now() == timedelta(seconds=wait_s)
        clock.run(timedelta(seconds=wait_s - 1))
        deliverer.look()
        assert not deliverer._errands
        clock.run(timedelta(seconds=1))
    assert Delivery.objects.get().detail == "The address answered 503 Service Unavailable."
    webhook.status = 204
    look_until(deliverer, lambda: states() == [("delivered", 5)])
    assert len({letter.headers["webhook-id"] for letter in webhook.letters}) == 1
    assert Delivery.objects.get().detail == ""


def test_after_a_day_of_tries_it_is_given_up(webhook, job, clock, caplog):
    waits = [wait_after(tries) for tries in range(1, MAX_TRIES)]
    assert timedelta(hours=23) < sum(waits, timedelta()) < timedelta(hours=25)
    webhook.status = 500
    tell(job)
    Delivery.objects.update(tries=MAX_TRIES - 1)
    look_until(make_deliverer(clock), lambda: states() == [("given_up", MAX_TRIES)])
    assert "answered 500" in Delivery.objects.get().detail
    assert f"Try {MAX_TRIES} to tell by webhook: Wound 3 is finished" in caplog.text


def test_no_redirect_is_followed(webhook, job, clock):
    with web_box() as elsewhere:
        webhook.status, webhook.location = 302, elsewhere.url
        tell(job)
        look_until(make_deliverer(clock), lambda: "answered 302" in Delivery.objects.get().detail)
        assert elsewhere.letters == []


def test_an_address_at_which_nobody_listens_is_no_more_than_a_try(settings, job, clock):
    settings.JOB_WEBHOOK_URL, settings.JOB_WEBHOOK_SECRET = "http://127.0.0.1:1/", SECRET
    tell(job)
    look_until(make_deliverer(clock), lambda: "does not answer" in Delivery.objects.get().detail)


def test_an_address_that_says_nothing_holds_up_no_other(webhook, mails, job, clock):
    webhook.status = None
    tell(job)
    deliverer = make_deliverer(clock, deadline_s=0.2)
    look_until(deliverer, lambda: len(mails.mails) == 1 and webhook.letters)
    silent = Delivery.objects.filter(channel="webhook")
    look_until(deliverer, lambda: silent.get().detail == "No answer within 0.2 s.")
    clock.run(timedelta(hours=2))
    for _ in range(5):
        deliverer.look()
    assert len(webhook.letters) == 1  # one thread hangs at most
    webhook.status = 200
    webhook.is_over.set()
    look_until(deliverer, lambda: silent.get().state == "delivered")


def test_a_mail_says_what_happened_and_how_far_it_came(mails, job, clock, settings):
    settings.JOB_EMAIL_TO = ["ada@lab.example", "bob@lab.example"]
    tell(job, What.PAUSED, "Camera changed", "The objective was 10x, and is 40x now.")
    look_until(make_deliverer(clock), lambda: states() == [("delivered", 1)] * 2)
    assert [recipients for recipients, _ in mails.mails] == [["ada@lab.example"], ["bob@lab.example"]]
    message = mails.mails[0][1]
    assert (message["Subject"], message["From"]) == ("Wound 3 is paused: Camera changed", "microscope@lab.example")
    text = message.get_content()
    assert "The objective was 10x, and is 40x now." in text
    assert "1,468 of 2,000 stored, none missed, 532 to come." in text
    assert message["Message-ID"] == f"<{Delivery.objects.first().lasting_id}@lab.example>" or len(mails.mails) == 2


def test_a_recipient_who_is_refused_holds_up_no_other(mails, job, clock, settings):
    settings.JOB_EMAIL_TO, mails.refused = ["eve@lab.example", "bob@lab.example"], {"eve@lab.example"}
    tell(job)
    deliverer = make_deliverer(clock)
    bob, eve = (Delivery.objects.filter(recipient=f"{name}@lab.example") for name in ("bob", "eve"))
    look_until(deliverer, lambda: bob.get().state == "delivered")
    assert "nobody of that name" in eve.get().detail


def test_a_mail_server_that_turns_everybody_away_is_asked_again(mails, job, clock):
    mails.greeting = "554 not today"
    tell(job)
    deliverer = make_deliverer(clock)
    look_until(deliverer, lambda: "not today" in Delivery.objects.get().detail)
    mails.greeting = "220 sink"
    clock.run(timedelta(minutes=1))
    look_until(deliverer, lambda: states() == [("delivered", 2)])


@pytest.mark.parametrize(
    ("what", "path"),
    [
        *((what, "/told/start") for what in (What.BEGUN, What.CONTINUED, What.RESUMED, What.RECOVERED)),
        *((what, "/told/fail") for what in (What.PAUSED, What.STALLED, What.FAILED)),
        *((what, "/told") for what in (What.FINISHED, What.STOPPED)),
    ],
)
def test_a_ping_says_by_its_address_how_it_is(box, settings, job, clock, what, path):
    settings.JOB_PING_URL = box.url + "?rid=7"
    tell(job, what)
    look_until(make_deliverer(clock), lambda: states() == [("delivered", 1)])
    assert box.letters[0].path == f"{path}?rid=7"
    assert b"Wound 3" in box.letters[0].body


def test_what_a_dead_process_had_begun_is_sent_again(webhook, job, clock):
    """It claimed the row, and died before anything was heard of it."""
    tell(job)
    assert make_deliverer(clock)._claim("webhook")
    following = make_deliverer(clock)
    following.look()
    assert not webhook.letters
    clock.run(timedelta(seconds=61))
    look_until(following, lambda: states() == [("delivered", 2)])


def test_two_processes_do_not_send_it_both(webhook, job, clock):
    tell(job)
    first, second = make_deliverer(clock), make_deliverer(clock)
    assert first._claim("webhook")
    assert second._claim("webhook") is None


def test_a_clock_that_was_set_back_keeps_no_notice_for_years(webhook, job, clock):
    tell(job)
    clock.jump(timedelta(days=-1000))
    look_until(make_deliverer(clock), lambda: states() == [("delivered", 1)])


def test_what_was_for_an_address_that_is_set_no_more_is_given_up(webhook, job, clock, settings):
    tell(job)
    settings.JOB_WEBHOOK_URL = ""
    make_deliverer(clock).look()
    assert states() == [("given_up", 0)]
    assert Delivery.objects.get().detail == "Its address is set no more."


def test_a_fault_in_sending_is_tried_again(webhook, job, clock, caplog):
    def fail(delivery) -> None:
        raise ZeroDivisionError("not meant to be")

    tell(job)
    look_until(make_deliverer(clock, send=fail), lambda: "not meant to be" in Delivery.objects.get().detail)
    assert states() == [("waiting", 1)]


def test_its_thread_delivers_what_is_there_and_ends(webhook, job):
    deliverer = Deliverer(lambda: None)
    tell(job)
    deliverer.start()
    wait_until(lambda: states() == [("delivered", 1)])
    deliverer.end()
    wait_until(lambda: "notices" not in [thread.name for thread in threading.enumerate()])


def test_without_anybody_to_tell_there_is_no_thread(settings):
    deliverer = Deliverer(lambda: None)
    deliverer.start()
    assert deliverer._rounds.thread is None
    deliverer.end()


def test_the_admin_shows_what_waits_and_why_and_changes_nothing(webhook, job, clock, client, administrator):
    webhook.status = 503
    tell(job, What.PAUSED, "Disk at its reserve")
    look_until(make_deliverer(clock), lambda: Delivery.objects.get().detail)
    client.force_login(administrator)
    page = client.get("/admin/images/delivery/").content.decode()
    assert "Wound 3" in page and "The address answered 503 Service Unavailable." in page
    one = client.get(f"/admin/images/delivery/{Delivery.objects.get().pk}/change/").content.decode()
    assert "Disk at its reserve" in one and 'name="_save"' not in one
    assert client.get("/admin/images/delivery/add/").status_code == 403


def test_no_sentence_shows_the_address(settings, job):
    settings.JOB_PING_URL = "http://127.0.0.1:1/a-secret-place"
    tell(job)
    with pytest.raises(NotDelivered) as told:
        send(Delivery.objects.get())
    assert "secret" not in str(told.value)
