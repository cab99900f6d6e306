"""Verifies the whole archive: reads every original again and compares it with its row. Findings are missing, changed,
differing, unknown, orphaned or stray files.

First it reads the original of every row, by row id; then it walks through every folder, by day. Progress and findings
are saved together. So after an interruption or a crash the next run continues from there, and reports nothing twice.
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import BinaryIO

from django.db import transaction
from django.utils import timezone

from images.archive.archive import Archive
from images.archive.folder import raising_storage_errors
from images.archive.litter import is_litter
from images.archive.names import location_of
from images.archive.paced_reader import go_on_always
from images.archive.sidecar import sidecar_of
from images.errors import (
    NotAnOriginal,
    OriginalChanged,
    OriginalChangedInStore,
    OriginalLost,
    OriginalMissing,
    StorageUnavailable,
)
from images.index.misplaced import describe_foreign_file
from images.models import Finding, Image, Verification
from images.own_instrument import own_instrument_id
from images.verification.check import Verified, verify_original
from images.verification.folders import find_in_day, find_in_root, storable
from images.verification.rows import check_row, describe_differences

READ_AT_ONCE = 500
SAVE_EVERY_S = 2.0
KEPT_OF_A_KIND = 1000
KEPT_RUNS = 10
# Reading one file never takes this long. A run that saved nothing for this long was killed.
SILENT_FOR = timedelta(minutes=5)

# What the store did to originals that are not on this disk.
ELSEWHERE: dict[str | None, type[OriginalLost] | type[OriginalChangedInStore]] = {
    Image.Place.LOST: OriginalLost,
    Image.Place.CONFLICT: OriginalChangedInStore,
}
UNFINISHED = (Verification.State.RUNNING, Verification.State.INTERRUPTED)


def begin_verification(by: str, is_restart: bool = False) -> Verification:
    """Continue the unfinished run, or begin a new one: if there is none, or if `is_restart`. Old runs are deleted with
    their findings; KEPT_RUNS stay. Raises Django's DatabaseError."""
    latest = Verification.objects.of_this_pc().first()
    if latest and latest.state in UNFINISHED and not is_restart:
        # It continues with its own id, so findings of both parts belong to one run.
        latest.state = Verification.State.RUNNING
        latest.save(update_fields=["state"])
        return latest
    runs = Verification.objects.of_this_pc()
    runs.filter(state__in=UNFINISHED).update(state=Verification.State.GIVEN_UP)
    kept = runs.values_list("pk", flat=True)[: KEPT_RUNS - 1]
    runs.exclude(pk__in=list(kept)).delete()
    return Verification.objects.create(instrument_id=own_instrument_id(), started_by=by)


def is_silent(verification: Verification) -> bool:
    """Return True if the run is marked as running, but was killed. A time in the future, from before the clock was set
    back, counts as old: a run that is alive soon replaces it."""
    is_running = verification.state == Verification.State.RUNNING
    return is_running and abs(timezone.now() - verification.seen_at) > SILENT_FOR


class Verifier:
    """One verification run, in steps. The caller may stop between any two steps; it calls `save` to keep the progress
    up to there."""

    def __init__(
        self,
        archive: Archive,
        verification: Verification,
        read: Callable[[BinaryIO], tuple[int, str]],
        report: Callable[[Finding], object],
        go_on: Callable[[], None] = go_on_always,
    ) -> None:
        """`read` returns size and SHA-256 of an open file. `report` is called with each stored finding. `go_on` is
        called for each file in the folders; what it raises ends the run."""
        self._archive = archive
        self._run = verification
        self._read = read
        self._report = report
        self._go_on = go_on
        self._unsaved: list[Finding] = []
        self._saved_s = time.monotonic()

    def steps(self) -> Iterator[None]:
        """Do the run; each item is one step. Raises StorageUnavailable if the archive is away, Django's DatabaseError,
        or what `read` or `go_on` raises; then the unfinished step is not counted."""
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
        """Save the progress and the findings, in one transaction."""
        now_s = time.monotonic()
        self._run.seconds += now_s - self._saved_s
        self._saved_s = now_s
        self._run.state = state
        self._run.seen_at = timezone.now()
        # A finding that refers to a deleted row would break the transaction.
        known = Image.objects.filter(pk__in=[one.image_id for one in self._unsaved if one.image_id])
        listed = set(known.values_list("pk", flat=True))
        for finding in self._unsaved:
            if finding.image_id not in listed:
                finding.image_id = None  # removed for good meanwhile
        Finding.objects.bulk_create(self._unsaved)
        self._unsaved.clear()
        self._run.save()

    def interrupt(self) -> None:
        """Mark the run as interrupted. The next run continues from what was saved last."""
        now = timezone.now()
        Verification.objects.filter(pk=self._run.pk).update(state=Verification.State.INTERRUPTED, seen_at=now)

    def _save_now_and_then(self) -> None:
        if time.monotonic() - self._saved_s >= SAVE_EVERY_S or len(self._unsaved) >= READ_AT_ONCE:
            self.save()

    def _verify_originals(self) -> Iterator[None]:
        # By id, because ids only grow: images that are captured during the run come at its end.
        of_this_pc = Image.objects.of_this_pc().order_by("pk").defer("search_text")
        images = of_this_pc.prefetch_related("user", "job", "binned_by")
        while some := list(images.filter(pk__gt=self._run.last_image_id)[:READ_AT_ONCE]):
            for image in some:
                self._verify_original(image)
                self._run.last_image_id = image.pk
                self._run.image_count += 1
                yield

    def _verify_original(self, image: Image) -> None:
        place = _place_of(image.filename)
        is_unchanged = False
        try:
            verified = verify_original(image, self._read)
        except (OriginalMissing, NotAnOriginal) as problem:
            # Removed for good meanwhile, with its file: no finding.
            now = Image.objects.filter(pk=image.pk).values_list("place", flat=True).first()
            if now == Image.Place.STORE:
                self._run.in_store_count += 1
            elif Image.objects.filter(pk=image.pk).exists():
                detail = str(ELSEWHERE[now](image.filename) if now in ELSEWHERE else problem)
                self._add(Finding(kind=Finding.Kind.MISSING, place=place, image=image, detail=detail))
        except (StorageUnavailable, OriginalChanged) as problem:
            self._archive.check_folder()  # raises if the whole archive is away
            detail = f"It cannot be read: {problem}"
            self._add(Finding(kind=Finding.Kind.CHANGED, place=place, image=image, detail=detail))
        else:
            self._run.byte_count += verified.size_bytes
            is_unchanged = verified.sha256 == image.sha256
            if not verified.is_unchanged:
                detail = _describe_change(verified)
                if verified.sha256 != image.sha256:
                    detail += f" {describe_foreign_file(self._archive, image)}".rstrip()
                self._add(Finding(kind=Finding.Kind.CHANGED, place=place, image=image, detail=detail))
        # A name that this program gives to no image has no place in the archive, so there is no file to compare.
        if place != image.filename:
            self._verify_row(image, place, is_unchanged)
            # A million originals in the page cache would push out what captures and pages need.
            self._archive.forget_cached(location_of(image.filename))

    def _verify_row(self, image: Image, place: str, is_original_unchanged: bool) -> None:
        try:
            with raising_storage_errors():
                differences = check_row(self._archive, image, is_original_unchanged)
        except StorageUnavailable:
            self._archive.check_folder()  # raises if the whole archive is away
            return  # only this original went away. It was removed with its row, or the next run will report it.
        if differences:
            if any(one.is_beside for one in differences):
                place = str(sidecar_of(self._archive, location_of(image.filename)))
            detail = storable(describe_differences(differences))
            self._add(Finding(kind=Finding.Kind.DIFFERS, place=place, image=image, detail=detail))

    def _verify_folders(self) -> Iterator[None]:
        """Walk through the folders. Findings count only when a folder is finished, so that a resumed run reports none
        twice. The root is part of the first day's step."""
        # The root has no progress of its own. If a day is done, the root was done before it.
        found = [] if self._run.last_day else list(find_in_root(self._archive, self._read, self._go_on))
        for day in self._archive.days():
            if day > self._run.last_day:
                found += find_in_day(self._archive, day, self._read, self._go_on)
                self._add_all(found)
                found = []
                self._run.file_count += sum(not is_litter(name) for name in self._archive.names_of(day))
                self._run.last_day = day
                yield
        self._add_all(found)

    def _add_all(self, findings: list[Finding]) -> None:
        for finding in findings:
            self._add(finding)

    def _add(self, finding: Finding) -> None:
        """Count the finding; store it if it is among the first KEPT_OF_A_KIND of its kind."""
        count = self._run.counts.get(finding.kind, 0) + 1
        self._run.counts[str(finding.kind)] = count
        if count <= KEPT_OF_A_KIND:
            finding.verification = self._run
            self._unsaved.append(finding)
            self._report(finding)


def _describe_change(verified: Verified) -> str:
    if verified.sha256 != verified.expected_sha256:
        return f"Its SHA-256 was {verified.expected_sha256} and is {verified.sha256}."
    return "Changed since capture, before it was listed from its file: its record has the sum of other pixels."


def _place_of(filename: str) -> str:
    try:
        return str(location_of(filename))
    except NotAnOriginal:
        return filename
