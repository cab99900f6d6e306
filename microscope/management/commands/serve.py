"""Run the program: set up what a first start needs, then serve."""

import threading
from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from camera.registry import the_camera, the_live_view
from camera.stop_signals import stop_requested
from images.backup.schedule import BackupSchedule
from images.control.waiting import the_waiting_room
from images.instruments.beat import the_beat
from images.instruments.errors import InstrumentError
from images.jobs.supervisor import the_supervisor
from images.library import the_library
from images.notices.deliverer import the_deliverer
from images.roles import RowsOfAnotherRole, is_library
from images.spool.spool import the_spool
from images.store.watch import the_store_watch
from microscope.events.bell import the_bell
from microscope.events.deliverer import the_webhook_deliverer
from microscope.http.server import Server, make_server, register_server, serve_until
from microscope.setup.invitation import Invitation, may_invite, open_if_there_is_a_desktop, open_nothing
from microscope.start.database.address import SQLITE
from microscope.start.faults import explain_address_fault
from microscope.start.log_file import LogFile
from microscope.start.memory import collect_only_what_comes, keep_few_heaps
from microscope.start.parts import PATIENCE_S, Part, running
from microscope.start.startup import Startup
from microscope.wsgi import application

LOOK_EVERY_S = 0.05
# Longer than the camera itself waits for its driver, so that the driver can end first.
CAMERA_PATIENCE_S = 10.0
# Time to print a last line, for example the first administrator's password.
LAST_STEP_S = 0.5


class Command(BaseCommand):
    help = "Run the program: prepare what a first start needs, then serve until Ctrl-C or SIGTERM."

    def add_arguments(self, parser: ArgumentParser) -> None:
        # manage.py itself reads it, before the settings: see microscope/start/console.py.
        parser.add_argument("--log", metavar="FILE", help="write what is printed to this file")
        parser.add_argument(
            "--browser",
            action=BooleanOptionalAction,
            help="set the program up in the browser, and open it, or only print the address; without either, this is "
            "done where a terminal shows what is printed",
        )

    def handle(self, *args: Any, browser: bool | None = None, **options: Any) -> None:
        keep_few_heaps()
        # The checks before this have loaded all addresses, with their pages.
        collect_only_what_comes()
        patience_s = settings.SERVICE_TIMEOUT_MS / 1000
        server = make_server(settings.HOST, settings.PORT, application, settings.SERVER_THREADS, patience_s)
        register_server(server)
        # A job knows where to go on once each of its pictures has its row.
        invitation = self._make_invitation(browser)
        startup = Startup(self._say, when_ready=start_jobs, invite=invitation and invitation.invite)
        with stop_requested() as stop, running(list_parts(server, startup, stop)) as close_all:
            if not stop.is_set():
                self._open_camera()
                self._say_where()
                if invitation:
                    invitation.go_on(open_anyway=bool(browser))
            serve_until(stop, server, close_all)
        self._say("Ended." if the_camera().is_absent else "Ended; the camera is free.")

    def _open_camera(self) -> None:
        camera = the_camera()
        camera.purpose = "the server"
        if not camera.is_absent:
            camera.open_soon()

    def _say_where(self) -> None:
        self._say(f"Microscope is at {address_on_this_pc()}/ (end with Ctrl-C)")
        if place := database_elsewhere():
            self._say(f"The database is {place}, outside the data folder {settings.DATA_PATH}: back it up, too.")

    def _make_invitation(self, wants_browser: bool | None) -> Invitation | None:
        """Return None if nobody watches this start: then the password is printed, as scripts and services need it."""
        if not may_invite(wants_browser, self.stdout.isatty()):
            return None
        open_browser = open_nothing if wants_browser is False else open_if_there_is_a_desktop
        return Invitation(address_on_this_pc(), self._say, open_browser)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def address_on_this_pc() -> str:
    """Return the address of the program for a browser on this PC, without a slash at its end."""
    host = "localhost" if settings.HOST in ("127.0.0.1", "0.0.0.0", "::", "::1") else settings.HOST
    shown_host = f"[{host}]" if ":" in host else host
    return f"http://{shown_host}:{settings.PORT}{settings.ROOT_PATH}"


def list_parts(server: Server, startup: Startup, stop: threading.Event) -> list[Part]:
    """Return the parts that live as long as the program, in the order of their start.

    They close in reverse order: first what waits for events and the live streams, because watchers never leave by
    themselves, then the requests in progress, and then what those requests may still need.
    """
    if is_library():
        return list_parts_of_a_library(server, startup, stop)
    library, camera, schedule = the_library(), the_camera(), make_schedule()
    watch, spool, beat = the_store_watch(), the_spool(), the_beat()
    log = LogFile(settings.DATA_PATH)
    return [
        Part("log", log.end, log.begin),
        *([Part("instrument", beat.end, beat.begin)] if beat else []),
        Part("backfiller", library.backfiller.close),
        Part("thumbnails", library.thumbnails.close),
        Part("camera", camera.close, deadline_s=CAMERA_PATIENCE_S),
        Part("notices", the_deliverer().end),
        Part("webhooks", the_webhook_deliverer().end),
        Part("jobs", the_supervisor().close),
        Part("web server", server.stop, lambda: listen(server), server.shutdown_timeout + PATIENCE_S),
        Part("live view", the_live_view().close),
        Part("waiting for events", the_bell().close),
        Part("waiting for control", the_waiting_room().close),
        Part("startup", startup.end, lambda: begin(startup, stop)),
        Part("daily backup", schedule.end, schedule.begin),
        *([Part("store", watch.end, watch.begin)] if watch else []),
        *([Part("spool", spool.end, spool.begin)] if spool else []),
    ]


def list_parts_of_a_library(server: Server, startup: Startup, stop: threading.Event) -> list[Part]:
    """Return the parts of a program without a camera, in the order of their start. It keeps no originals, runs no jobs
    and tells nobody of them: the instruments do."""
    watch, log = the_store_watch(), LogFile(settings.DATA_PATH)
    return [
        Part("log", log.end, log.begin),
        Part("thumbnails", the_library().thumbnails.close),
        Part("webhooks", the_webhook_deliverer().end),
        Part("web server", server.stop, lambda: listen(server), server.shutdown_timeout + PATIENCE_S),
        Part("waiting for events", the_bell().close),
        Part("startup", startup.end, lambda: begin(startup, stop)),
        *([Part("store", watch.end, watch.begin)] if watch else []),
    ]


def start_jobs() -> None:
    """Carry out jobs, and tell people and programs what happens. A library only tells programs."""
    the_webhook_deliverer().start()
    if is_library():
        return
    the_supervisor().start()
    the_deliverer().start()


def begin(startup: Startup, stop: threading.Event) -> None:
    """Raises CommandError if the rows of the database belong to another role, or another process is this instrument."""
    try:
        run_unless(stop, startup.begin, startup.end)
    except (RowsOfAnotherRole, InstrumentError) as problem:
        raise CommandError(f"{problem} {problem.todo}") from problem


def listen(server: Server) -> None:
    """Open the server's socket. Raises CommandError if the address cannot be used."""
    try:
        server.prepare()
    except (OSError, UnicodeError) as problem:
        raise CommandError(explain_address_fault(settings.HOST, settings.PORT, problem)) from problem


def make_schedule() -> BackupSchedule:
    """Return the schedule of backups. Without BACKUP_TO it never makes one."""
    manage = settings.BASE_DIR / "manage.py"
    return BackupSchedule(settings.BACKUP_TO, settings.BACKUP_HOUR, settings.DATA_PATH, manage)


def database_elsewhere() -> str:
    """Return the path of SQLite's file if it is outside the data folder, otherwise an empty text."""
    database = settings.DATABASES["default"]
    is_elsewhere = database["ENGINE"] == SQLITE and settings.DATA_PATH not in Path(database["NAME"]).parents
    return database["NAME"] if is_elsewhere else ""


def run_unless(stop: threading.Event, function: Callable[[], None], give_up: Callable[[], None]) -> None:
    """Run a function that uses the database, in another thread, until it ends or `stop` is set.

    If `stop` is set first, calls `give_up` and leaves the thread. The main thread itself must never wait for the
    database: Python runs signal handlers there, and Ctrl-C would have no effect. Raises what the function raises.
    """
    problems: list[Exception] = []

    def run() -> None:
        try:
            function()
        except Exception as problem:  # noqa: BLE001 (the thread's boundary: it is raised in the other thread)
            problems.append(problem)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, name="first steps", daemon=True)
    thread.start()
    while thread.is_alive() and not stop.wait(LOOK_EVERY_S):
        pass
    if stop.is_set():
        give_up()
        thread.join(LAST_STEP_S)
    elif problems:
        raise problems[0]
