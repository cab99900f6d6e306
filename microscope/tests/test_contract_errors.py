"""Every error that the schema names for a call is provoked, and has the shape in the schema. No other error occurs.

A new call is provoked in all these ways without further work. Its errors must then be in microscope/schema.py.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction
from django.test import override_settings

from accounts.models import AttemptTally
from accounts.throttling import MAX_BY_ADDRESS
from camera.absent.camera import AbsentCamera
from camera.registry import the_camera, the_instrument
from images.library import the_library
from images.models import Image, Objective
from images.tests.conftest import keep_image, keep_original  # noqa: F401 (fixtures)
from microscope.tests.contract import Operation
from microscope.tests.test_contract import NOTHING, OPERATIONS, Prepared, faults_of, prepared  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera", "archive")]

# The web server gives it before Django sees the request; tests/promises/test_7_nobody_gets_in_slowly.py provokes it.
NOT_PROVOKED_HERE = {413}
WRONG = {"password": "wrong", "refresh": "wrong"}


@contextmanager
def database_raises(problem: Exception) -> Iterator[None]:
    def refuse(*_: Any) -> None:
        raise problem

    with connection.execute_wrapper(refuse):
        yield


def ask(prepared: Prepared, operation: Operation, headers: dict[str, str] | None = None, **fields: Any) -> Any:  # noqa: F811
    own = {"Accept": operation.media_types[0] or "*/*"}
    return prepared.ask(operation, operation.examples[0], headers={**own, **(headers or {})}, **fields)


# The ways to provoke an error. If a way does not concern a call, the call gives another answer.


def as_a_stranger(prepared, operation):  # noqa: F811
    return ask(prepared, operation, user=False)


def with_wrong_secrets(prepared, operation):  # noqa: F811
    return ask(prepared, operation, user=False, secrets=WRONG)


def under_a_strange_host(prepared, operation):  # noqa: F811
    return ask(prepared, operation, headers={"Host": "stranger.example"})


def over_plain_http(prepared, operation):  # noqa: F811
    with override_settings(HTTPS=True):
        return ask(prepared, operation)


def by_another_method(prepared, operation):  # noqa: F811
    return ask(prepared, operation, method="PUT")


def for_another_type(prepared, operation):  # noqa: F811
    return ask(prepared, operation, headers={"Accept": "audio/ogg"})


def with_another_kind_of_body(prepared, operation):  # noqa: F811
    return ask(prepared, operation, content="<a/>", content_type="text/xml")


def of_nothing(prepared, operation):  # noqa: F811
    return ask(prepared, operation, path_values=NOTHING)


def of_a_job_that_is_gone(prepared, operation):  # noqa: F811
    names_a_job = (operation.method, operation.path) == ("POST", "/api/v1/share-links")
    return ask(prepared, operation, **({"content": '{"job": 999999}'} if names_a_job else {}))


def after_all_is_gone(prepared, operation):  # noqa: F811
    Image.objects.all().delete()
    Objective.objects.all().delete()
    return ask(prepared, operation)


def from_a_page_of_another_user(prepared, operation):  # noqa: F811
    return ask(prepared, operation, by_session=True, headers={"X-Page-User": "999999"})


def of_a_changed_original(prepared, operation):  # noqa: F811
    path = _path_of_original()
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    return ask(prepared, operation)


def of_a_range_beyond_its_end(prepared, operation):  # noqa: F811
    return ask(prepared, operation, headers={"Range": "bytes=99999999-"})


def of_a_missing_original(prepared, operation):  # noqa: F811
    _path_of_original().unlink()
    return ask(prepared, operation)


def after_many_guesses(prepared, operation):  # noqa: F811
    if operation.path in ("/api/v1/auth/login", "/api/v1/auth/refresh"):
        for _ in range(MAX_BY_ADDRESS):
            ask(prepared, operation, user=False, secrets=WRONG)
    return ask(prepared, operation, user=False, secrets=WRONG)


def after_many_wrong_tokens(prepared, operation):  # noqa: F811
    wrong = {"Authorization": "Bearer msc_wrong"}
    ask(prepared, operation, user=False, headers=wrong)
    AttemptTally.objects.update(failures=MAX_BY_ADDRESS)
    return ask(prepared, operation, user=False, headers=wrong)


def while_the_database_is_away(prepared, operation):  # noqa: F811
    return ask(prepared, operation, during=database_raises(OperationalError("away")))


def while_something_fails_that_nobody_foresaw(prepared, operation):  # noqa: F811
    return ask(prepared, operation, during=database_raises(RuntimeError("nobody foresaw this")))


def on_a_library(prepared, operation):  # noqa: F811
    config = the_instrument()
    before, config.camera = config.camera, AbsentCamera()
    try:
        return ask(prepared, operation)
    finally:
        config.camera = before


def after_the_camera_is_gone(prepared, operation):  # noqa: F811
    the_camera().close()
    return ask(prepared, operation)


def without_the_drive(prepared, operation):  # noqa: F811
    root = the_library().archive.root
    root.rename(root.with_name("elsewhere"))
    root.mkdir()
    return ask(prepared, operation)


# Ways that cannot be undone come last.
WAYS: list[Callable[[Prepared, Operation], Any]] = [
    as_a_stranger,
    with_wrong_secrets,
    under_a_strange_host,
    over_plain_http,
    by_another_method,
    for_another_type,
    with_another_kind_of_body,
    of_nothing,
    of_a_job_that_is_gone,
    after_all_is_gone,
    from_a_page_of_another_user,
    of_a_range_beyond_its_end,
    of_a_changed_original,
    of_a_missing_original,
    after_many_guesses,
    after_many_wrong_tokens,
    while_the_database_is_away,
    while_something_fails_that_nobody_foresaw,
    after_the_camera_is_gone,
    without_the_drive,
    on_a_library,
]


def _path_of_original():
    return the_library().archive.path_of(Image.objects.get(pk=1).filename)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_each_error_that_is_promised_is_given_and_no_other(prepared, operation, tmp_path):  # noqa: F811
    answered = set()
    for way in WAYS:
        shutil.rmtree(tmp_path / "thumbnails", ignore_errors=True)  # a thumbnail of an earlier way needs no original
        with transaction.atomic():
            response = way(prepared, operation)
            transaction.set_rollback(True)
        if response.status_code >= 400:
            answered.add(response.status_code)
        assert faults_of(operation, response) == [], way.__name__
    promised = {int(status) for status in operation.call["responses"] if int(status) >= 400}
    assert answered == promised - NOT_PROVOKED_HERE
