"""Restores users and jobs that files name, and the latest names of objectives."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.db import IntegrityError, transaction

from images.archive.sidecar import Sidecar
from images.index.rebuild.restore_jobs import make_job_again
from images.models import Job, Objective
from images.record.image import parse_time
from images.record.jobs import MAX_NAME_LENGTH, MAX_NUMBER, JobInFile, read_job
from images.record.people import PersonInFile, find_person, id_without_file, read_person

MAX_OBJECTIVE_NAME_LENGTH = 100


@dataclass(frozen=True, slots=True)
class Named:
    """A name that an objective had, and when."""

    objective_id: UUID
    name: str
    at: datetime


class PeopleRestorer:
    """Restores users and jobs. It remembers those it has seen, so that a million images do not take a million
    queries."""

    def __init__(self) -> None:
        self.new_users: list[str] = []
        self.new_jobs: list[str] = []
        self._known_people: set[PersonInFile] = set()
        self._known_jobs: set[tuple[Any, ...]] = set()
        self._objectives_before = set(Objective.objects.values_list("pk", flat=True))
        self._names: dict[UUID, Named] = {}

    def restore(self, record: dict[str, Any], sidecar: Sidecar | None) -> None:
        """Make the users and jobs that an image needs. New users are inactive and have no password. Ignores invalid
        values of the record: adoption reports them."""
        for person in _find_people(record, sidecar):
            self.restore_person(person)
        with contextlib.suppress(ValueError, TypeError, KeyError):
            if job := read_job(record):
                self._restore_job(job, record)

    def restore_person(self, person: PersonInFile | None) -> Any | None:
        """Return the user with that name and lasting id. Restores the user if there is none."""
        if person and person not in self._known_people:
            self._restore_person(person)
            self._known_people.add(person)
        return find_person(person)

    def name_objectives(self, record: dict[str, Any], sidecar: Sidecar | None) -> None:
        """Give restored objectives their latest name in the files, because they may have been renamed."""
        for named in _find_names(record, sidecar):
            before = self._names.get(named.objective_id)
            # Objectives that were in the database before have a name that people chose there. It stays.
            if named.objective_id in self._objectives_before or (before and before.at >= named.at):
                continue
            self._names[named.objective_id] = named
            # Another objective can have the name by now.
            with contextlib.suppress(IntegrityError), transaction.atomic():
                Objective.objects.filter(pk=named.objective_id).exclude(name=named.name).update(name=named.name)

    def _restore_person(self, person: PersonInFile) -> None:
        """Restore a user. If somebody else has the name by now, the restored user gets another name."""
        if find_person(person) or _complete_id(person):
            return
        users = get_user_model()._default_manager
        user: Any = users.model(
            username=person.name, lasting_id=person.lasting_id or id_without_file(person.name), is_active=False
        )
        if users.named(person.name).exists():  # type: ignore[attr-defined]
            user.username = get_user_model().name_for_restored(person.name)
        # A person who is restored from a file must not be able to sign in until an administrator says so.
        user.set_unusable_password()
        user.save()
        self.new_users.append(user.get_username())

    def _restore_job(self, said: JobInFile, record: dict[str, Any]) -> None:
        """Restore a job that has no file any more. The picture that carries the plan gives the plan back."""
        plan = record["job"].get("plan")
        # Only one image of a job carries the plan. It must not be passed over because another image made the job known.
        key = (said.lasting_id, said.number, said.name, plan is not None)
        if key in self._known_jobs or not _is_possible(said):
            return
        user = find_person(read_person(record, "user"))
        if not _is_there(said):
            if user is None:
                return
            # The images do not say how the job ended. It cannot go on, so it counts as finished.
            make_job_again(said, user, parse_time(record["capturedAt"]), state=Job.State.FINISHED)
            self.new_jobs.append(said.name)
        if isinstance(plan, dict) and said.lasting_id:
            fields = {"plan": plan, "plan_sha256": record["job"]["planSha256"], "expected": record["job"]["expected"]}
            Job.objects.filter(lasting_id=said.lasting_id, plan__isnull=True).update(**fields)
        self._known_jobs.add(key)


def _complete_id(person: PersonInFile) -> bool:
    """Give a user who was restored from files without ids the id that a newer file has for the same name. Users who
    were activated since keep their id, because newer files carry it already."""
    if person.lasting_id is None:
        return False
    restored = get_user_model()._default_manager.filter(
        lasting_id=id_without_file(person.name),
        is_active=False,
        password__startswith=UNUSABLE_PASSWORD_PREFIX,
    )
    return restored.update(lasting_id=person.lasting_id) > 0


def find_makers(record: dict[str, Any], sidecar: Sidecar | None) -> Iterator[tuple[UUID, PersonInFile | None]]:
    """Yield calibrations and who made each: the calibration that gives the image its scale, and those drawn on the
    image. Damaged entries are left out."""
    for described in (record.get("scale"), *(sidecar.calibrations if sidecar else ())):
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            yield UUID(described["calibration"]["id"]), read_person(described["calibration"], "madeBy")


def _find_people(record: dict[str, Any], sidecar: Sidecar | None) -> Iterator[PersonInFile | None]:
    """Yield the people in record and sidecar. Damaged ids are left out, because adoption reports them."""
    people = [(record, "user"), *([(sidecar.values, "binnedBy")] if sidecar else [])]
    for fields, key in people:
        with contextlib.suppress(ValueError):
            yield read_person(fields, key)
    yield from (person for _, person in find_makers(record, sidecar))


def _find_names(record: dict[str, Any], sidecar: Sidecar | None) -> Iterator[Named]:
    """Yield the names in record and sidecar. Damaged entries are left out, because adoption reports them."""
    said: list[tuple[Any, Any]] = [(record.get("objective"), record.get("capturedAt"))]
    for drawn in sidecar.calibrations if sidecar else []:
        with contextlib.suppress(KeyError, TypeError):
            said.append((drawn["objective"], drawn["calibration"]["madeAt"]))
    for objective, at in said:
        with contextlib.suppress(KeyError, TypeError, ValueError, AttributeError):
            objective_id, name = UUID(objective["id"]), objective["name"]
            if isinstance(name, str) and 0 < len(name) <= MAX_OBJECTIVE_NAME_LENGTH and "\0" not in name:
                yield Named(objective_id, name, parse_time(at))


def _is_possible(said: JobInFile) -> bool:
    is_number = said.number is None or 0 < said.number <= MAX_NUMBER
    return is_number and len(said.name) <= MAX_NAME_LENGTH and "\0" not in said.name


def _is_there(said: JobInFile) -> bool:
    """Return True if the job has a row. In older files, two jobs can have one name; their numbers tell them apart."""
    if said.lasting_id:
        return Job.objects.filter(lasting_id=said.lasting_id).exists()
    return Job.objects.filter(id=said.number or 0).exists() and Job.objects.filter(name=said.name).exists()
