"""Tells administrators once, by e-mail, that no pictures got into the object store for half a day."""

import logging
import socket
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from images.errors import DATABASE_AWAY
from images.jobs.trouble import show_time
from images.models import Delivery
from images.notices.addresses import can_mail
from images.spool.rows import Waiting
from images.spool.spool import SpoolState

logger = logging.getLogger(__name__)

TOLD_AFTER = timedelta(hours=12)
SAFE = "They are safe on the PC meanwhile, and captures go on."
ONCE = "You are told once. The status page shows how it is now."


def report_old_spool(state: SpoolState, now: datetime) -> None:
    """Write the e-mails if originals have waited that long, none was stored in that time, and nobody was told yet.
    Raises one of DATABASE_AWAY."""
    if not can_mail() or not _is_stuck(state, now):
        return
    try:
        with transaction.atomic():
            put_in_outbox(state, now)
    except DATABASE_AWAY:
        raise
    except Exception:
        # The boundary of notices: pictures are sent, whatever error the notice has.
        logger.exception("Nobody can be told that pictures wait for the store")


def put_in_outbox(state: SpoolState, now: datetime) -> None:
    """Write one row for each administrator with an e-mail address. Does nothing if they were told about these
    pictures."""
    assert state.waiting and state.waiting.oldest_at
    begun_at = max(filter(None, [state.waiting.oldest_at, state.last_stored_at]))
    told = Delivery.objects.filter(what=Delivery.SPOOL_WAITS, created_at__gt=begun_at)
    # Each of several PCs has a spool of its own, so each has a notice of its own.
    if told.filter(facts__computer=socket.gethostname()).exists():
        return
    facts = describe_facts(state, state.waiting, begun_at, now)
    administrators = get_user_model()._default_manager.filter(is_superuser=True, is_active=True).exclude(email="")
    for address in administrators.values_list("email", flat=True):
        Delivery.objects.create(
            what=Delivery.SPOOL_WAITS,
            facts=facts,
            channel=Delivery.Channel.EMAIL,
            recipient=address,
            created_at=now,
            next_try_at=now,
        )


def describe_facts(state: SpoolState, waiting: Waiting, begun_at: datetime, now: datetime) -> dict[str, Any]:
    """Return subject and text of the e-mail. They name neither bucket nor address."""
    computer = socket.gethostname()
    noun = "picture waits" if waiting.count == 1 else "pictures wait"
    title = f"{waiting.count:,} {noun} for the object store"
    since = f"None came there since {show_time(begun_at)}. {state.problem}".rstrip()
    lines = [
        f"{title}.",
        since,
        *filter(None, [state.todo]),
        "",
        SAFE,
        ONCE,
        "",
        f"On {computer}, {show_time(now)}",
        "",
    ]
    return {"at": now.isoformat(), "computer": computer, "title": title, "text": "\n".join(lines)}


def _is_stuck(state: SpoolState, now: datetime) -> bool:
    oldest_at = state.waiting.oldest_at if state.waiting else None
    if oldest_at is None or now - oldest_at < TOLD_AFTER:
        return False
    return state.last_stored_at is None or now - state.last_stored_at >= TOLD_AFTER
