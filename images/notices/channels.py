"""The channels: webhook, e-mail, ping. Each call has a deadline, and none follows a redirect."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from datetime import datetime
from http.client import HTTPException
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from images.jobs.trouble import show_time
from images.models import Delivery
from images.notices.deadline import CALL_S, deadline_of
from images.notices.http import make_opener
from images.notices.notices import ALARMS, ENDS, What
from images.notices.signing import make_signature

# For each step: to connect, to send, to wait for the response.
TIMEOUT_S = 10.0


class NotDelivered(Exception):
    """The address did not take the notice. The sentence says why. It does not show the address, which may contain a
    password."""


def send(delivery: Delivery) -> None:
    """Send a notice. Blocks until the address has taken it. Makes no query. Raises NotDelivered."""
    if delivery.channel == Delivery.Channel.EMAIL:
        send_email(delivery)
    elif delivery.channel == Delivery.Channel.PING:
        post(_ping_address(What(delivery.what)), describe_in_lines(delivery).encode(), {"Content-Type": "text/plain"})
    else:
        _send_webhook(delivery)


def describe_in_lines(delivery: Delivery) -> str:
    """Return the body of an e-mail."""
    facts = delivery.facts
    if delivery.what in Delivery.TO_USERS:
        return str(facts["text"])
    at = show_time(datetime.fromisoformat(facts["at"]))
    said = f"{facts['user']}, {facts['kind']}, on {facts['computer']}, {at}"
    return "\n".join([f"{facts['title']}.", *filter(None, [facts["detail"]]), "", facts["verdict"], "", said, ""])


def _send_webhook(delivery: Delivery) -> None:
    facts = delivery.facts
    told = {"type": f"job.{delivery.what}", "timestamp": facts["at"], "data": facts}
    body = json.dumps(told, ensure_ascii=False).encode()
    post_signed(settings.JOB_WEBHOOK_URL, settings.JOB_WEBHOOK_SECRET, str(delivery.lasting_id), body)


def _ping_address(what: What) -> str:
    """Return the ping address for this event. Healthchecks.io and similar services expect `/fail` if somebody should
    look, nothing at a good end, otherwise `/start`."""
    parts = urllib.parse.urlsplit(settings.JOB_PING_URL)
    ending = "/fail" if what in ALARMS else "" if what in ENDS else "/start"
    return parts._replace(path=parts.path.rstrip("/") + ending).geturl()


def post_signed(address: str, secret: str, delivery_id: str, body: bytes, more: dict[str, str] | None = None) -> None:
    """Post JSON with a signature. `more`: further headers. Blocks until the address has taken it. Raises
    NotDelivered."""
    timestamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "webhook-id": delivery_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": make_signature(secret, delivery_id, timestamp, body),
    }
    post(address, body, headers | (more or {}))


def post(address: str, body: bytes, headers: dict[str, str], within_s: float = CALL_S) -> None:
    """Post a body. Blocks until the address has taken it, for at most `within_s`. Raises NotDelivered."""
    headers = {"User-Agent": f"Microscope/{settings.VERSION}", **headers}
    request = urllib.request.Request(address, data=body, headers=headers, method="POST")
    try:
        with deadline_of(within_s) as deadline:
            make_opener(deadline).open(request, timeout=TIMEOUT_S).close()
    except urllib.error.HTTPError as answer:
        answer.close()
        raise NotDelivered(f"The address answered {answer.code} {answer.reason}.") from answer
    except (OSError, HTTPException) as problem:
        raise NotDelivered(f"The address does not answer: {getattr(problem, 'reason', problem)}.") from problem


def send_email(delivery: Delivery, within_s: float = CALL_S) -> None:
    """Send an e-mail. Blocks until the mail server has taken it, for at most `within_s`. Raises NotDelivered."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip("> ")
    message = EmailMessage(
        subject=delivery.facts["title"],
        body=describe_in_lines(delivery),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[delivery.recipient],
        # The same at each try, so that a mail program shows a repeated mail only once.
        headers={"Message-ID": f"<{delivery.lasting_id}@{domain}>", "Auto-Submitted": "auto-generated"},
        connection=get_connection(within_s=within_s),
    )
    try:
        message.send()
    except (OSError, SMTPException) as problem:
        raise NotDelivered(f"The mail server did not take it: {problem}") from problem
