"""Run a plan from the command line, without the server and without a token."""

import sys
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError

from camera.absent.uses_camera import require_camera
from camera.errors import CameraError
from camera.registry import the_camera
from camera.stop_signals import END, INTERRUPT, stop_requested
from images.errors import LibraryError
from images.index.adoption import adopt_unlisted
from images.jobs.control import find_job, stop_job
from images.jobs.plan.errors import PlanRefused
from images.jobs.queue.make import make_job
from images.jobs.supervisor import Supervisor, the_supervisor
from images.jobs.verdict import describe_verdict
from images.library import the_library
from images.management.progress import Progress
from images.models import Job
from images.notices.deliverer import the_deliverer

LOOK_EVERY_S = 0.2
NOT_FINISHED = 2
# How long the end of the job may take to be delivered. What is left goes out after the next start of the server.
TELLING_S = 10.0


class Command(BaseCommand):
    help = (
        "Run a plan, JSON with the fields of useq-schema. Ctrl-C stops the job after the current image. If the "
        "process is killed, the job continues at the next start of the server. If the server is running, use its API. "
        "Exit code: 0 finished, 1 it could not run, 2 it ended early."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        run = verbs.add_parser("run", help="run a plan from the first image to the last")
        run.add_argument("plan", help="a file, or - for standard input")
        run.add_argument("--user", required=True, help="user name of the owner of the job")
        run.add_argument("--queue", action="store_true", help="wait if somebody else controls the camera")
        run.add_argument("--name", help="name of the job; default: the name of the file")

    def handle(self, *args: Any, **options: Any) -> None:
        camera, supervisor = the_camera(), the_supervisor()
        camera.purpose = "manage.py job"
        try:
            require_camera()
            if not supervisor.take_lock():
                raise CommandError("The server runs the jobs of this data folder. Use its API: POST /api/v1/jobs.")
            supervisor.heartbeat.start()
            the_deliverer().start()
            with stop_requested(*INTERRUPT) as interrupted, stop_requested(*END) as ended:
                job = self._run(supervisor, options, interrupted, ended)
        except PlanRefused as problem:
            raise CommandError(f"Line {problem.line}: {problem}" if problem.line else str(problem)) from problem
        except (CameraError, LibraryError, OSError) as problem:
            raise CommandError(str(problem)) from problem
        finally:
            supervisor.close()
            the_deliverer().end(TELLING_S)
            camera.close()
        self.stdout.write(describe_verdict(job, job.gaps.count(), later="to come at the next start of the server"))
        if job.state != Job.State.FINISHED:
            sys.exit(NOT_FINISHED)

    def _run(
        self, supervisor: Supervisor, options: dict[str, Any], interrupted: threading.Event, ended: threading.Event
    ) -> Job:
        user = self._find_user(options["user"])
        is_piped = options["plan"] == "-"
        text = sys.stdin.read() if is_piped else Path(options["plan"]).read_text(encoding="utf-8-sig")
        name = options["name"] or ("job" if is_piped else Path(options["plan"]).stem)
        # No server runs, so nobody else lists what an earlier run of a job has left without rows.
        adopt_unlisted(the_library().archive)
        job = make_job(by=user, name=name[:200], plan=text, may_queue=options["queue"])
        progress = Progress(self.stdout, "pictures")
        while not ended.is_set() and not job.has_ended:
            if interrupted.is_set():
                stop_job(job.pk, user)
            seconds = supervisor.step()
            interrupted.wait(min(seconds, LOOK_EVERY_S)) if seconds and not interrupted.is_set() else None
            job = find_job(job.pk)
            progress.say(job.stored, job.expected, f"; {job.missed:,} missed" if job.missed else "")
        supervisor.step()
        progress.clear()
        return find_job(job.pk)

    def _find_user(self, username: str) -> Any:
        try:
            return get_user_model()._default_manager.named(username).get(is_active=True)  # type: ignore[attr-defined]
        except get_user_model().DoesNotExist as unknown:
            raise CommandError(f"There is no active user {username!r}.") from unknown
