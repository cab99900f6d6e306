"""Gives originals that were read their rows, with the users and jobs that they name."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction

from images.archive.archive import Archive
from images.archive.names import Location
from images.errors import NotAnOriginal
from images.index.adoption import adopt
from images.index.rebuild.read_ahead import ReadOriginal
from images.index.rebuild.restore_people import PeopleRestorer
from images.models import Image

# A commit costs as much as many rows, so each has several. But captures wait for their row during a transaction.
MAX_TRANSACTION_S = 0.1


@dataclass(slots=True)
class RebuildProgress:
    """The progress of a rebuild, in numbers of files. `followed`: existing rows updated from their files, or files from
    their rows. `reported`: files that are not in the library. `changed`: listed files that were changed since
    capture."""

    file_count: int
    looked_at: int = 0
    listed: int = 0
    followed: int = 0
    reported: int = 0
    changed: int = 0
    users: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)


class Lister:
    """Makes the rows of originals that were read, in short transactions. It only adds what is missing."""

    def __init__(
        self,
        people: PeopleRestorer,
        rebuilt: RebuildProgress,
        report: Callable[[str], None],
        explain: Callable[[Archive, Location], str] = lambda archive, location: "",
    ) -> None:
        """`report` is called with a sentence for each original that cannot be listed. `explain` returns where a file
        that is no original belongs; an empty text if nobody can tell."""
        self._people = people
        self._rebuilt = rebuilt
        self._report = report
        self._explain = explain

    def list(self, reads: list[ReadOriginal]) -> None:
        """Make the rows of these originals, and count them. Raises Django's DatabaseError and StorageUnavailable."""
        waiting, known = deque(reads), _find_known(reads)
        while waiting:
            with transaction.atomic():
                until_s = time.monotonic() + MAX_TRANSACTION_S
                while waiting and time.monotonic() < until_s:
                    read = waiting.popleft()
                    problem = read.problem or self._list_one(read, known) or read.sidecar_problem
                    if read.problem and (place := self._explain(read.archive, read.location)):
                        problem = f"{read.location.name}: {place}"
                    if problem:
                        self._rebuilt.reported += 1
                        self._report(problem)
                    self._rebuilt.looked_at += 1

    def _list_one(self, read: ReadOriginal, known_by_id: dict[str, tuple[str, str]]) -> str:
        """List one original. Returns why it cannot be listed, or an empty text."""
        name, kept, known = read.location.name, read.kept, known_by_id.get(read.record["id"])
        if known and known[0] != name:
            return _describe_copy(name, known[0])
        if known and kept and known[1] != kept.sha256:
            return f"{name} is not what it was when it was kept: manage.py verify tells more."
        try:
            # Users and jobs come first, because the row refers to them.
            self._people.restore(read.record, read.sidecar)
            is_new = self._adopt(read)
        except NotAnOriginal as problem:
            return str(problem)
        except IntegrityError:
            is_new = self._adopt(read)  # another process has made the row meanwhile
        # `known` is from the start of the batch: a copy within the same batch shows only now.
        if not is_new and not known and (other := _find_known([read]).get(read.record["id"])) and other[0] != name:
            return _describe_copy(name, other[0])
        self._people.name_objectives(read.record, read.sidecar)
        self._rebuilt.listed += is_new
        self._rebuilt.changed += is_new and bool(kept and kept.changed_since_capture)
        self._rebuilt.followed += bool(known)
        return ""

    def _adopt(self, read: ReadOriginal) -> bool:
        return adopt(read.archive, read.location, read.kept, read.elsewhere) is not None


def _find_known(reads: list[ReadOriginal]) -> dict[str, tuple[str, str]]:
    """Return file name and sum of the images that have rows, by record id."""
    record_ids = [read.record["id"] for read in reads if read.record]
    rows = Image.objects.filter(record_id__in=record_ids).values_list("record_id", "filename", "sha256")
    return {str(record_id): (filename, sha256) for record_id, filename, sha256 in rows}


def _describe_copy(name: str, original_name: str) -> str:
    """Return the sentence for a copy: it has a name of its own, or it replaced another original."""
    if Image.objects.of_this_pc().filter(filename=name).exists():
        return (
            f"{name} is not what it was when it was kept: it holds the picture of {original_name}. "
            "manage.py verify tells more."
        )
    return f"{name} is a copy of {original_name}."
