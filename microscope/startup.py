"""What the program needs before it can work, made at each start and again when a fault that hindered it is gone."""

import logging
import threading
from collections.abc import Callable

from django.conf import settings
from django.core.management import call_command
from django.db import close_old_connections, connections

from accounts.first_administrator import make_first_administrator
from accounts.throttling import forget_old_attempts
from images.apps import the_library
from images.bin import sweep_bin
from images.errors import DATABASE_AWAY, LibraryError
from images.idempotency import forget_old_keys
from images.listing import adopt_unlisted
from images.removal import finish_removals
from microscope.audit import forget_old_comings_and_goings

logger = logging.getLogger(__name__)

RETRY_S = 5.0
DAY_S = 24 * 3600.0


class Startup:
    """Prepares database and archive; where either is away it goes on trying in the background."""

    def __init__(self, say: Callable[[str], None], retry_s: float = RETRY_S) -> None:
        """`say` prints a line for the person who started the program."""
        self._say = say
        self._retry_s = retry_s
        self._ended = threading.Event()

    def begin(self) -> None:
        """Prepare now what is needed to sign in, and the rest behind the scenes. Raises nothing for faults that may
        pass: it says them."""
        is_database_ready = self._try_database()
        threading.Thread(target=self._finish, args=(is_database_ready,), name="startup", daemon=True).start()

    def end(self) -> None:
        self._ended.set()

    def _finish(self, is_database_ready: bool) -> None:
        while not is_database_ready and not self._ended.wait(self._retry_s):
            is_database_ready = self._try_database()
        while not self._ended.is_set() and not self._try_archive():
            self._ended.wait(self._retry_s)
        while not self._ended.is_set():
            self._sweep()
            connections.close_all()
            self._ended.wait(DAY_S)

    def _sweep(self) -> None:
        """Once a day; a fault is no harm, the next day comes."""
        try:
            forget_old_attempts()
            forget_old_keys()
            forget_old_comings_and_goings()
            removed = sweep_bin()
        except (*DATABASE_AWAY, LibraryError, OSError) as fault:
            logger.warning("What has had its time could not be removed: %s", fault)
            return
        if removed:
            logger.info("%d images left the bin, where they had been for 30 days", removed)

    def _try_database(self) -> bool:
        close_old_connections()
        try:
            call_command("migrate", interactive=False, verbosity=0)
            password = make_first_administrator(settings.ADMIN_USERNAME, settings.ADMIN_PASSWORD)
        except DATABASE_AWAY as away:
            self._say(f"The database does not answer; trying again every {self._retry_s:g} s. ({str(away).strip()})")
            return False
        if password is not None:
            self._tell_administrator(password)
        return True

    def _tell_administrator(self, password: str) -> None:
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
