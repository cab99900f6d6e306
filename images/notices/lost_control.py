"""Tells people by e-mail that somebody else took control of the camera: they may not have a page open."""

import logging
import socket
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.dispatch import receiver

from camera.live.admission import name_of
from images.control.lease import Kind
from images.errors import DATABASE_AWAY
from images.events import library_changed
from images.jobs.trouble import show_time
from images.models import Delivery, Job
from images.notices.addresses import can_mail

logger = logging.getLogger(__name__)

# The words of audit entries after which control may have passed on without the holder's consent.
TAKEN = ("control_taken", "control_taken_over")
ADVICE = "If you need it again, ask for control on the live page."


@receiver(library_changed)
def note_lost_control(what: str, user_id: int | None, username: str, details: dict[str, Any], **_: Any) -> None:
    """Write an e-mail for a user who lost control to somebody else, in the caller's transaction. Raises one of
    DATABASE_AWAY: then control tries again."""
    former_id = details.get("fromUserId")
    if what not in TAKEN or former_id in (None, user_id) or not can_mail():
        return
    try:
        put_in_outbox(former_id, _name_of(user_id) or username, details)
    except DATABASE_AWAY:
        raise
    except Exception:
        # The boundary of notices: control passes on, whatever error the notice has.
        logger.exception("User %s cannot be told who took control", former_id)


def put_in_outbox(former_id: int, by_name: str, details: dict[str, Any]) -> None:
    """Write the e-mail. Does nothing for a user without an e-mail address. Raises Django's DatabaseError."""
    former = get_user_model()._default_manager.filter(pk=former_id).first()
    address = str(getattr(former, "email", ""))
    if address:
        at = datetime.fromisoformat(details["since"])
        Delivery.objects.create(
            what=Delivery.CONTROL_LOST,
            facts=describe_facts(by_name, at, details),
            channel=Delivery.Channel.EMAIL,
            recipient=address,
            created_at=at,
            next_try_at=at,
        )


def describe_facts(by_name: str, at: datetime, details: dict[str, Any]) -> dict[str, Any]:
    """Return subject and text of the e-mail. `details` are those of the entry."""
    computer = socket.gethostname()
    because = f": {details['reason']}" if details.get("reason") else ""
    # On one line, whatever names and reason contain: a line break would end the header.
    title = " ".join(f"{by_name} took control of the camera{because}".split())
    where = f"On {computer}, {show_time(at)}"
    text = "\n".join([f"{title}.", "", _describe_loss(details), ADVICE, "", where, ""])
    return {"at": at.isoformat(), "computer": computer, "title": title, "text": text}


def _describe_loss(details: dict[str, Any]) -> str:
    if details["fromKind"] == Kind.PERSON:
        return "You had it on your page."
    if details["fromKind"] == Kind.SCRIPT:
        return f"Your script {details['from']} had it, and must stop."
    name = Job.objects.filter(pk=details["fromJob"]).values_list("name", flat=True).first() or details["from"]
    return f"Your job {name} had it. It is paused, and goes on when you continue it."


def _name_of(user_id: int | None) -> str:
    user = get_user_model()._default_manager.filter(pk=user_id).first()
    return name_of(user) if user else ""
