"""The one table that turns errors, named by cause, into HTTP answers: for the API and for pages."""

import logging

from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, InterfaceError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.shortcuts import render
from rest_framework import exceptions as rest
from rest_framework.response import Response
from rest_framework.views import exception_handler

from accounts import errors as accounts
from camera import errors as camera
from images import errors as images

logger = logging.getLogger(__name__)

# The first that fits counts: a special case stands above its family.
STATUS_BY_CAUSE: list[tuple[type[Exception], int]] = [
    (accounts.TooManyAttempts, 429),
    (accounts.AccountError, 500),
    (camera.SettingOutOfRange, 400),
    (camera.SettingRefused, 400),
    (camera.CaptureFailed, 500),
    (camera.TooManyWatchers, 503),
    (camera.CameraUnavailable, 503),
    (camera.CameraError, 500),
    (images.UnknownJob, 400),
    (images.BadQuery, 400),
    (images.ScaleUnknown, 400),
    (images.LinkInvalid, 404),
    (images.BadIdempotencyKey, 400),
    (images.IdempotencyKeyReused, 409),
    (images.OriginalMissing, 404),
    (images.ImageMissing, 404),
    (images.ObjectiveMissing, 404),
    (images.UnfitObjective, 400),
    (images.BadCalibration, 400),
    (images.NotYours, 403),
    (images.StorageUnavailable, 507),
    (images.LibraryError, 500),
    (UnreadablePostError, 400),
    (DatabaseError, 503),
    (InterfaceError, 503),
]
RETRY_AFTER_S = "2"


def answer_api_error(problem: Exception, context: dict) -> Response | None:
    """The REST framework's exception handler. None, and so a 500 with a log entry, for what nobody foresaw."""
    known = _describe(problem)
    if known is not None:
        status, body = known
        return Response(body, status=status, headers=_headers(problem, status))
    response = exception_handler(problem, context)
    if response is not None:
        response.data = _describe_rest(problem, response)
    return response


def answer_page_error(request: HttpRequest, problem: Exception) -> HttpResponse | None:
    """As above for plain views: JSON below /api and for /health, else a page. None for what nobody foresaw."""
    known = _describe(problem)
    if known is None:
        return None
    status, body = known
    response = answer(request, status, body["code"], body["message"])
    for name, value in _headers(problem, status).items():
        response.headers[name] = value
    return response


def answer(request: HttpRequest, status: int, code: str, message: str) -> HttpResponse:
    """An error as this client wants it."""
    body = _body(status, code, message)
    if request.path.startswith(("/api/", "/health")):
        return JsonResponse(body, status=status)
    return render(request, "microscope/error.html", body, status=status)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 404, "not_found", "There is nothing at this address.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 403, "permission_denied", "You may not do this. Ask a manager for the permission.")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer(request, 400, "bad_request", "The request makes no sense to this server.")


def server_error(request: HttpRequest) -> HttpResponse:
    return answer(request, 500, "server_error", "Something went wrong in the program. It is written in its log.")


def _headers(problem: Exception, status: int) -> dict[str, str]:
    """When to come again."""
    if isinstance(problem, accounts.TooManyAttempts):
        return {"Retry-After": str(problem.retry_after_s)}
    return {"Retry-After": RETRY_AFTER_S} if status == 503 else {}


def _describe(problem: Exception) -> tuple[int, dict] | None:
    for cause, status in STATUS_BY_CAUSE:
        if isinstance(problem, cause):
            return status, _describe_cause(problem, status)
    return None


def _describe_cause(problem: Exception, status: int) -> dict:
    if isinstance(problem, (DatabaseError, InterfaceError)):
        logger.error("The database failed: %s", problem)
        return _body(status, "database_unavailable", "The database does not answer. Try again in a moment.")
    if isinstance(problem, UnreadablePostError):
        return _body(status, "request_broken_off", "The request ended before all of it had come.")
    if status >= 500:
        logger.warning("%s: %s", problem.code, problem)  # type: ignore[attr-defined]
    return _body(status, problem.code, str(problem), problem.fields)  # type: ignore[attr-defined]


def _describe_rest(problem: Exception, response: Response) -> dict:
    status = response.status_code
    if isinstance(problem, rest.ValidationError):
        fields = problem.detail if isinstance(problem.detail, dict) else {"non_field_errors": problem.detail}
        return _body(status, "invalid", _sentence(fields), {name: _texts(said) for name, said in fields.items()})
    if isinstance(problem, Http404):
        return _body(status, "not_found", "There is no such thing here.")
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
    """JSON can ask with half a character, which no answer can carry back."""
    return text.encode("utf-8", "replace").decode("utf-8")
