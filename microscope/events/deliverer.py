"""The thread that sends events to webhooks. Everything that must not be forgotten is in their rows."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db.models import F
from django.db.models.functions import Coalesce

from images.notices.deliverer import DEADLINE_S, ENDING_S, LEASE, MAX_WAIT, wait_after
from images.notices.errand import Errand
from images.notices.rounds import Rounds
from images.run_days import Clock
from microscope.events.bell import Bell
from microscope.events.order import LOOK_AGAIN_S, Settling
from microscope.events.parcel import Parcel, pack, send_parcel
from microscope.events.webhook import IS_WELL, MAX_PROBLEM, Webhook, WebhookQuerySet

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
# The thread waits so long after an event, so that events that follow at once go out together.
GATHER_S = 0.2
# If a webhook does not want events, only every so many of them are noted as delivered: each note writes a row.
SKIPPED_AT_ONCE = 1000


class WebhookDeliverer:
    """Delivers events, one delivery at a time for each webhook, in a thread of its own, so that a silent receiver does
    not delay the others."""

    def __init__(
        self,
        bell: Bell,
        clock: Clock | None = None,
        wait_after: Callable[[int], timedelta] = wait_after,
        deadline_s: float = DEADLINE_S,
        is_shared: bool = False,
    ) -> None:
        """Starts nothing. `wait_after` returns how long to wait after so many failed tries. `is_shared`: other
        processes use the same rows, so each delivery must be reserved first."""
        self._is_shared = is_shared
        self._clock = clock or Clock()
        self._wait_after = wait_after
        self._deadline_s = deadline_s
        self._settling = Settling()
        self._errands: dict[int, Errand[Parcel]] = {}
        self._written: set[Errand[Parcel]] = set()
        self._rounds = Rounds("webhooks", self.look, self._wait_s, GATHER_S)
        bell.add_listener(self._rounds.wake)

    def start(self) -> None:
        self._rounds.start()

    def end(self, patience_s: float = ENDING_S) -> None:
        """Let deliveries under way end, for at most `patience_s`. The rest goes out after the next start."""
        self._rounds.end(lambda: bool(self._errands), patience_s)

    def look(self) -> None:
        """Do what is due now. Does not wait for any receiver. Raises Django's DatabaseError."""
        for errand in list(self._errands.values()):
            self._write_down(errand)
        due = [webhook for webhook in Webhook.objects.active() if self._is_due(webhook)]
        newest = self._settling.newest() if due else None
        if newest is not None:
            for webhook in due:
                self._begin(webhook, newest)

    def _wait_s(self) -> float:
        return LOOK_AGAIN_S if self._settling.is_behind else LOOK_EVERY_S

    def _is_due(self, webhook: Webhook) -> bool:
        now, at = self._clock.now(), webhook.next_try_at
        # A time further ahead was written while the clock was wrong.
        return webhook.pk not in self._errands and (at is None or at <= now or at > now + MAX_WAIT + LEASE)

    def _begin(self, webhook: Webhook, newest: int) -> None:
        parcel = pack(webhook, newest)
        if not parcel.is_empty:
            if self._is_shared and not _claim(webhook, self._clock.now()):
                return
            way = f"webhook {webhook.pk}"
            self._errands[webhook.pk] = Errand(parcel, way, send_parcel, self._deadline_s, self._rounds.wake)
        elif parcel.through - parcel.after >= SKIPPED_AT_ONCE:
            _rows_of(parcel).update(delivered_through=parcel.through)

    def _write_down(self, errand: Errand[Parcel]) -> None:
        """Note in the row how a delivery ended. If it hangs, its webhook stays busy until its thread ends."""
        problem = errand.look()
        if problem is not None and errand not in self._written:
            if problem:
                self._note_failure(errand.sent, problem, self._clock.now())
            else:
                _rows_of(errand.sent).update(delivered_through=errand.sent.through, **IS_WELL)
            self._written.add(errand)
        if errand.problem is not None or not errand.is_running:
            self._written.discard(errand)
            del self._errands[errand.sent.webhook_id]

    def _note_failure(self, parcel: Parcel, problem: str, now: datetime) -> None:
        tries = (_rows_of(parcel).values_list("tries", flat=True).first() or 0) + 1
        _rows_of(parcel).update(
            tries=tries,
            next_try_at=now + self._wait_after(tries),
            failing_since=Coalesce(F("failing_since"), now),
            last_problem=problem[:MAX_PROBLEM],
        )
        logger.warning("Try %d to send events to webhook %d: %s", tries, parcel.webhook_id, problem)


def _claim(webhook: Webhook, now: datetime) -> bool:
    """Reserve the webhook for this process. If the process dies, another one tries again after LEASE."""
    same = Webhook.objects.filter(pk=webhook.pk, delivered_through=webhook.delivered_through)
    if webhook.next_try_at is None:
        same = same.filter(next_try_at__isnull=True)
    else:
        same = same.filter(next_try_at=webhook.next_try_at)
    return same.update(next_try_at=now + LEASE) == 1


def _rows_of(parcel: Parcel) -> WebhookQuerySet:
    """Return the row of the webhook for an update; no row if it was changed meanwhile: then the result of this delivery
    does not count."""
    return Webhook.objects.filter(pk=parcel.webhook_id, url=parcel.url, delivered_through=parcel.after)


_deliverers: list[WebhookDeliverer] = []


def register_webhook_deliverer(deliverer: WebhookDeliverer) -> None:
    """Make this the deliverer of webhooks of the process. It replaces an earlier one, and does not end it."""
    _deliverers[:] = [deliverer]


def the_webhook_deliverer() -> WebhookDeliverer:
    return _deliverers[0]
