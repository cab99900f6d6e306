import inspect
import json
import logging

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import IntegrityError, InterfaceError, OperationalError
from django.http import Http404
from django.test import RequestFactory
from rest_framework import exceptions as rest
from rest_framework.response import Response
from rest_framework.views import APIView

from camera import errors as camera
from images import errors as images
from images.store import errors as store
from microscope.errors import STATUS_BY_CAUSE, answer_page_error, bad_request, page_not_found, server_error

SHAPE = {"statusCode", "code", "message", "errors"}


def answer_of_api(problem: Exception) -> Response:
    """Return what a call answers if its view raises this error."""

    class Raising(APIView):
        permission_classes = ()
        authentication_classes = ()

        def get(self, request):
            raise problem

    response = Raising.as_view()(RequestFactory().get("/api/v1/anything"))
    response.render()
    return response


def family(module, root: type[Exception]) -> list[type[Exception]]:
    return [one for _, one in inspect.getmembers(module, inspect.isclass) if issubclass(one, root)]


@pytest.mark.parametrize(
    ("problem", "status", "code"),
    [
        (camera.SettingOutOfRange("Too long."), 400, "setting_out_of_range"),
        (camera.SettingRefused("Refused."), 400, "setting_refused"),
        (camera.CaptureFailed("Four times."), 500, "capture_failed"),
        (camera.CameraNotFound("None."), 503, "camera_not_found"),
        (camera.CameraInUse("Process 5 has it."), 503, "camera_in_use"),
        (camera.CameraNotResponding("Silent."), 503, "camera_not_responding"),
        (images.UnknownJob("No job 5."), 400, "unknown_job"),
        (images.BadQuery("No such filter."), 400, "bad_query"),
        (images.OriginalMissing("Lost."), 404, "original_missing"),
        (images.DiskFull("Full."), 507, "disk_full"),
        (images.StorageMissing("Away."), 507, "storage_missing"),
        (images.StorageNotWritable("Read-only."), 507, "storage_not_writable"),
        (store.StoreUnreachable("No answer."), 503, "store_unreachable"),
        (store.StoreBusy("Slow down.", 5), 503, "store_busy"),
        (store.StoreFull(), 507, "store_full"),
        (store.ObjectMissing("a/b"), 404, "object_missing"),
        (store.ObjectOfSomebodyElse("a/b"), 409, "object_of_somebody_else"),
        (OperationalError("server closed the connection"), 503, "database_unavailable"),
        (IntegrityError("duplicate key value"), 409, "conflict"),
        (InterfaceError("connection already closed"), 503, "database_unavailable"),
        (rest.ParseError(), 400, "parse_error"),
        (rest.NotAuthenticated(), 403, "not_authenticated"),
        (rest.PermissionDenied(), 403, "permission_denied"),
        (PermissionDenied(), 403, "permission_denied"),
        (Http404(), 404, "not_found"),
        (rest.MethodNotAllowed("GET"), 405, "method_not_allowed"),
        (rest.NotAcceptable(), 406, "not_acceptable"),
        (rest.UnsupportedMediaType("text/plain"), 415, "unsupported_media_type"),
        (rest.Throttled(30), 429, "throttled"),
        (rest.ValidationError({"gain": ["Too much."]}), 400, "invalid"),
    ],
)
def test_every_cause_has_its_status_and_the_same_shape(problem, status, code):
    response = answer_of_api(problem)
    body = json.loads(response.content)
    assert set(body) == SHAPE
    assert (response.status_code, body["statusCode"], body["code"]) == (status, status, code)
    assert body["message"]


def test_no_cause_of_ours_is_left_out_of_the_table():
    ours = family(camera, camera.CameraError) + family(images, images.LibraryError)
    assert [one for one in ours if not any(issubclass(one, cause) for cause, _ in STATUS_BY_CAUSE)] == []


def test_no_cause_is_hidden_by_its_family_above_it():
    causes = [cause for cause, _ in STATUS_BY_CAUSE]
    hidden = [cause for place, cause in enumerate(causes) if any(issubclass(cause, above) for above in causes[:place])]
    assert hidden == []


def test_every_cause_has_a_code_of_its_own():
    ours = [*family(camera, camera.CameraError), *family(images, images.LibraryError)]
    own = [one.code for one in ours if "code" in vars(one)]
    assert len(own) == len(set(own))


def test_fields_that_are_to_blame_are_named():
    body = answer_of_api(camera.SettingOutOfRange("Too long.", {"exposure": ["At most 10 ms."]})).data
    assert body["errors"] == {"exposure": ["At most 10 ms."]}
    nested = answer_of_api(rest.ValidationError({"roi": {"left": ["Too far."]}, "gain": "No."})).data
    assert nested["errors"] == {"roi": ["left: Too far."], "gain": ["No."]}
    assert nested["message"] == "roi: left: Too far. gain: No."


def test_who_comes_too_early_is_told_when_to_come_again():
    assert answer_of_api(camera.CameraLost("Gone."))["Retry-After"] == "2"
    assert answer_of_api(rest.Throttled(30))["Retry-After"] == "30"
    assert "Retry-After" not in answer_of_api(images.DiskFull("Full."))


def test_what_the_database_said_goes_to_the_log_and_to_nobody_else(caplog):
    response = answer_of_api(OperationalError("password authentication failed for user postgres at 10.0.0.5"))
    assert "postgres" not in response.content.decode()
    assert "password authentication failed" in caplog.text
    assert caplog.records[0].levelno == logging.ERROR


def test_half_a_character_comes_back_as_a_question_mark():
    body = json.loads(answer_of_api(rest.ValidationError({"\ud800": ["\udfff?"]})).content)
    assert body["errors"] == {"?": ["??"]}


def test_what_nobody_foresaw_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        answer_of_api(ZeroDivisionError())
    assert answer_page_error(RequestFactory().get("/"), ZeroDivisionError()) is None


@pytest.mark.parametrize("handler", [page_not_found, bad_request])
def test_below_api_an_error_is_json_and_elsewhere_a_page(handler):
    api = handler(RequestFactory().get("/api/v1/nothing"), SuspiciousOperation())
    page = handler(RequestFactory().get("/nothing"), SuspiciousOperation())
    assert set(json.loads(api.content)) == SHAPE
    assert page["Content-Type"].startswith("text/html")
    assert page.status_code == api.status_code


def test_a_page_tells_the_cause_as_the_api_does():
    response = answer_page_error(RequestFactory().get("/images/5"), images.OriginalMissing("The file is lost."))
    assert response.status_code == 404
    assert "The file is lost." in response.content.decode()


def test_a_failure_of_the_program_says_nothing_of_its_inside():
    response = server_error(RequestFactory().get("/api/v1/images"))
    assert (response.status_code, json.loads(response.content)["code"]) == (500, "server_error")
