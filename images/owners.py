"""People, jobs and objectives that records name, made again where they are not there."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.core.management.color import no_style
from django.db import IntegrityError, connection, transaction

from images.changes import Changes
from images.models import Job, Objective
from images.record import parse_time

LONGEST_NAME = 150
LONGEST_NAME_OF_OBJECTIVE = 100
LARGEST_JOB_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Named:
    """What an objective was called, and when."""

    objective_id: UUID
    name: str
    at: datetime


class Owners:
    """Remembers whom it has seen, so that a million images of the same people cost no million questions."""

    def __init__(self) -> None:
        self.new_users: list[str] = []
        self.new_jobs: list[str] = []
        self._known_users: set[str] = set()
        self._known_jobs: set[tuple[int, str]] = set()
        self._objectives_before = set(Objective.objects.values_list("pk", flat=True))
        self._names: dict[UUID, Named] = {}

    def restore(self, record: dict[str, Any], changes: Changes | None) -> None:
        """Make whom an image needs: users by name, inactive and without a password; jobs by name and number. What
        makes no sense in the record is left to adoption, which reports it."""
        for username in _find_people(record, changes):
            if isinstance(username, str) and username not in self._known_users:
                self._restore_user(username)
        job = record.get("job")
        if isinstance(job, dict) and isinstance(job.get("id"), int) and isinstance(job.get("name"), str):
            self._restore_job(job["id"], job["name"], record)

    def name_objectives(self, record: dict[str, Any], changes: Changes | None) -> None:
        """Objectives that adoption made again are called as they were called last: they may have been renamed."""
        for named in _find_names(record, changes):
            before = self._names.get(named.objective_id)
            if named.objective_id in self._objectives_before or (before and before.at >= named.at):
                continue
            self._names[named.objective_id] = named
            with contextlib.suppress(IntegrityError), transaction.atomic():  # another one can have the name by now
                Objective.objects.filter(pk=named.objective_id).exclude(name=named.name).update(name=named.name)

    def _restore_user(self, username: str) -> None:
        users = get_user_model().objects
        is_possible = 0 < len(username) <= LONGEST_NAME and "\0" not in username
        if is_possible and not users.filter(username=username).exists():
            user = users.model(username=username, is_active=False)
            user.set_unusable_password()
            user.save()
            self.new_users.append(username)
        self._known_users.add(username)

    def _restore_job(self, job_id: int, name: str, record: dict[str, Any]) -> None:
        """Under its number; where another job has that, under the next free one."""
        if (job_id, name) in self._known_jobs or not 0 < job_id <= LARGEST_JOB_ID or len(name) > 200:
            return
        is_taken = Job.objects.filter(id=job_id).exists()
        if not is_taken or not Job.objects.filter(name=name).exists():
            user = get_user_model().objects.filter(username=record["user"]).first()
            if user is None:
                return
            # What it was to do no record says: it is over.
            job = Job(id=None if is_taken else job_id, name=name, user=user, state=Job.State.FINISHED)
            job.save(force_insert=True)
            Job.objects.filter(pk=job.pk).update(created_at=parse_time(record["capturedAt"]))
            _count_on_from_largest_number()
            self.new_jobs.append(name)
        self._known_jobs.add((job_id, name))


def find_makers(record: dict[str, Any], changes: Changes | None) -> Iterator[tuple[UUID, Any]]:
    """Calibrations, and who made each: the one that the image's scale comes from, and those drawn on it. Without what
    makes no sense."""
    for described in (record.get("scale"), *(changes.calibrations if changes else ())):
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            yield UUID(described["calibration"]["id"]), described["calibration"]["madeBy"]


def _find_people(record: dict[str, Any], changes: Changes | None) -> Iterator[Any]:
    yield record.get("user")
    yield from (username for _, username in find_makers(record, changes))
    if changes:
        yield changes.values.get("binnedBy")


def _find_names(record: dict[str, Any], changes: Changes | None) -> Iterator[Named]:
    """Without what makes no sense, which adoption reports."""
    said: list[tuple[Any, Any]] = [(record.get("objective"), record.get("capturedAt"))]
    for drawn in changes.calibrations if changes else []:
        with contextlib.suppress(KeyError, TypeError):
            said.append((drawn["objective"], drawn["calibration"]["madeAt"]))
    for objective, at in said:
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            objective_id, name = UUID(objective["id"]), objective["name"]
            if isinstance(name, str) and 0 < len(name) <= LONGEST_NAME_OF_OBJECTIVE and "\0" not in name:
                yield Named(objective_id, name, parse_time(at))


def _count_on_from_largest_number() -> None:
    """PostgreSQL counts by itself, and would give the number of a restored job once more."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Job]):
            cursor.execute(statement)
