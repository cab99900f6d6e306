"""Run the program: everything a first start needs, then the production server."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from camera.service import the_camera
from images.listing import the_registrar
from microscope.server import make_server, serve_until_told
from microscope.startup import Startup
from microscope.wsgi import application


class Command(BaseCommand):
    help = "Run the program: prepare what a first start needs, then serve until Ctrl-C or SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        patience_s = settings.SERVICE_TIMEOUT_MS / 1000
        server = make_server(settings.HOST, settings.PORT, application, settings.SERVER_THREADS, patience_s)
        try:
            server.prepare()
        except OSError as problem:
            raise CommandError(f"{settings.HOST}:{settings.PORT} cannot be served: {problem}") from problem
        startup = Startup(self._say)
        startup.begin()
        camera = the_camera()
        camera.purpose = "the server"
        camera.open_soon()
        shown_host = "localhost" if settings.HOST in ("127.0.0.1", "0.0.0.0", "::") else settings.HOST
        self._say(f"Microscope is at http://{shown_host}:{settings.PORT}/ (end with Ctrl-C)")
        try:
            serve_until_told(server, end_streams=apps.get_app_config("camera").live.close)
        finally:
            startup.end()
            camera.close()
            the_registrar().close()
        self._say("Ended; the camera is free.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
