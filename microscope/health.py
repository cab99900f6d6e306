"""GET /health: what works and what does not. Anybody may read it, so it names no path and no user."""

import logging
import time
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from rest_framework.exceptions import APIException
from rest_framework.views import APIView

from camera.registry import the_camera
from images.backup.state import describe_trouble, read_state
from images.errors import LibraryError
from images.library import the_library
from images.record.image import format_time
from images.run_days import the_run_days
from images.spool.spool import Spool, the_spool
from microscope.errors import answer
from microscope.offline.copy import the_copy
from microscope.postgresql.reason import name_outage

logger = logging.getLogger(__name__)


def health(request: HttpRequest) -> HttpResponse:
    """Return 200 if everything works, otherwise 503. Only a signed-in user sees the version."""
    if request.method not in ("GET", "HEAD"):
        return answer(request, 405, "method_not_allowed", "Health can only be read.")
    camera = the_camera().status()
    checks = {"database": _check_database()}
    if not the_camera().is_absent:
        checks["storage"] = _check_storage()
        checks["camera"] = "ok" if camera.is_well else camera.cause.code if camera.cause else camera.state
    backup_trouble = find_backup_trouble()
    is_well = all(result == "ok" for result in checks.values())
    body = {
        "status": "ok" if is_well else "degraded",
        "checks": checks,
        "camera": {
            "state": camera.state,
            "simulated": camera.is_simulated,
            "simulationReason": camera.simulation_reason,
            "warnings": [asdict(warning) for warning in camera.warnings],
        },
        # These two are no reason for 503: captures work, and only a person can put them right.
        "clock": "in_doubt" if the_run_days().doubt else "ok",
        "backup": backup_trouble[0] if backup_trouble else "ok",
        "imagesWaitingForDatabase": the_library().backfiller.pending_count,
    }
    if since := the_copy().away_since:
        until = the_copy().until
        body["offline"] = {"since": format_time(since), "until": until and format_time(until)}
    if spool := the_spool():
        body["spool"] = _describe_spool(spool)
    if checks["database"] == "ok" and _is_signed_in(request):
        body["version"] = settings.VERSION
    return JsonResponse(body, status=200 if is_well else 503, headers={"Cache-Control": "no-store"})


def _describe_spool(spool: Spool) -> dict[str, Any]:
    """Return how many originals wait for the store, and since when, as last counted; null before that."""
    waiting = spool.state.waiting
    oldest_at = waiting.oldest_at if waiting else None
    return {"waiting": waiting and waiting.count, "oldestAt": oldest_at and format_time(oldest_at)}


def find_backup_trouble() -> tuple[str, str] | None:
    """Return a code and a sentence if something is wrong with the backups, otherwise None."""
    state = read_state(settings.DATA_PATH)
    return describe_trouble(state, settings.BACKUP_TO is not None, timezone.now())


def time_database() -> float:
    """Return how many seconds the database took to answer. Raises Django's DatabaseError and InterfaceError."""
    began_s = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return time.perf_counter() - began_s


def _is_signed_in(request: HttpRequest) -> bool:
    """Check token or session, like every call of the API. An invalid token counts as not signed in."""
    try:
        return bool(APIView().initialize_request(request).user.is_authenticated)
    except (APIException, DatabaseError, InterfaceError):
        return False


def _check_database() -> str:
    try:
        time_database()
    except (DatabaseError, InterfaceError) as problem:
        the_copy().note_away()
        logger.warning("Health: the database does not answer: %s", problem)
        return name_outage()
    the_copy().note_answer()
    return "ok"


def _check_storage() -> str:
    try:
        the_library().archive.check()
    except LibraryError as problem:
        logger.warning("Health: %s", problem)
        return problem.code
    return "ok"
