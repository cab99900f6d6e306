"""The thread that delivers notices. It also finds out if a job does not go on. Everything that must not be forgotten is
in rows."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q

from images.jobs.heartbeat import Sign
from images.jobs.trouble import is_stalled
from images.models import Delivery, Job
from images.notices.addresses import can_mail, list_addresses, list_channels
from images.notices.channels import send
from images.notices.errand import Errand
from images.notices.notices import What
from images.notices.outbox import find_last_told, put_in_outbox
from images.notices.rounds import Rounds
from images.roles import is_of_several
from images.run_days import Clock

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
# How long a whole delivery may take, with all its steps.
DEADLINE_S = 30.0
FIRST_WAIT = timedelta(seconds=10)
MAX_WAIT = timedelta(hours=1)
# With the growing waits between them, these tries take about a day.
MAX_TRIES = 32
# If the program died during a try, the notice is tried again after this time.
LEASE = timedelta(seconds=2 * DEADLINE_S)
ENDING_S = 2.0


def wait_after(tries: int) -> timedelta:
    """Return how long to wait after so many tries: twice as long each time, an hour at most."""
    return min(FIRST_WAIT * 2 ** min(tries - 1, 20), MAX_WAIT)


class Deliverer:
    """Delivers notices, one at a time for each channel, so that a silent address does not delay the other channels."""

    def __init__(
        self,
        read_sign: Callable[[], Sign | None],
        clock: Clock | None = None,
        send: Callable[[Delivery], None] = send,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """Starts nothing. `read_sign` returns the state of the jobs."""
        self._read_sign = read_sign
        self._clock = clock or Clock()
        self._send = send
        self._deadline_s = deadline_s
        self._errands: dict[str, Errand[Delivery]] = {}
        self._settled: set[Errand[Delivery]] = set()
        self._looks = 0
        self._rounds = Rounds("notices", self.look, lambda: LOOK_EVERY_S)

    def start(self) -> None:
        """Start the thread, if there is any address."""
        if list_channels():
            self._rounds.start()

    def end(self, patience_s: float = ENDING_S) -> None:
        """Let deliveries under way end, for at most `patience_s`. The rest goes out after the next start."""
        # Two looks: the first may have begun already, before the newest notices were written.
        enough = self._looks + 2
        self._rounds.end(lambda: bool(self._errands) or self._looks < enough, patience_s)

    def look(self) -> None:
        """Do what is due now. Does not wait for any address. Raises Django's DatabaseError."""
        for errand in list(self._errands.values()):
            self._settle(errand)
        self._watch_job()
        self._give_up_unknown()
        for channel in list_channels() - set(self._errands):
            if delivery := self._claim(channel):
                self._errands[channel] = Errand(delivery, channel, self._send, self._deadline_s, self._rounds.wake)
        self._looks += 1

    def _claim(self, channel: str) -> Delivery | None:
        """Reserve the next due notice for this process for some time, and return it."""
        now = self._clock.now()
        # A time further ahead was written while the clock was wrong.
        is_due = Q(next_try_at__lte=now) | Q(next_try_at__gt=now + MAX_WAIT + LEASE)
        delivery = Delivery.objects.waiting().of_this_pc().filter(is_due, channel=channel).first()
        if delivery is None:
            return None
        # Another process may have found the same row. The count of tries lets only one of the two update it.
        same = Delivery.objects.waiting().filter(pk=delivery.pk, tries=delivery.tries)
        is_ours = same.update(tries=F("tries") + 1, next_try_at=now + LEASE)
        delivery.tries += 1
        return delivery if is_ours else None

    def _settle(self, errand: Errand[Delivery]) -> None:
        """Note in the row how a try ended. If a try hangs, its channel stays busy until its thread ends."""
        problem = errand.look()
        if problem is not None and errand not in self._settled:
            self._write(errand.sent, problem)
            self._settled.add(errand)
        if errand in self._settled and not errand.is_running:
            self._settled.discard(errand)
            del self._errands[errand.sent.channel]

    def _write(self, delivery: Delivery, problem: str) -> None:
        now = self._clock.now()
        same = Delivery.objects.waiting().filter(pk=delivery.pk)
        if not problem:
            same.update(state=Delivery.State.DELIVERED, ended_at=now, detail="")
        elif delivery.tries < MAX_TRIES:
            same.update(next_try_at=now + wait_after(delivery.tries), detail=problem)
        else:
            same.update(state=Delivery.State.GIVEN_UP, ended_at=now, detail=problem)
        if problem:
            logger.warning(
                "Try %d to tell by %s: %s: %s", delivery.tries, delivery.channel, delivery.facts["title"], problem
            )

    def _give_up_unknown(self) -> None:
        """Give up notices for addresses that are no longer in the settings. Notices for users are kept: another
        instrument may have e-mail set up."""
        known = Q(what__in=Delivery.TO_USERS) if can_mail() or is_of_several() else Q(pk__in=[])
        for address in list_addresses():
            known |= Q(channel=address.channel, recipient=address.recipient) & ~Q(what__in=Delivery.TO_USERS)
        Delivery.objects.waiting().of_this_pc().exclude(known).update(
            state=Delivery.State.GIVEN_UP, ended_at=self._clock.now(), detail="Its address is set no more."
        )

    def _watch_job(self) -> None:
        """Tell once that a job does not go on, and once that it goes on again."""
        sign = self._read_sign()
        if sign is None or sign.job is None or not list_addresses():
            return
        now, said = self._clock.now(), sign.job
        last = find_last_told(said.number)
        was_told = last is not None and last.what == What.STALLED
        if is_stalled(said, sign.patience_s, now) and not was_told:
            self._put_in_outbox(said.number, What.STALLED, said.reason, said.detail)
        elif last and was_told and said.state == Job.State.RUNNING and said.stored > last.facts["stored"]:
            self._put_in_outbox(said.number, What.RECOVERED, "", "")

    def _put_in_outbox(self, job_id: int, what: What, reason: str, detail: str) -> None:
        with transaction.atomic():
            job = Job.objects.select_related("user").get(pk=job_id)
            put_in_outbox(job, what, self._clock.now(), reason, detail)


_deliverers: list[Deliverer] = []


def register_deliverer(deliverer: Deliverer) -> None:
    """Make this the deliverer of the process. It replaces an earlier one, and does not end it."""
    _deliverers[:] = [deliverer]


def the_deliverer() -> Deliverer:
    return _deliverers[0]
