"""Copies originals, sidecars and job files into a backup, day by day.

If the earlier backup holds a file already, the new backup gets a hard link to it, if the disk supports links: this
takes no space, and the file is not read. Every other file is copied and proved. The work can be repeated on the same
backup: then only changes since the last time are copied.
"""

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from camera.durable_files import sync_folder
from images.archive.archive import Archive
from images.archive.folder import raising_storage_errors
from images.archive.litter import is_litter
from images.archive.names import TEMPORARY_SUFFIX, Location
from images.archive.sidecar import is_sidecar, original_name_of
from images.backup.contents.entries import DayList, Entry
from images.backup.contents.manifest import IMAGES, LISTS, KeptDay
from images.backup.copying import COPYING_SUFFIX, Copier, telling_backup_faults
from images.backup.earlier import EarlierBackup, has_size, read_if_whole
from images.backup.rows_by_day import sort_by_day
from images.models import Image

COPIED_AT_ONCE = 4
# Small, so that work stops soon after the first copy that cannot be made.
WAITING = 32
KEPT_OF_A_KIND = 1000
ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Found:
    """A file in the library's folder of a day."""

    name: str
    size_bytes: int
    modified_ns: int


@dataclass(slots=True)
class Brought:
    """The progress. `missing` and `changed`: the names of originals that are missing in the library, or changed since
    they were kept; `in_store`: of those that are only in the object store, and in no earlier backup; only the first
    ones of each. `unreadable`: paths of files in the library that cannot be read."""

    file_count: int = 0
    copied_count: int = 0
    copied_bytes: int = 0
    missing_count: int = 0
    changed_count: int = 0
    in_store_count: int = 0
    missing: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    in_store: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)

    def forget_findings(self) -> None:
        self.missing_count = self.changed_count = self.in_store_count = 0
        self.missing, self.changed, self.in_store = [], [], []


class OriginalsBackup:
    """The originals of one backup, with the earlier backup beside it."""

    def __init__(
        self,
        archive: Archive,
        backup: Path,
        earlier: EarlierBackup,
        copier: Copier,
        go_on: Callable[[], None],
        copied_at_once: int = COPIED_AT_ONCE,
    ) -> None:
        """`go_on` is called between short steps. It raises an exception to stop the work. `copied_at_once`: 1 copies in
        the caller's thread, so nothing is written between two steps."""
        self._archive = archive
        self._backup = backup
        self._earlier = earlier
        self._copier = copier
        self._go_on = go_on
        self._copied_at_once = copied_at_once
        self.brought = Brought()

    def bring(self) -> Iterator[None]:
        """Copy all days, a few files in each step. Raises StorageMissing if the library is away, a BackupError, and
        what `go_on` raises. What was copied stays, and the next run continues from there."""
        self._archive.check_folder()
        with telling_backup_faults(self._backup):
            for name in (IMAGES, LISTS):
                (self._backup / name).mkdir(exist_ok=True)
            sync_folder(self._backup)
        self.brought.file_count = 0
        self.brought.unreadable = []
        for day in self._archive.days():
            yield from self._bring_day(self._archive.root / day)

    def settle(self, rows: Iterator[tuple[str, int, str]]) -> None:
        """Compare with the rows of the copied database: name, size and sum of every image, sorted by name. Files that
        no row names and that are gone from the library are removed from the backup. A damaged original is replaced with
        that of the earlier backup, if that one is right. Raises a BackupError and what `go_on` raises."""
        self.brought.forget_findings()
        for day, sums in sort_by_day(rows, self._days()):
            self._go_on()
            if day:
                self._settle_day(day, sums)
            else:
                self._note("missing", sums)

    def kept_days(self) -> Iterator[KeptDay]:
        """Yield each day for the manifest. Raises a BackupError."""
        with telling_backup_faults(self._backup):
            for day in self._days():
                listed = DayList(self._backup / LISTS, day)
                entries = listed.read().values()
                size_bytes = sum(entry.size_bytes for entry in entries)
                yield KeptDay(day, len(entries), size_bytes, listed.measure())

    def _days(self) -> list[str]:
        with telling_backup_faults(self._backup):
            return sorted(path.name for path in (self._backup / IMAGES).iterdir() if path.is_dir())

    def _bring_day(self, source: Path) -> Iterator[None]:
        target, listed = self._backup / IMAGES / source.name, DayList(self._backup / LISTS, source.name)
        was_complete = listed.is_complete
        with telling_backup_faults(self._backup):
            target.mkdir(exist_ok=True)
            known = read_if_whole(listed)
        entries = dict(known)
        waiting = []
        for found in self._scan(source):
            self._go_on()
            entry = self._take_over(found, target, known.get(found.name))
            if entry is None:
                waiting.append(found)
            else:
                entries[found.name] = entry
                self.brought.file_count += 1
        yield
        yield from self._copy_all(source, target, waiting, listed, entries)
        if not was_complete or entries != known:
            self._complete(target, listed, entries)

    def _scan(self, source: Path) -> list[Found]:
        """Return the files of a day, except files that are still being written, and litter."""
        found = []
        with raising_storage_errors(), os.scandir(source) as files:
            for one in files:
                if is_litter(one.name) or (one.name.startswith(".") and one.name.endswith(TEMPORARY_SUFFIX)):
                    continue
                with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                    fields = one.stat(follow_symlinks=False)
                    if stat.S_ISREG(fields.st_mode):
                        found.append(Found(one.name, fields.st_size, fields.st_mtime_ns))
        return sorted(found, key=lambda one: one.name)

    def _take_over(self, found: Found, target: Path, own: Entry | None) -> Entry | None:
        """Return the entry of a file that is in the backup already, or is linked from the earlier one. Returns None if
        it must be copied."""
        # Size and time are compared, not the content: reading every original each day would take hours. `manage.py
        # verify` reads them.
        if own and own.describes(found.size_bytes, found.modified_ns) and has_size(str(target), own):
            return own
        earlier = self._earlier.read_day(target.name).get(found.name)
        if earlier and earlier.describes(found.size_bytes, found.modified_ns) and self._earlier.link(earlier, target):
            return earlier
        return None

    def _copy_all(
        self, source: Path, target: Path, waiting: list[Found], listed: DayList, entries: dict[str, Entry]
    ) -> Iterator[None]:
        if not waiting:
            return
        with telling_backup_faults(self._backup):
            _remove_begun(target)
        with _several_at_once(self._copied_at_once) as copy_each, _backup_journal(listed, self._backup) as add:
            for first in range(0, len(waiting), WAITING):
                some = waiting[first : first + WAITING]
                for entry in copy_each(lambda found: self._copy(source / found.name, target / found.name), some):
                    if entry:
                        entries[entry.name] = entry
                        add(entry)
                        self.brought.file_count += 1
                        self.brought.copied_count += 1
                        self.brought.copied_bytes += entry.size_bytes
                    yield
                    self._go_on()

    def _copy(self, source: Path, target: Path) -> Entry | None:
        """Copy a file. Returns None if it was removed meanwhile, or cannot be read."""
        try:
            return self._copier.copy(source, target)
        except FileNotFoundError:
            # Raises if the whole archive is away.
            self._archive.check_folder()
        except OSError:
            self._archive.check_folder()
            self.brought.unreadable.append(f"{source.parent.name}/{source.name}")
        return None

    def _complete(self, target: Path, listed: DayList, entries: dict[str, Entry]) -> None:
        with telling_backup_faults(self._backup):
            # Names first, then the list: a list on disk promises that all its files are there.
            sync_folder(target)
            sync_folder(target.parent)
            listed.write(entries.values())

    def _settle_day(self, day: str, sums: dict[str, str]) -> None:
        target, listed = self._backup / IMAGES / day, DayList(self._backup / LISTS, day)
        with telling_backup_faults(self._backup):
            known = listed.read()
            entries = {name: entry for name, entry in known.items() if self._is_wanted(day, name, sums)}
            for name in known.keys() - entries.keys():
                (target / name).unlink(missing_ok=True)
        unreadable = set(self.brought.unreadable)
        absent = [name for name in sums if name not in entries and f"{day}/{name}" not in unreadable]
        left = find_in_store(absent)
        self._note("missing", [name for name in absent if name not in left])
        self._note("in_store", [name for name in left if not self._keep_earlier(day, name, sums[name], entries)])
        changed = [name for name, sha256 in sums.items() if name in entries and entries[name].sha256 != sha256]
        self._note("changed", changed)
        for name in changed:
            self._keep_earlier(day, name, sums[name], entries)
        # Unchanged days are not written again, so a daily backup touches few files.
        if entries != known or (target.is_dir() and not listed.is_complete):
            self._complete(target, listed, entries)

    def _keep_earlier(self, day: str, name: str, sha256: str, entries: dict[str, Entry]) -> bool:
        """Take an original over from the earlier backup, if that one has it whole. Returns False if not."""
        earlier = self._earlier.read_day(day).get(name)
        if earlier is None or earlier.sha256 != sha256:
            return False
        self._earlier.put_back(earlier, self._backup / IMAGES / day, self._copier)
        entries[name] = earlier
        return True

    def _is_wanted(self, day: str, name: str, sums: dict[str, str]) -> bool:
        # A sidecar is kept as long as its original.
        original = original_name_of(name) if is_sidecar(name) else name
        return original in sums or self._archive.has(Location(day, name))

    def _note(self, kind: str, names: "list[str] | dict[str, str]") -> None:
        counted = f"{kind}_count"
        setattr(self.brought, counted, getattr(self.brought, counted) + len(names))
        noted: list[str] = getattr(self.brought, kind)
        noted += list(names)[: KEPT_OF_A_KIND - len(noted)]


def find_in_store(filenames: list[str]) -> list[str]:
    """Return which of these originals are rightly not on this disk, in the same order. Raises Django's
    DatabaseError."""
    left = set()
    for first in range(0, len(filenames), ASKED_AT_ONCE):
        some = Image.objects.of_this_pc().filter(filename__in=filenames[first : first + ASKED_AT_ONCE])
        left |= set(some.filter(place=Image.Place.STORE).values_list("filename", flat=True))
    return [name for name in filenames if name in left]


def count_files(archive: Archive) -> int:
    """Return roughly the number of files to copy. Raises StorageUnavailable."""
    with raising_storage_errors():
        return sum(len(archive.names_of(day)) for day in archive.days())


@contextlib.contextmanager
def _several_at_once(count: int) -> Iterator[Callable[..., Iterator[Entry | None]]]:
    """Yield a `map` that runs in so many threads."""
    if count == 1:
        yield map
    else:
        with ThreadPoolExecutor(count) as pool:
            yield pool.map


@contextlib.contextmanager
def _backup_journal(listed: DayList, backup: Path) -> Iterator[Callable[[Entry], None]]:
    with telling_backup_faults(backup), listed.journal() as journal:
        yield journal.add


def _remove_begun(target: Path) -> None:
    """Remove the unfinished copies of a killed run."""
    for path in target.glob(f".*{COPYING_SUFFIX}"):
        path.unlink(missing_ok=True)
