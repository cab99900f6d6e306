"""GET /health: what is well and what is not, in words that a stranger may read."""

import logging

from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from camera.service import the_camera
from images.apps import the_library
from images.errors import LibraryError
from images.listing import the_registrar
from microscope.errors import answer

logger = logging.getLogger(__name__)


def health(request: HttpRequest) -> HttpResponse:
    """200 when all is well, else 503. Says neither paths nor names nor versions."""
    if request.method not in ("GET", "HEAD"):
        return answer(request, 405, "method_not_allowed", "Health can only be read.")
    camera = the_camera().status()
    checks = {
        "database": _check_database(),
        "storage": _check_storage(),
        "camera": "ok" if camera.is_well else camera.cause.code if camera.cause else camera.state,
    }
    is_well = all(result == "ok" for result in checks.values())
    body = {
        "status": "ok" if is_well else "degraded",
        "checks": checks,
        "camera": {
            "state": camera.state,
            "simulated": camera.is_simulated,
            "simulationReason": camera.simulation_reason,
        },
        "imagesWaitingForDatabase": the_registrar().pending_count,
    }
    return JsonResponse(body, status=200 if is_well else 503, headers={"Cache-Control": "no-store"})


def _check_database() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError) as problem:
        logger.warning("Health: the database does not answer: %s", problem)
        return "database_unavailable"
    return "ok"


def _check_storage() -> str:
    try:
        the_library().archive.check()
    except LibraryError as problem:
        logger.warning("Health: %s", problem)
        return problem.code
    return "ok"
