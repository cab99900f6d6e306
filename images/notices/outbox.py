"""Writes notices, in the same transaction as the event that they tell."""

import logging
from datetime import datetime
from typing import Any

from django.db import transaction
from django.dispatch import receiver

from images.events import job_changed
from images.models import Delivery, Job
from images.notices.addresses import Address, list_addresses
from images.notices.notices import What, describe_facts

logger = logging.getLogger(__name__)

# The people who caused these pauses know about them.
PAUSED_BY_PEOPLE = (Job.PauseCause.USER, Job.PauseCause.PLANE)
# No notice goes to people when a job begins: they have planned it. A ping tells the present state, and that is good
# until the disk is full.
NOT_TOLD = {Delivery.Channel.EMAIL: (What.BEGUN,), Delivery.Channel.PING: (What.DISK_FILLING,)}


@receiver(job_changed)
def put_event_in_outbox(job: Job, what: str, at: datetime, reason: str, detail: str, **_: Any) -> None:
    """Write the notices about an event of a job, if anybody should know it."""
    if what not in list(What) or not list_addresses():
        return
    try:
        # A savepoint: a query that fails here must not undo what the job did.
        with transaction.atomic():
            if _is_worth_telling(job, What(what)):
                put_in_outbox(job, What(what), at, reason, detail)
    except Exception:
        # The boundary of notices: a job goes on, whatever error the notice has.
        logger.exception("Nobody can be told that job %d is %s", job.pk, what)


def put_in_outbox(job: Job, what: What, at: datetime, reason: str, detail: str) -> None:
    """Write one row for each address, in the caller's transaction. Raises Django's DatabaseError."""
    facts = describe_facts(job, what, at, reason, detail)
    for address in list_addresses():
        if what in NOT_TOLD.get(Delivery.Channel(address.channel), ()):
            continue
        _overtake(address)
        Delivery.objects.create(
            job=job,
            what=what,
            facts=facts,
            channel=address.channel,
            recipient=address.recipient,
            created_at=at,
            next_try_at=at,
        )


def find_last_told(job_id: int) -> Delivery | None:
    return Delivery.objects.filter(job_id=job_id).order_by("-id").first()


def _is_worth_telling(job: Job, what: What) -> bool:
    if what is What.PAUSED:
        return job.pause_cause not in PAUSED_BY_PEOPLE
    # Nobody needs to hear that a pause is over if the pause was not told.
    if what is What.CONTINUED:
        last = find_last_told(job.pk)
        return last is not None and last.what == What.PAUSED
    return True


def _overtake(address: Address) -> None:
    """Give up older pings that were not delivered: a ping tells the present state, and theirs is past."""
    if address.channel == Delivery.Channel.PING:
        older = Delivery.objects.waiting().of_this_pc().filter(channel=address.channel)
        older.update(state=Delivery.State.OVERTAKEN, detail="A newer ping took its place.")
