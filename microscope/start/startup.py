"""Prepares database and archive at each start, and tries again after a fault."""

import logging
import threading
from collections.abc import Callable

from django.conf import settings
from django.core.management import call_command
from django.core.management.sql import emit_post_migrate_signal
from django.db import DEFAULT_DB_ALIAS, close_old_connections, connections

from accounts.first_administrator import has_administrator, make_first_administrator
from accounts.personal_tokens.tokens import forget_ended_tokens
from accounts.throttling import forget_old_attempts
from camera.durable_files import sweep_temporaries
from images.backup.database.migrations import is_every_migration_applied
from images.edit.bin import sweep_bin
from images.edit.removal import finish_removals
from images.errors import DATABASE_AWAY, LibraryError
from images.index.adoption import adopt_unlisted
from images.index.idempotency import forget_old_keys
from images.instruments.beat import the_beat
from images.instruments.errors import InstrumentError
from images.library import the_library
from images.roles import RowsOfAnotherRole, is_library, require_rows_of_this_role
from images.run_days import the_run_days
from microscope.audit import forget_old_sign_in_events
from microscope.start.database.newer import describe_newer_database, keep_away_from_newer
from microscope.start.database.setting_up import setting_up
from microscope.start.faults import explain_database_fault
from microscope.start.memory import give_back_free_memory

logger = logging.getLogger(__name__)

RETRY_S = 5.0
TICK_S = 30.0


class Startup:
    """Prepares database and archive. If one of them is missing, it goes on trying in the background."""

    def __init__(
        self,
        say: Callable[[str], None],
        retry_s: float = RETRY_S,
        when_ready: Callable[[], None] = lambda: None,
        invite: Callable[[], None] | None = None,
    ) -> None:
        """`say` prints a line for the user who started the program. `when_ready` is called once, in the background,
        when every original has its row. `invite`: called if there is no administrator, in place of making one."""
        self._say = say
        self._when_ready = when_ready
        self._retry_s = retry_s
        self._invite = invite
        self._ended = threading.Event()

    def begin(self) -> None:
        """Prepare what a sign-in needs, and the rest in the background. Does not raise for a fault that may pass, but
        prints it. Raises RowsOfAnotherRole, or InstrumentError."""
        if fetched := the_library().archive.elsewhere:
            # Before anybody can ask for an original: what an earlier run fetched, and half of it.
            fetched.clear()
        is_database_ready = self._try_database()
        threading.Thread(target=self._finish, args=(is_database_ready,), name="startup", daemon=True).start()

    def end(self) -> None:
        self._ended.set()

    def _finish(self, is_database_ready: bool) -> None:
        while not is_database_ready and not self._ended.wait(self._retry_s):
            is_database_ready = self._try_late_database()
        # A library keeps no originals, and what is old is removed by the instruments.
        while not is_library() and not self._ended.is_set() and not self._try_archive():
            self._ended.wait(self._retry_s)
        if not self._ended.is_set():
            self._when_ready()
        is_sweep_due = not is_library()
        while not self._ended.is_set():
            if newer := keep_away_from_newer():
                logger.error("%s Until then, captures are listed later.", newer)
            is_sweep_due = self._tick() or is_sweep_due
            if is_sweep_due:
                is_sweep_due = not self._sweep()
            connections.close_all()
            give_back_free_memory()
            self._ended.wait(TICK_S)

    def _tick(self) -> bool:
        """Count the time that the program has run. Returns True if a run day is full. A library counts none: the
        instruments do."""
        try:
            if is_library():
                the_run_days().read_again()
                return False
            return the_run_days().tick()
        except DATABASE_AWAY as away:
            logger.warning("The time that the program runs could not be counted: %s", away)
            return False

    def _sweep(self) -> bool:
        """Remove what is old, at the start and once for each run day. Returns True if that worked.

        Images in the bin and idempotency keys are removed by the count of run days, so that a wrong clock destroys
        nothing. Short-lived things go by the clock, unless the clock is in doubt.
        """
        run_days = the_run_days()
        try:
            if run_days.doubt is None:
                forget_old_attempts()
                forget_ended_tokens()
            forget_old_keys()
            forget_old_sign_in_events(run_days.days)
            finish_removals()
            removed = sweep_bin()
        except (*DATABASE_AWAY, LibraryError, OSError) as fault:
            logger.warning("What is old could not be removed: %s", fault)
            return False
        if removed:
            logger.info("%d images left the bin and are removed for good", removed)
        return True

    def _try_late_database(self) -> bool:
        """The same as `begin`, while the program already serves: it cannot refuse to start any more, but says why
        nothing works."""
        try:
            return self._try_database()
        except (RowsOfAnotherRole, InstrumentError) as problem:
            self._say(f"{problem} {problem.todo}")
            return False

    def _try_database(self) -> bool:
        """Prepare the database. Raises RowsOfAnotherRole, or InstrumentError."""
        close_old_connections()
        # At the start every command is checked for this. But the database may have come later.
        if newer := describe_newer_database():
            self._say(newer)
            return False
        try:
            _make_tables()
            if self._ended.is_set():
                return False
            require_rows_of_this_role()
            if (beat := the_beat()) and not beat.take():
                return False
            with setting_up():
                password = self._make_administrator()
        except DATABASE_AWAY as away:
            cause = explain_database_fault(away)
            self._say(f"The database does not answer; trying again every {self._retry_s:g} s. ({cause})")
            return False
        if password is not None:
            self._announce_administrator(password)
        # Before the first capture, it must be known if the clock can be trusted.
        self._tick()
        return True

    def _make_administrator(self) -> str | None:
        """Return the password to show, if there is one."""
        if self._invite is None:
            return make_first_administrator(settings.ADMIN_USERNAME, settings.ADMIN_PASSWORD)
        if not has_administrator():
            self._invite()
        return None

    def _announce_administrator(self, password: str) -> None:
        shown = "the password from ADMIN_PASSWORD" if settings.ADMIN_PASSWORD else f"password {password}"
        self._say(f"The first administrator was made: user {settings.ADMIN_USERNAME}, {shown}")
        if not settings.ADMIN_PASSWORD:
            self._say("This password is shown once. Change it after signing in.")

    def _try_archive(self) -> bool:
        library = the_library()
        archive = library.archive
        close_old_connections()
        try:
            archive.check_folder()
            for folder in (settings.DATA_PATH, archive.root):
                sweep_temporaries(folder)
            archive.remove_orphaned_temporaries()
            library.thumbnails.remove_orphaned_temporaries()
            finish_removals()
            adopted = adopt_unlisted(archive)
        except (*DATABASE_AWAY, LibraryError, OSError) as fault:
            logger.warning("The archive could not be looked through yet: %s", fault)
            return False
        if adopted:
            logger.info("%d images that had no row yet were listed", adopted)
        return True


def _make_tables() -> None:
    """Make the tables that are missing, and the permissions, which a start that was killed may not have made."""
    if is_every_migration_applied():
        with setting_up():
            emit_post_migrate_signal(verbosity=0, interactive=False, db=DEFAULT_DB_ALIAS)
    else:
        call_command("migrate", interactive=False, verbosity=0)
