"""Records: the database, the last verification, the backup and its drill."""

from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.utils import timezone

from images.backup.state import FAILED, FINDINGS, BackupState, Outcome, describe_trouble, read_state
from images.errors import DATABASE_AWAY
from images.models import Verification
from images.pages.display_fields import format_bytes
from images.record.image import parse_time
from images.verification.run import is_silent
from microscope.health import time_database
from microscope.offline.copy import the_copy
from microscope.status.line import BAD, FINE, WARN, Line, not_measured
from microscope.status.running import Running

SLOW_ANSWER_MS = 100.0
VERIFY_EVERY = timedelta(days=90)
DRILL_EVERY = timedelta(days=90)
BACK_UP_EVERY = timedelta(days=8)
VERIFY = "Run manage.py verify --rate 20 on this PC. It changes nothing."
DRILL = "Run manage.py drill on this PC. It tries the last backup out and changes nothing."


def read_database(running: Running) -> list[Line]:
    try:
        return [_try_database()]
    except DATABASE_AWAY:
        return [_describe_away(running)]


def _describe_away(running: Running) -> Line:
    todo = "Start the database, or correct DATABASE_URL. Pictures are kept all the same, and listed afterwards."
    since, until = _find_outage(running)
    shown = "It does not answer"
    if until:
        shown += f". Who was signed in can go on at the camera until {timezone.localtime(until):%H:%M}"
    return Line("Database", BAD, "Away", shown, since, todo)


def _find_outage(running: Running) -> tuple[datetime | None, datetime | None]:
    """Return since when the server has no database, and until when people may go on without it."""
    if running.is_here:
        return the_copy().away_since, the_copy().until
    told = running.health.get("offline") or {}
    since, until = (parse_time(told[name]) if told.get(name) else None for name in ("since", "until"))
    return since, until


def _try_database() -> Line:
    answer_ms = time_database() * 1000
    with connection.cursor() as cursor:
        cursor.execute("SELECT version()" if connection.vendor == "postgresql" else "SELECT sqlite_version()")
        version = str(cursor.fetchone()[0]).removeprefix("PostgreSQL ").split(" ")[0]
    shown = f"{connection.display_name} {version}, {answer_ms:.1f} ms"
    if answer_ms > SLOW_ANSWER_MS:
        return Line("Database", WARN, "Slow", shown, todo="Close what else uses this PC or its disk, then look again.")
    return Line("Database", FINE, "Answers", shown)


def read_verification() -> list[Line]:
    """Describe the last verification. Raises Django's DatabaseError and InterfaceError."""
    return [describe_verification(Verification.objects.of_this_pc().first())]


def describe_verification(latest: Verification | None) -> Line:
    name = "Verification"
    if latest is None:
        return Line(name, WARN, "Never", "No original has been read again since its capture", todo=VERIFY)
    shown = f"{latest.image_count:,} originals read again, {_count(latest.finding_count, 'finding')}"
    if latest.finding_count:
        todo = "Look at the page Verification, and put the originals back from the backup."
        return Line(name, BAD, "Findings", shown, latest.seen_at, todo)
    if latest.state == Verification.State.RUNNING and not is_silent(latest):
        return Line(name, FINE, "Running", shown, latest.started_at)
    if not latest.is_finished:
        return Line(name, WARN, "Interrupted", shown, latest.seen_at, "Run manage.py verify again: it goes on.")
    ended = latest.finished_at or latest.seen_at
    if timezone.now() - ended > VERIFY_EVERY:
        return Line(name, WARN, "Due", shown, ended, VERIFY)
    return Line(name, FINE, "Unchanged", shown, ended)


def read_safety() -> list[Line]:
    state, now = read_state(settings.DATA_PATH), timezone.now()
    return [describe_backup(state, settings.BACKUP_TO, now), describe_drill(state, now)]


def describe_backup(state: BackupState, folder: Path | None, now: datetime) -> Line:
    name, finished = "Backup", state.last_finished_backup
    shown = (
        f"{finished.file_count:,} files, {format_bytes(finished.byte_count)}" if finished else "None is finished yet"
    )
    since, names = finished and finished.ended, str(folder or (finished.place if finished else ""))
    trouble = describe_trouble(state, folder is not None, now)
    if trouble:
        code, sentence = trouble
        level = BAD if code in (FAILED, FINDINGS) else WARN
        todo = "Mount its drive and see that it has room, then run manage.py backup."
        return Line(name, level, code.capitalize(), shown, since, todo, f"{sentence} {names}".strip())
    if folder is None and (finished is None or abs(now - finished.ended) > BACK_UP_EVERY):
        todo = "Set BACKUP_TO to a folder on another disk: then the program makes a backup each day."
        return Line(name, WARN, "Due" if finished else "None", shown, since, todo, names)
    if finished is None:
        return Line(name, WARN, "Due", shown, None, "Wait for BACKUP_HOUR, or run manage.py backup now.", names)
    return Line(name, FINE, "Done", shown, since, names=names)


def describe_drill(state: BackupState, now: datetime) -> Line:
    name, last, good = "Restore drill", state.last_drill, state.last_good_drill
    if state.last_finished_backup is None:
        return not_measured(name, "There is no backup to try out")
    if last is not None and last.result in (FAILED, FINDINGS):
        todo = "Make a new backup, then run manage.py drill again."
        return Line(
            name, BAD, last.result.capitalize(), "The backup does not bring all back", last.ended, todo, last.message
        )
    if good is None:
        return Line(name, WARN, "Never", "Nobody has tried whether the backup brings all back", todo=DRILL)
    shown = f"{good.file_count:,} files came back{_describe_time(good)}"
    if abs(now - good.ended) > DRILL_EVERY:
        return Line(name, WARN, "Due", shown, good.ended, DRILL)
    return Line(name, FINE, "Whole", shown, good.ended)


def _describe_time(outcome: Outcome) -> str:
    seconds = (outcome.ended - datetime.fromisoformat(outcome.started_at)).total_seconds()
    return f", in {seconds / 60:.0f} min" if seconds >= 90 else f", in {seconds:.0f} s"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
