"""Sends the pictures of a dead PC from its disk into the store, under the id of the instrument of that PC.

Each picture gets its row, as at a start of that PC. Then it is sent, and read back whole. The rows note each step at
once, so the command may be killed at any moment, and the next run continues.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from django.utils import timezone

from images.archive.archive import Archive
from images.errors import LibraryError
from images.index.rebuild.rebuild import RebuildProgress, rebuild
from images.models import Image
from images.spool.rows import changes_to_send, note_conflict, note_stored, unverified, waiting_ids
from images.spool.second_look import look_again
from images.spool.side_files import SideFiles
from images.spool.upload import Uploader
from images.store.client import Store
from images.store.errors import ObjectOfSomebodyElse, StoreBusy, StoreError

logger = logging.getLogger(__name__)

FIRST_WAIT_S, MAX_WAIT_S = 1.0, 60.0
# With the growing waits between them, these tries last about three minutes. If the store is away for longer, the
# command ends with its error, because somebody has to look after the store.
TRIES = 8
# An original that the store loses again and again stays on the disk.
ROUNDS = 2

Result = TypeVar("Result")


@dataclass(slots=True)
class Adopted:
    """How far the adoption is. `failed`: the names of files that are not in the store, each with the reason."""

    rebuilt: RebuildProgress | None = None
    total: int = 0
    sent: int = 0
    verified: int = 0
    failed: dict[str, str] = field(default_factory=dict)


class DiskAdoption:
    """The adoption of one disk. This process must work as the instrument of that disk: see `working_as`."""

    def __init__(
        self,
        store: Store,
        archive: Archive,
        uploader: Uploader,
        side_files: SideFiles,
        report: Callable[[str], None],
        go_on: Callable[[], None],
        stop: threading.Event | None = None,
        now: Callable[[], datetime] = timezone.now,
    ) -> None:
        """`report` is called with a sentence for each file that cannot be brought. `go_on` may raise to stop. `stop`
        breaks off a transfer."""
        self._store = store
        self._archive = archive
        self._uploader = uploader
        self._side_files = side_files
        self._report = report
        self._go_on = go_on
        self._stop = stop or threading.Event()
        self._now = now
        self.adopted = Adopted()

    def steps(self) -> Iterator[Adopted]:
        """List, send and verify everything. Yields its progress after each of many short steps. Raises StoreError if
        the store stays away, StorageUnavailable if the disk goes away, Django's DatabaseError, and what `go_on`
        raises."""
        for rebuilt in rebuild(self._archive, self._report, self._go_on):
            self.adopted.rebuilt = rebuilt
            yield self.adopted
            self._go_on()
        # If the store loses one between send and verification, its row waits again, and the second round sends it.
        for _ in range(ROUNDS):
            yield from self._send_all()
            yield from self._verify_all()
        yield from self._send_side_files()

    def _send_all(self) -> Iterator[Adopted]:
        ids = list(waiting_ids())
        self.adopted.total = self.adopted.sent + len(ids)
        for image_id in ids:
            self._go_on()
            if image := Image.objects.filter(pk=image_id, place=None).first():
                self._try(image, self._send)
            yield self.adopted

    def _verify_all(self) -> Iterator[Adopted]:
        for image in list(unverified().only("id", "filename", "store_key", "file_size", "sha256")):
            self._go_on()
            self._try(image, self._verify)
            yield self.adopted

    def _send(self, image: Image) -> None:
        try:
            key = self._uploader.upload(image, self._stop)
        except ObjectOfSomebodyElse as problem:
            note_conflict(image.pk, problem.key)
            self._fail(image, problem)
        else:
            note_stored(image.pk, key, self._now())
            self.adopted.sent += 1
            self.adopted.failed.pop(image.filename, None)

    def _verify(self, image: Image) -> None:
        look_again(self._store, image, self._now(), self._stop)
        image.refresh_from_db(fields=["place", "verified_at"])
        if image.verified_at:
            self.adopted.verified += 1
        else:
            self._fail(image, "the store has lost it, or has other bytes")

    def _try(self, image: Image, bring: Callable[[Image], None]) -> None:
        """Bring one picture. A picture that cannot be read is reported, and the rest goes on. If the store is away,
        this waits for it."""
        try:
            self._with_patience(lambda: bring(image))
        except StoreError:
            raise
        except (LibraryError, OSError, KeyError, ValueError) as problem:
            # Raises if the whole disk is away. Otherwise only this file is damaged.
            self._archive.check_folder()
            self._fail(image, problem)

    def _send_side_files(self) -> Iterator[Adopted]:
        while self._with_patience(self._side_files.send_next):
            self._go_on()
            yield self.adopted
        for image in changes_to_send().only("filename"):
            self._fail(image, "what was changed of it cannot be sent")

    def _with_patience(self, ask: Callable[[], Result]) -> Result:
        wait_s = FIRST_WAIT_S
        for _ in range(TRIES):
            try:
                return ask()
            except ObjectOfSomebodyElse:
                raise
            except StoreError as problem:
                logger.warning("The store is asked again: %s", problem)
                self._stop.wait(max(wait_s, problem.retry_after_s if isinstance(problem, StoreBusy) else 0.0))
                self._go_on()
                wait_s = min(wait_s * 2, MAX_WAIT_S)
        return ask()

    def _fail(self, image: Image, why: object) -> None:
        if image.filename not in self.adopted.failed:
            self._report(f"{image.filename}: {why}")
        self.adopted.failed[image.filename] = str(why)
