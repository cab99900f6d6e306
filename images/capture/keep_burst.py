"""Keeps each frame of a burst as an original of its own, group by group. No row and no event names a frame before its
whole group is safe on disk."""

import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from camera.frame import Frame
from camera.results.taken_frame import TakenFrame
from images.archive.archive import StoredFile
from images.archive.group import GroupWriter, WrittenFile
from images.calibration.scale import describe_scale
from images.capture.capture import list_or_postpone
from images.editable_fields import require_editable
from images.errors import DATABASE_AWAY
from images.events import emit
from images.formats import FORMATS
from images.index.listing import Captured, make_row
from images.library import the_library
from images.models import Image
from images.record.image import Requested, make_record
from images.record.jobs import JobRef, describe_job
from images.record.people import name_person
from images.run_days import the_run_days

WRITERS = 2
# Frames that wait for a writer, besides those in the ring. The writers live on them while a group gets its rows.
WAITING_BYTES, MIN_WAITING, MAX_WAITING = 50_000_000, 2 * WRITERS, 32
# While one thread runs Python, the others wait up to so long for their turn, at each of the calls that write a frame.
# With Python's usual 5 ms, the writers stand still while a group gets its rows.
TURN_S, USUAL_TURN_S = 0.0005, sys.getswitchinterval()


class FrameRoom:
    """Room for a bounded number of frames that wait for a writer, or are being written."""

    def __init__(self, bytes_per_frame: int) -> None:
        self.places = min(max(WAITING_BYTES // bytes_per_frame, MIN_WAITING), MAX_WAITING)
        self._inside = 0
        self._changed = threading.Condition()

    def enter(self) -> None:
        """Take a place. If all are taken, block until half of them are free: so this thread wakes up less often."""
        with self._changed:
            if self._inside >= self.places:
                self._changed.wait_for(lambda: self._inside <= self.places // 2)
            self._inside += 1

    def leave(self) -> None:
        with self._changed:
            self._inside -= 1
            if self._inside == self.places // 2:
                self._changed.notify()


@dataclass
class Group:
    """Frames that become safe together. `refs`: their slots; `writing`: their files, both in the order of the frames.
    `committing` is None until `commit`."""

    refs: list[JobRef] = field(default_factory=list)
    writing: list[Future[tuple[WrittenFile, dict[str, Any]]]] = field(default_factory=list)
    committing: Future[list[StoredFile]] | None = None


class BurstKeeper:
    """Writes one group while the group before it is forced to disk. Only for one thread, which must close it. It has
    threads of its own."""

    def __init__(
        self, by: AbstractBaseUser, requested: Requested, editable: dict[str, Any], bytes_per_frame: int
    ) -> None:
        """`editable`: what the user writes about each image, by column. `bytes_per_frame`: about how large one is."""
        require_editable(editable)
        self._by = by
        self._writer: GroupWriter = the_library().group_writer
        self._optics = the_library().optics.current()
        self._said: dict[str, Any] = {
            "username": by.get_username(),
            "user_id": name_person("user", by)["userId"],
            "requested": requested,
            "editable": editable,
        }
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="burst-writer")
        self._committer = ThreadPoolExecutor(1, thread_name_prefix="burst-committer")
        self._room = FrameRoom(bytes_per_frame)
        sys.setswitchinterval(TURN_S)

    def write(self, group: Group, taken: TakenFrame, ref: JobRef) -> None:
        """Begin to write a frame into the group. Blocks while `FrameRoom` is full. Raises StorageUnavailable if the
        group cannot be saved now."""
        if not group.refs:
            self._writer.check()
        self._room.enter()
        group.refs.append(ref)
        group.writing.append(self._writers.submit(self._write, taken, ref))

    def commit(self, group: Group) -> None:
        """Begin to make the group safe. Returns at once."""
        group.committing = self._committer.submit(self._commit, group)

    def wait_until_safe(self, group: Group) -> None:
        """Block until the group is safe on disk. Call `commit` first. If one of its images could not be kept, raises
        the error of that one; then none of the group is kept."""
        assert group.committing
        group.committing.result()

    def give_rows(self, group: Group) -> list[Captured]:
        """Write the rows of a group that is safe, and return its images. If the database is away, the backfiller writes
        the rows later."""
        assert group.committing
        kept = group.committing.result()
        records = [writing.result()[1] for writing in group.writing]
        return self._list(kept, records, group.refs)

    def discard(self, group: Group) -> None:
        """Remove the files of a group that will not be committed. Blocks until they are written."""
        for writing in group.writing:
            if writing.exception() is None:
                writing.result()[0].discard()

    def close(self) -> None:
        """Wait until the threads have done all that was begun, and end them."""
        self._writers.shutdown()
        self._committer.shutdown()
        sys.setswitchinterval(USUAL_TURN_S)

    def _write(self, taken: TakenFrame, ref: JobRef) -> tuple[WrittenFile, dict[str, Any]]:
        try:
            frame = taken.develop()
            file_format = FORMATS["tiff"]
            record = self._describe(frame, ref)
            written = self._writer.write(
                frame.captured_at,
                file_format.extension,
                lambda file: file_format.write(file, frame.pixels, record, 0),
            )
            return written, record
        finally:
            self._room.leave()

    def _describe(self, frame: Frame, ref: JobRef) -> dict[str, Any]:
        in_use = self._optics.unless_changed(the_library().optics.last_known())
        return make_record(
            frame,
            **self._said,
            encoding=FORMATS["tiff"].encoding_of(frame.pixels, 0),
            job=describe_job(ref),
            objective=in_use.objective,
            scale=describe_scale(in_use, frame),
            is_clock_in_doubt=the_run_days().doubt is not None,
        )

    def _commit(self, group: Group) -> list[StoredFile]:
        wait(group.writing)  # at once: this thread would have to take a turn for each of them
        problems = [problem for writing in group.writing if (problem := writing.exception())]
        if problems:
            self.discard(group)
            raise problems[0]
        return self._writer.commit([writing.result()[0] for writing in group.writing])

    def _list(
        self, kept: Sequence[StoredFile], records: Sequence[dict[str, Any]], refs: Sequence[JobRef]
    ) -> list[Captured]:
        """Write all rows in one transaction. If the database refuses one of them, write each row by itself."""
        whole = list(zip(kept, records, refs, strict=True))
        rows = [
            make_row(one, record, user_id=self._by.pk, job_id=ref.number, job_slot=ref.slot)
            for one, record, ref in whole
        ]
        archive = the_library().archive
        try:
            with transaction.atomic():
                the_images = type(rows[0]).objects.bulk_create(rows)
                self._announce(the_images, refs[0])
            return [Captured(one, record, row) for (one, record, _), row in zip(whole, the_images, strict=True)]
        except IntegrityError:
            return [list_or_postpone(archive, one, record, self._by, ref) for one, record, ref in whole]
        except DATABASE_AWAY:
            for one in kept:
                the_library().backfiller.add_later(one.location)
            return [Captured(one, record, None) for one, record, _ in whole]

    def _announce(self, the_images: Sequence[Image], ref: JobRef) -> None:
        done = [(image.pk, image.filename) for image in the_images]
        emit("captured", done, self._by, details={"job": ref.number})
