"""What the commands share that move this PC into the shared library, or out of it."""

import sys
import threading
from collections.abc import Callable

from django.conf import settings
from django.core.management.base import CommandError, OutputWrapper
from django.db import connection, connections

from camera.stop_signals import stop_requested
from images.archive.paced_reader import StopRequested
from images.errors import DATABASE_AWAY, LibraryError
from images.moving.errors import explain
from images.moving.working_as import program_stopped, working_as
from images.spool.identity import read_or_make_instrument_id
from images.store.watch import the_store_watch

NOT_ALL, INTERRUPTED = 16, 128
# If this file exists, the SQLite file has moved in: from then on the rows of the shared library are newer.
DONE = "joined"


def require_shared_settings() -> None:
    """Raises CommandError unless the settings are those of an instrument among several."""
    if settings.MICROSCOPE_ROLE != "instrument":
        raise CommandError("Set MICROSCOPE_ROLE=instrument and INSTRUMENT_NAME on this PC, then try again.")
    if connection.vendor != "postgresql":
        raise CommandError("Set DATABASE_URL to the PostgreSQL database of the shared library, then try again.")
    if the_store_watch() is None:
        raise CommandError("Set S3_BUCKET and the other S3 settings of the shared library, then try again.")


def run_as_instrument(
    output: OutputWrapper, work: Callable[[Callable[[], None], threading.Event], int], after_interrupt: str
) -> None:
    """Let `work` do its work as the instrument of this PC, and exit with the code that it returns. The program of this
    PC must not run. `work` gets the function to call between steps (see `working_as`), and an event that is set once it
    is to stop. `after_interrupt`: a sentence for the user. Raises CommandError."""
    try:
        with program_stopped(settings.DATA_PATH), stop_requested() as stop:
            instrument_id = read_or_make_instrument_id(settings.DATA_PATH)
            with working_as(instrument_id, settings.INSTRUMENT_NAME, stop) as go_on:
                code = work(go_on, stop)
    except StopRequested:
        output.write(f"Interrupted. {after_interrupt}")
        code = INTERRUPTED
    except (LibraryError, OSError, *DATABASE_AWAY) as problem:
        raise CommandError(explain(problem)) from problem
    finally:
        connections.close_all()
    if code:
        sys.exit(code)
