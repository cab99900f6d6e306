"""Sends into the store what lies beside originals: sidecars with the changes of people, and the files of jobs.

Both grow, and no object is ever overwritten. So each revision of a sidecar is an object of its own. If the file of a
job has grown, the new lines are an object of their own, a part; all parts in the order of their numbers are the file.
"""

import hashlib
import json
import logging
import time
from collections.abc import Callable
from datetime import timedelta

from images.archive.archive import Archive
from images.archive.job_file import job_file_of
from images.archive.names import location_of
from images.archive.sidecar import MAX_BYTES, sidecar_of
from images.errors import DamagedSidecar, LibraryError, StorageUnavailable
from images.index.others.changes import JSON
from images.index.sync import give_next_revision
from images.models import Image, Job
from images.run_days import Clock
from images.spool.left_out import LeftOut
from images.spool.rows import find_change_to_send, jobs_to_send, note_change_stored
from images.store.client import Store
from images.store.errors import ObjectOfSomebodyElse, StoreError
from images.store.keys import key_of_change, key_of_job

logger = logging.getLogger(__name__)

JSON_LINES = "application/x-ndjson"
# After this time a missing, changed or damaged file is tried again: somebody may have put it back from a backup.
LEFT_OUT_FOR_S = 3600.0
# While a job runs, its file grows by a line now and then. Each part is an object for ever, so parts should be few.
JOBS_EVERY_S = 300.0
JOBS_AT_ONCE = 20
MAX_PART_BYTES = 20_000_000
# The file of a job is taken as complete so long after its end. Until then a late event may still be written.
SETTLED_AFTER = timedelta(hours=1)


class SideFiles:
    """Sends sidecars and files of jobs. Only one thread calls it."""

    def __init__(
        self,
        store: Store,
        archive: Archive,
        clock: Clock | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._archive = archive
        self._clock = clock or Clock()
        self._monotonic_s = monotonic_s
        self._left_out = LeftOut(LEFT_OUT_FOR_S, monotonic_s)
        self._jobs_due_s = float("-inf")

    def send_next(self) -> bool:
        """Send one sidecar, or the new parts of some jobs. Returns False if nothing waits. Blocks while bytes travel.
        Raises StoreError, StopRequested, StorageUnavailable, and Django's DatabaseError; a later call tries again."""
        if image := find_change_to_send(self._left_out.ids()):
            self._send_or_leave_out(image)
            return True
        now_s = self._monotonic_s()
        if now_s < self._jobs_due_s:
            return False
        some = list(jobs_to_send()[:JOBS_AT_ONCE])
        has_sent = [self._send_job_or_report(job) for job in some]
        if not any(has_sent):
            self._jobs_due_s = now_s + JOBS_EVERY_S
        return any(has_sent)

    def _send_or_leave_out(self, image: Image) -> None:
        try:
            revision = self._send_change(image)
        except ObjectOfSomebodyElse as problem:
            # After a restore from a backup, the store may have another revision of the same number. Both stay.
            logger.warning("%s This sidecar goes under the next number.", problem)
            give_next_revision(self._archive, image.pk)
        except (StoreError, StorageUnavailable):
            raise
        except (LibraryError, OSError, KeyError, TypeError, ValueError) as problem:
            # Something is wrong with this one file or row. The others may be whole, so they go on.
            self._leave_out(image, problem)
        else:
            note_change_stored(image.pk, revision)
            if revision < (image.revision or 0):
                self._leave_out(image, "its sidecar is behind its row; the next start writes it again")

    def _send_change(self, image: Image) -> int:
        """Put the sidecar as it is now, and return its revision. Raises DamagedSidecar if it is not of this image."""
        location = sidecar_of(self._archive, location_of(image.filename))
        with self._archive.open_at(location) as file:
            content = file.read(MAX_BYTES + 1)
        said = json.loads(content)
        if said["recordId"] != str(image.record_id) or len(content) > MAX_BYTES:
            raise DamagedSidecar(f"The sidecar of {image.filename} belongs to another image.")
        revision = int(said["revision"])
        self._store.put_bytes(key_of_change(image.record_id, revision), content, JSON)
        return revision

    def _leave_out(self, image: Image, why: object) -> None:
        logger.warning("What was changed of %s is not put into the store: %s", image.filename, why)
        self._left_out.add(image.pk)

    def _send_job_or_report(self, job: Job) -> bool:
        """Return True if a part was sent, or if the whole file is in the store now."""
        try:
            return self._send_job(job)
        except ObjectOfSomebodyElse as problem:
            logger.warning("The file of job %d is not put into the store: %s", job.pk, problem)
        except (StoreError, StorageUnavailable):
            raise
        except (LibraryError, OSError) as problem:
            logger.warning("The file of job %d is not put into the store: %s", job.pk, problem)
        return False

    def _send_job(self, job: Job) -> bool:
        assert job.anchor_at
        number, offset = job.stored_parts or 0, job.stored_bytes or 0
        with self._archive.open_at(job_file_of(job.anchor_at, job.lasting_id)) as file:
            file.seek(offset)
            content = file.read(MAX_PART_BYTES)
        # Only whole lines: the last one may be half written. It comes with the next part.
        content = content[: content.rfind(b"\n") + 1]
        same = Job.objects.filter(pk=job.pk)
        if content:
            size_bytes = self._put_part(key_of_job(job.lasting_id, number), content)
            return bool(same.update(stored_parts=number + 1, stored_bytes=offset + size_bytes))
        if job.ended_at and self._clock.now() - job.ended_at > SETTLED_AFTER:
            return bool(same.update(is_file_stored=True))
        return False

    def _put_part(self, key: str, content: bytes) -> int:
        """Put the next part, and return its size in bytes. If the program died after an earlier put, or the rows were
        made again, the store may have a shorter part under this number: then the part ends where that one ends."""
        try:
            self._store.put_bytes(key, content, JSON_LINES)
        except ObjectOfSomebodyElse:
            size_bytes, sha256 = self._store.measure(key)
            if not 0 < size_bytes < len(content) or hashlib.sha256(content[:size_bytes]).hexdigest() != sha256:
                raise
            return size_bytes
        return len(content)
