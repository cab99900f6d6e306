"""Makes the database of a PC that leaves the shared library: from its files, and with the people of that library."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from django.db import DEFAULT_DB_ALIAS

from camera.durable_files import publish_file
from images.archive.paced_reader import StopRequested
from images.backup.other_process import run_command
from images.models import Image
from images.moving.errors import MovingError, NotEmpty, StillWaiting
from images.moving.other_database import opened
from images.moving.removals import bring_removals
from images.own_instrument import own_instrument_id
from images.spool.rows import changes_to_send, count_waiting

DRAFT = "leaving.sqlite3"
SHOWN = 20
# The exit code of manage.py rebuild if some files are damaged or foreign.
REPORTED = 16


@dataclass(frozen=True, slots=True)
class StaysBehind:
    """What is not in both places when a PC leaves. `waiting`: originals that the store lacks. `changes`: changes that
    it lacks. `only_there`: originals of this PC that are only in the store; `names`: the file names of some of them."""

    waiting: int
    changes: int
    only_there: int
    names: list[str]


def look_what_stays() -> StaysBehind:
    """Count what is not in both places. Raises Django's DatabaseError."""
    gone = Image.objects.of_this_pc().filter(place=Image.Place.STORE).oldest_first()
    names = list(gone.values_list("filename", flat=True)[:SHOWN])
    return StaysBehind(count_waiting().count, changes_to_send().count(), gone.count(), names)


def require_may_leave(target: Path, stays: StaysBehind, anyway: bool) -> None:
    """Raises NotEmpty if there is a database at `target`; StillWaiting if the store lacks something, unless
    `anyway`."""
    # Also its journals: SQLite would apply the journal of an older file to the new one, and damage it.
    if there := [path.name for path in _with_files_beside(target) if path.exists()]:
        raise NotEmpty(
            f"{', '.join(there)} exists in {target.parent}, and may be the library from before this PC joined. Move it "
            "somewhere else, then try again."
        )
    if (stays.waiting or stays.changes) and not anyway:
        raise StillWaiting(
            f"{stays.waiting} originals and {stays.changes} changes of this PC are not in the shared store yet. Start "
            "the program, and wait until it has sent them. With --anyway they stay on this PC alone."
        )


def make_lone_library(
    manage: Path,
    target: Path,
    bring_people: Callable[[str], None],
    stop: threading.Event,
    report: Callable[[str], object],
) -> bool:
    """Make the SQLite file `target`, whole or not at all. `bring_people` brings people into the database of that name.
    Returns False if some files could not be listed; then `report` was called with a sentence for each. Blocks while two
    commands run. Raises StopRequested, MovingError, OSError, and Django's DatabaseError."""
    draft = target.with_name(DRAFT)
    _remove(draft)
    try:
        # In processes of their own: this one has the settings of the shared library, and cannot change them.
        _run(manage, draft, ["migrate", "-v0"], stop, report)
        with opened(draft) as alone:
            bring_people(alone)
            bring_removals(DEFAULT_DB_ALIAS, alone, own_instrument_id(), None)
        is_all_listed = not _run(manage, draft, ["rebuild"], stop, report, REPORTED)
        _fold_in(draft)
        publish_file(draft, target)
    finally:
        _remove(draft)
    return is_all_listed


def _run(
    manage: Path,
    draft: Path,
    arguments: list[str],
    stop: threading.Event,
    report: Callable[[str], object],
    allowed: int = 0,
) -> int:
    alone = {"MICROSCOPE_ROLE": "", "DATABASE_URL": f"sqlite:///{quote(str(draft))}"}
    code = run_command(manage, arguments, alone, stop, report)
    if stop.is_set():
        raise StopRequested
    if code not in (0, allowed):
        raise MovingError(f"manage.py {arguments[0]} failed with the exit code {code}.")
    return code


def _fold_in(draft: Path) -> None:
    """Move into the file what SQLite still keeps in a journal beside it, because only the file is renamed. Raises
    MovingError if the database is damaged."""
    with closing(sqlite3.connect(draft)) as connection:
        (mode,) = connection.execute("PRAGMA journal_mode = DELETE").fetchone()
        (state,) = connection.execute("PRAGMA quick_check").fetchone()
    if (mode, state) != ("delete", "ok"):
        raise MovingError(f"The new database is not whole: {state}. Run this again.")


def _remove(draft: Path) -> None:
    for path in _with_files_beside(draft):
        path.unlink(missing_ok=True)


def _with_files_beside(database: Path) -> list[Path]:
    return [Path(f"{database}{ending}") for ending in ("", "-wal", "-shm", "-journal")]
