"""The whole archive read again, beside the rows: what is missing, changed, unknown, orphaned or stray.

First every row's original, by number; then every folder, by day. How far it came is saved together with what was
found, so that after any end the next run goes on from there and finds nothing twice.
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO

from django.db import transaction
from django.utils import timezone

from images.archive import Archive
from images.errors import NotAnOriginal, OriginalMissing, StorageUnavailable
from images.folder_check import find_in_day, find_in_root
from images.models import Finding, Image, Verification
from images.verifying import verify_original

READ_AT_ONCE = 500
SAVE_EVERY_S = 2.0
KEPT_OF_A_KIND = 1000
KEPT_RUNS = 10
# Longer than any file takes to be read: a run that said nothing for so long has been killed.
SILENT_FOR = timedelta(minutes=5)

UNFINISHED = (Verification.State.RUNNING, Verification.State.INTERRUPTED)


def begin_verification(by: str, is_restart: bool = False) -> Verification:
    """Go on with the run that did not come to its end, or begin a new one."""
    latest = Verification.objects.first()
    if latest and latest.state in UNFINISHED and not is_restart:
        latest.state = Verification.State.RUNNING
        latest.save(update_fields=["state"])
        return latest
    Verification.objects.filter(state__in=UNFINISHED).update(state=Verification.State.GIVEN_UP)
    kept = Verification.objects.values_list("pk", flat=True)[: KEPT_RUNS - 1]
    Verification.objects.exclude(pk__in=list(kept)).delete()
    return Verification.objects.create(started_by=by)


def is_silent(verification: Verification) -> bool:
    """Whether it says that it is running, and was killed."""
    is_running = verification.state == Verification.State.RUNNING
    return is_running and timezone.now() - verification.seen_at > SILENT_FOR


class Verifier:
    """One run, in steps. Between two steps it may be left at any time; `save` says how."""

    def __init__(
        self,
        archive: Archive,
        verification: Verification,
        read: Callable[[BinaryIO], tuple[int, str]],
        tell: Callable[[Finding], object],
    ) -> None:
        """`read` answers size and sum of a file; `tell` hears of each finding that is kept."""
        self._archive = archive
        self._run = verification
        self._read = read
        self._tell = tell
        self._unsaved: list[Finding] = []
        self._saved_s = time.monotonic()

    def steps(self) -> Iterator[None]:
        """Do it, a step at a time. Raises a StorageUnavailable where the archive is away, Django's DatabaseError, or
        what `read` raises; then the step that was begun counts for nothing."""
        self._archive.check_folder()
        for _step in self._verify_originals():
            self._save_now_and_then()
            yield
        for _step in self._verify_folders():
            self.save()
            yield
        self._run.finished_at = timezone.now()
        self.save(Verification.State.FINISHED)

    @transaction.atomic
    def save(self, state: str = Verification.State.RUNNING) -> None:
        """Write down how far it is and what it found, both or neither."""
        now_s = time.monotonic()
        self._run.seconds += now_s - self._saved_s
        self._saved_s = now_s
        self._run.state = state
        self._run.seen_at = timezone.now()
        known = Image.objects.filter(pk__in=[one.image_id for one in self._unsaved if one.image_id])
        listed = set(known.values_list("pk", flat=True))
        for finding in self._unsaved:
            if finding.image_id not in listed:
                finding.image_id = None  # removed for good meanwhile
        Finding.objects.bulk_create(self._unsaved)
        self._unsaved.clear()
        self._run.save()

    def interrupt(self) -> None:
        """Leave it to be resumed from what was saved last."""
        now = timezone.now()
        Verification.objects.filter(pk=self._run.pk).update(state=Verification.State.INTERRUPTED, seen_at=now)

    def _save_now_and_then(self) -> None:
        if time.monotonic() - self._saved_s >= SAVE_EVERY_S or len(self._unsaved) >= READ_AT_ONCE:
            self.save()

    def _verify_originals(self) -> Iterator[None]:
        images = Image.objects.order_by("pk").only("id", "filename", "sha256")
        while some := list(images.filter(pk__gt=self._run.last_image_id)[:READ_AT_ONCE]):
            for image in some:
                self._verify_original(image)
                self._run.last_image_id = image.pk
                self._run.image_count += 1
                yield

    def _verify_original(self, image: Image) -> None:
        place = f"{_day_of(self._archive, image.filename)}{image.filename}"
        try:
            verified = verify_original(image, self._read)
        except (OriginalMissing, NotAnOriginal) as problem:
            if Image.objects.filter(pk=image.pk).exists():
                self._add(Finding(kind=Finding.Kind.MISSING, place=place, image=image, detail=str(problem)))
        except StorageUnavailable as problem:
            self._archive.check_folder()  # raises where all of it is away
            detail = f"It cannot be read: {problem}"
            self._add(Finding(kind=Finding.Kind.CHANGED, place=place, image=image, detail=detail))
        else:
            self._run.byte_count += verified.size_bytes
            if not verified.is_unchanged:
                detail = f"Its SHA-256 was {verified.expected_sha256} and is {verified.sha256}."
                self._add(Finding(kind=Finding.Kind.CHANGED, place=place, image=image, detail=detail))

    def _verify_folders(self) -> Iterator[None]:
        if not self._run.last_day:
            self._add_all(find_in_root(self._archive))
        for folder in self._archive.day_folders():
            if folder.name > self._run.last_day:
                self._add_all(find_in_day(self._archive, folder))
                self._run.file_count += _count_files(folder)
                self._run.last_day = folder.name
                yield

    def _add_all(self, findings: Iterator[Finding]) -> None:
        for finding in findings:
            self._add(finding)

    def _add(self, finding: Finding) -> None:
        """Of each kind all are counted, and the first kept."""
        count = self._run.counts.get(finding.kind, 0) + 1
        self._run.counts[str(finding.kind)] = count
        if count <= KEPT_OF_A_KIND:
            finding.verification = self._run
            self._unsaved.append(finding)
            self._tell(finding)


def _day_of(archive: Archive, filename: str) -> str:
    try:
        return f"{archive.path_of(filename).parent.name}/"
    except NotAnOriginal:
        return ""


def _count_files(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir())
