"""A mail server that sends its answer byte by byte: the call is broken off at its deadline, at each of its steps."""

from datetime import timedelta
from functools import partial

import pytest

from images.models import Delivery
from images.notices.channels import NotDelivered, send_email
from images.tests.notices.conftest import send_mails_to
from images.tests.notices.letters import look_until, make_deliverer, states, tell
from images.tests.notices.post_boxes import mail_box

pytestmark = pytest.mark.django_db(transaction=True)

MAIL = Delivery(
    channel=Delivery.Channel.EMAIL,
    recipient="ada@lab.example",
    facts={
        "title": "Wound 3 is finished",
        "verdict": "24 of 24 stored, none missed.",
        "at": "2026-03-01T12:00:00+00:00",
        "user": "ada",
        "kind": "time-lapse",
        "computer": "bench",
        "detail": "",
    },
)


@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "TAKEN"])
def test_an_answer_without_end_is_given_up(mails, step):
    mails.drips_at = step
    with pytest.raises(NotDelivered, match=r"did not take it: no whole answer within 0\.3 s"):
        send_email(MAIL, within_s=0.3)


@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL"])
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_encrypted_answer_without_end_is_given_up(certificate, settings, monkeypatch, security, step):
    trusted, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with mail_box(context, is_encrypted_at_once=security == "tls") as box:
        send_mails_to(box, settings)
        settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = security == "starttls", security == "tls"
        send_email(MAIL)
        assert len(box.mails) == 1  # without dripping it works
        box.drips_at = step
        with pytest.raises(NotDelivered, match=r"did not take it: no whole answer within 0\.5 s"):
            send_email(MAIL, within_s=0.5)


def test_a_mail_that_was_taken_is_delivered_whatever_the_goodbye_looks_like(mails):
    mails.drips_at = "QUIT"
    send_email(MAIL)
    assert [message["Subject"] for _, message in mails.mails] == ["Wound 3 is finished"]


def test_a_mail_server_that_drips_leaves_no_thread_and_is_asked_again(mails, job, clock):
    mails.drips_at = "MAIL"
    tell(job)
    deliverer = make_deliverer(clock, send=partial(send_email, within_s=0.3))
    look_until(deliverer, lambda: "no whole answer within 0.3 s" in Delivery.objects.get().detail)
    mails.drips_at = ""
    clock.run(timedelta(hours=2))
    look_until(deliverer, lambda: states()[0][0] == "delivered")
    assert len(mails.mails) == 1
