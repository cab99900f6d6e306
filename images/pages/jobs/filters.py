"""The filters of the list of jobs. They are in the address of the page, so that people can pass a list on."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.http import QueryDict
from django.utils import timezone

from folding import words_of
from images.models import Job, JobQuerySet
from images.search.filter_fields import midnight

# The words of people for the states, and the states.
STATES = {
    "running": (Job.State.RUNNING,),
    "paused": (Job.State.PAUSED,),
    "queued": Job.WAITING,
    "finished": (Job.State.FINISHED,),
    "stopped": (Job.State.STOPPED,),
    "failed": (Job.State.FAILED,),
}
NAMES = ("text", "user", "state", "from", "to")
MAX_TEXT = 200


@dataclass(slots=True)
class JobFilters:
    """`asked`: the valid filters, as in the address. `problems`: a sentence for each invalid one."""

    asked: dict[str, str] = field(default_factory=dict)
    begun_from: datetime | None = None
    begun_before: datetime | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.address_without()

    def address_without(self, *names: str) -> str:
        query = QueryDict(mutable=True)
        query.update({name: value for name, value in self.asked.items() if name not in names})
        return query.urlencode()

    def keep_active(self, jobs: JobQuerySet) -> JobQuerySet:
        return self._keep(jobs.filter(state__in=self._common(Job.ACTIVE)))

    def keep_waiting(self, jobs: JobQuerySet) -> JobQuerySet:
        return self._keep(jobs.waiting() if self._common(Job.WAITING) else jobs.none())

    def keep_ended(self, jobs: JobQuerySet) -> JobQuerySet:
        """Return the ended jobs, the newest first. For one state there is an index in this order. All ended jobs are
        nearly all jobs, so it is cheapest to walk the ids. With `IN`, SQLite would sort them all."""
        wanted = self._common(Job.ENDED)
        if len(wanted) == len(Job.ENDED):
            return self._keep(jobs.exclude(state__in=(*Job.ACTIVE, *Job.WAITING)).order_by("-id"))
        return self._keep(jobs.filter(state=wanted[0]).order_by("-id") if wanted else jobs.none())

    def _common(self, states: tuple[Job.State, ...]) -> list[str]:
        wanted = STATES.get(self.asked.get("state", ""), states)
        return [state for state in states if state in wanted]

    def _keep(self, jobs: JobQuerySet) -> JobQuerySet:
        for word in words_of(self.asked.get("text", "")):
            jobs = jobs.filter(search_text__contains=word)
        if name := self.asked.get("user"):
            # A query of its own: across a join PostgreSQL would walk all jobs to find the few of one user.
            user = get_user_model()._default_manager.named(name).first()  # type: ignore[attr-defined]
            jobs = jobs.filter(user_id=user.pk) if user else jobs.none()
        if self.begun_from:
            jobs = jobs.filter(anchor_at__gte=self.begun_from)
        return jobs.filter(anchor_at__lt=self.begun_before) if self.begun_before else jobs


def read_job_filters(query: QueryDict) -> JobFilters:
    """Return the filters of this address. An invalid one becomes a sentence, and the list is shown without it."""
    filters = JobFilters()
    for name in NAMES:
        if value := query.get(name, "").replace("\0", "").strip()[:MAX_TEXT]:
            filters.asked[name] = value
    if (state := filters.asked.get("state")) and state not in STATES:
        _refuse(filters, "state", f"State: Choose one of {', '.join(STATES)}.")
    filters.begun_from = _read_day(filters, "from", timedelta(0))
    # The day is inclusive, so it ends when the next one begins.
    filters.begun_before = _read_day(filters, "to", timedelta(days=1))
    return filters


def _read_day(filters: JobFilters, name: str, shift: timedelta) -> datetime | None:
    if name not in filters.asked:
        return None
    try:
        return midnight(date.fromisoformat(filters.asked[name]) + shift, timezone.get_default_timezone())
    except (ValueError, OverflowError):
        _refuse(filters, name, f"Begun {name}: Invalid day. Write it as 2025-01-16.")
        return None


def _refuse(filters: JobFilters, name: str, sentence: str) -> None:
    del filters.asked[name]
    filters.problems.append(sentence)


def describe_filters(filters: JobFilters) -> dict[str, Any]:
    """Return what the bar of filters shows, except the list of people."""
    return {
        "asked": filters.asked,
        "address": filters.address,
        "problems": filters.problems,
        "states": list(STATES),
        "without_user": filters.address_without("user"),
        "without_state": filters.address_without("state"),
        "without_days": filters.address_without("from", "to"),
    }
