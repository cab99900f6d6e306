"""The table that turns errors into HTTP answers, for the API and for pages. There is no other."""

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from rest_framework import exceptions as rest
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import exception_handler

from accounts import errors as accounts
from camera import errors as camera
from images import errors as images
from images.control import errors as control
from images.jobs.export import errors as exports
from images.jobs.plan import errors as plans
from images.jobs.queue import errors as jobs
from images.models import Instrument
from images.share import errors as sharing
from images.store import errors as store
from microscope.events import errors as events
from microscope.http import refusals
from microscope.http.request_number import current_request_number
from microscope.postgresql.reason import why_refused

logger = logging.getLogger(__name__)

# The first row that fits counts, so a special case is above its family.
STATUS_BY_CAUSE: list[tuple[type[Exception], int]] = [
    (accounts.TooManyAttempts, 429),
    (accounts.TokenRefused, 401),
    (accounts.BeyondToken, 403),
    (accounts.TokenMissing, 404),
    (accounts.BadToken, 400),
    (accounts.AccountError, 500),
    (camera.SettingOutOfRange, 400),
    (camera.SettingRefused, 400),
    (camera.CaptureFailed, 500),
    (camera.CameraBusy, 503),
    (camera.TooManyWatchers, 503),
    (camera.CameraUnavailable, 503),
    (camera.LiveLinkInvalid, 404),
    (camera.NoCamera, 404),
    (camera.ControlRefused, 409),
    (camera.CameraError, 500),
    (control.AskedByOther, 409),
    (control.NothingAsked, 409),
    (control.NotYoursToGive, 403),
    (control.MayNotTake, 403),
    (control.ReasonMissing, 400),
    (control.TooManyRefusals, 429),
    (control.TooManyWaiting, 503),
    (control.WaitEnded, 503),
    (images.UnknownJob, 400),
    (images.BadQuery, 400),
    (images.ScaleUnknown, 400),
    (images.LinkInvalid, 404),
    (sharing.ShareLinkEnded, 404),
    (sharing.ShareLinkMissing, 404),
    (sharing.NotYourShareLink, 403),
    (sharing.NothingToShare, 400),
    (images.BadIdempotencyKey, 400),
    (images.IdempotencyKeyReused, 409),
    (images.EditConflict, 409),
    (images.OriginalMissing, 404),
    (images.OriginalChanged, 409),
    (images.NotHereYet, 409),
    (images.OriginalAway, 503),
    (images.EvictionRefused, 409),
    (images.ImageMissing, 404),
    (images.NotInBin, 409),
    (images.ObjectiveMissing, 404),
    (images.UnfitObjective, 400),
    (images.BadCalibration, 400),
    (images.NotYours, 403),
    (images.JobMissing, 404),
    (images.NotYourJob, 403),
    (images.JobElsewhere, 409),
    (images.JobEnded, 409),
    (jobs.NotInQueue, 409),
    (images.PlanTooFast, 409),
    (images.NotEnoughSpace, 409),
    (plans.PlanRefused, 400),
    (exports.NothingToExport, 409),
    (exports.ExportTooLarge, 409),
    (exports.ExportChoiceMissing, 400),
    (exports.PicturesDiffer, 409),
    (exports.MovieUnavailable, 409),
    (exports.MovieFailed, 500),
    (exports.ExportBusy, 503),
    (store.ObjectMissing, 404),
    (store.ObjectOfSomebodyElse, 409),
    (store.StoreFull, 507),
    (store.StoreError, 503),
    (images.ChangesAway, 503),
    (images.StorageUnavailable, 507),
    (images.LibraryError, 500),
    (events.TooManyWaiting, 503),
    (events.EventsUnsettled, 503),
    (events.EventError, 500),
    (refusals.BeingSetUp, 503),
    (refusals.HttpsNeeded, 403),
    (refusals.PageOutdated, 403),
    (refusals.OriginRefused, 403),
    (refusals.Refusal, 400),
    (UnreadablePostError, 400),
    (IntegrityError, 409),
    (DatabaseError, 503),
    (InterfaceError, 503),
]
RETRY_AFTER_S = "2"
JSON = JSONRenderer()


def answer_api_error(problem: Exception, context: dict) -> Response | None:
    """The exception handler of the REST framework. Returns None for an unexpected error: the answer is then 500,
    and the log has the traceback."""
    # An error is JSON, also if the call returns pictures.
    context["request"].accepted_renderer, context["request"].accepted_media_type = JSON, JSON.media_type
    known = _describe(problem)
    if known is not None:
        status, body = known
        return Response(body, status=status, headers=_headers(problem, status))
    response = exception_handler(problem, context)
    if response is not None:
        response.data = _describe_rest(problem, response)
    return response


def answer_page_error(request: HttpRequest, problem: Exception) -> HttpResponse | None:
    """The same for plain views: JSON below /api and for /health, otherwise a page. None for an unexpected error."""
    known = _describe(problem)
    return _answer_known(request, problem, *known) if known else None


def refuse(request: HttpRequest, refusal: refusals.Refusal) -> HttpResponse:
    """Answer a request that the program refuses before any view sees it."""
    status = next(status for cause, status in STATUS_BY_CAUSE if isinstance(refusal, cause))
    return _answer_known(request, refusal, status, _describe_cause(refusal, status))


def _answer_known(request: HttpRequest, problem: Exception, status: int, body: dict) -> HttpResponse:
    response = _render(request, body, problem)
    for name, value in _headers(problem, status).items():
        response.headers[name] = value
    return response


def answer(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    """Return an error as JSON or as a page, as this client expects."""
    return _render(request, _body(status, code, message))


def is_for_programs(request: HttpRequest) -> bool:
    """Return True if errors at this address are JSON."""
    return request.path_info.startswith(("/api/", "/health", "/metrics"))


def _render(request: HttpRequest, body: dict, problem: Exception | None = None) -> HttpResponse:
    if is_for_programs(request):
        return JsonResponse(body, status=body["statusCode"])
    page: dict[str, Any] = dict(body)
    if isinstance(problem, refusals.Refusal):
        page |= {"message": problem.sentence, "advice": problem.advice}
    # A reload gives the form a new token.
    if isinstance(problem, refusals.PageOutdated):
        page["reload_address"] = _page_before(request)
    return render(request, "microscope/error.html", page, status=body["statusCode"])


def _page_before(request: HttpRequest) -> str | None:
    """Return the address of the page that sent the form, if the page is ours."""
    address = request.headers.get("Referer")
    return address if url_has_allowed_host_and_scheme(address, {request.get_host()}) else None


def refuse_other_user(request: HttpRequest, is_form: bool) -> HttpResponse:
    """Refuse an act from a page that was made for another user. The answer to a form is a page, also below /api."""
    name = request.user.display_name  # type: ignore[union-attr]
    message = f"You are now signed in as {name}, from another tab or window. Nothing was done."
    body = _body(409, "user_changed", message)
    if is_form:
        return render(request, "microscope/error.html", body, status=409)
    return JsonResponse(body, status=409)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 404, "not_found", "There is nothing at this address.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 403, "permission_denied", "You may not do this. Ask a manager for the permission.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return refuse(request, refusals.explain_bad_request(request, exception))


def refuse_forgery(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    return refuse(request, refusals.explain_forgery(request, reason))


def server_error(request: HttpRequest) -> HttpResponse:
    number = current_request_number()
    message = f"The program failed. Its log says more.{f' Request {number}.' if number else ''}"
    return answer(request, 500, "server_error", message)


def _headers(problem: Exception, status: int) -> dict[str, str]:
    """Return a header that says when to try again, or how to sign in; none for other errors."""
    if isinstance(problem, (accounts.TooManyAttempts, control.TooManyRefusals)):
        return {"Retry-After": str(problem.retry_after_s)}
    if isinstance(problem, accounts.TokenRefused):
        return {"WWW-Authenticate": 'Bearer realm="api"'}
    return {"Retry-After": RETRY_AFTER_S} if status == 503 else {}


def _describe(problem: Exception) -> tuple[int, dict] | None:
    for cause, status in STATUS_BY_CAUSE:
        if isinstance(problem, cause):
            return status, _describe_cause(problem, status)
    return None


def _describe_cause(problem: Exception, status: int) -> dict:
    if isinstance(problem, IntegrityError):
        logger.warning("The database refused what two did at once: %s", problem)
        return _body(
            status,
            "conflict",
            "Another user changed the same thing at the same moment. Load the page again, then repeat your change.",
        )
    if isinstance(problem, (DatabaseError, InterfaceError)):
        logger.error("The database failed: %s", problem)
        sentence = why_refused() or "The database does not answer. Try again in a moment."
        return _body(status, "database_unavailable", sentence)
    if isinstance(problem, UnreadablePostError):
        return _body(status, "request_broken_off", "The request ended before it was complete.")
    # Faults belong in the log too. Refused requests would fill it.
    if status >= 500 and not isinstance(problem, refusals.Refusal):
        logger.warning("%s: %s", problem.code, problem)  # type: ignore[attr-defined]
    body = _body(status, problem.code, str(problem), problem.fields)  # type: ignore[attr-defined]
    if isinstance(problem, camera.NoCamera):
        body["instruments"] = list_instruments()
    return body | getattr(problem, "details", {})


def list_instruments() -> list[dict[str, str]]:
    """Return where the cameras are, for a client that asks a library for one. Empty if the database does not answer."""
    try:
        rows = list(Instrument.objects.values_list("id", "name", "url"))
    except (DatabaseError, InterfaceError):
        return []
    return [{"id": str(number), "name": name, "url": url} for number, name, url in rows]


def _describe_rest(problem: Exception, response: Response) -> dict:
    status = response.status_code
    if isinstance(problem, rest.ValidationError):
        fields = problem.detail if isinstance(problem.detail, dict) else {"non_field_errors": problem.detail}
        return _body(status, "invalid", _sentence(fields), {name: _texts(said) for name, said in fields.items()})
    if isinstance(problem, Http404):
        return _body(status, "not_found", "Not found.")
    if isinstance(problem, PermissionDenied):
        return _body(status, "permission_denied", "You may not do this. Ask a manager for the permission.")
    detail = getattr(problem, "detail", "The request could not be answered.")
    message = str(detail.get("detail", detail)) if isinstance(detail, dict) else str(detail)
    code = getattr(detail, "code", None) or getattr(problem, "default_code", "error")
    if isinstance(detail, dict):
        code = str(detail.get("code", code))
    return _body(status, code, message)


def _sentence(fields: dict) -> str:
    return " ".join(f"{name}: {' '.join(_texts(said))}" for name, said in fields.items())


def _texts(said: object) -> list[str]:
    if isinstance(said, dict):
        return [f"{name}: {text}" for name, texts in said.items() for text in _texts(texts)]
    return [str(text) for text in said] if isinstance(said, (list, tuple)) else [str(said)]


def _body(status: int, code: str, message: str, fields: dict[str, list[str]] | None = None) -> dict:
    errors = {_sendable(name): [_sendable(text) for text in texts] for name, texts in (fields or {}).items()}
    return {"statusCode": status, "code": code, "message": _sendable(message), "errors": errors}


def _sendable(text: str) -> str:
    """Replace single surrogates. JSON of a request can hold them, but UTF-8 of an answer cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")
