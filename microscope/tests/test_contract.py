"""The API does what its schema says: each prefilled example works, each answer fits, and each announced type is given.

A new operation needs an example that works here. If its path contains a number, prepare the object with that number.
"""

import json
from contextlib import nullcontext
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from django.contrib.auth import get_user_model
from django.core.signals import request_finished
from django.db import close_old_connections
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from accounts.personal_tokens.tokens import make_token
from images.control import hand_over
from images.control.control import Control, register_control, the_control
from images.control.lease import Holder, Kind
from images.jobs.queue.make import make_job
from images.library import the_library
from images.models import CameraControl, Image, Job, Objective
from images.share.links import make_share_link
from images.spool.evict import Evictor
from images.spool.spool import Spool, register_spool
from images.tests.conftest import keep_image, keep_original  # noqa: F401 (fixtures)
from microscope.tests.contract import FORM, Contract, Example, Operation, operations_of, read_schema

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera", "archive")]

SCHEMA = read_schema()
CONTRACT = Contract(SCHEMA)
OPERATIONS = operations_of(SCHEMA)
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
MAX_EXACT = 2**53 - 1
NOBODY = "0f0e0d0c-0b0a-4908-8706-050403020100"
NOTHING = {"image_id": 999_999, "objective_id": NOBODY, "job_id": 999_999, "token_id": 999_999, "link_id": 999_999}
# Only a signed-in user knows these, so no schema can have examples of them.
SECRETS = {"password", "refresh"}


class Prepared:
    """A server with the objects of the examples: image 1, one of each other kind, and the user who signs in."""

    def __init__(self, user: Any, image: Image, objective: Objective, job: Job) -> None:
        self.user = user
        token, _ = make_token(user, "old script", "view", 30)
        link = make_share_link(user, image_ids=[image.pk], days=7, may_load="copy", shows=[])
        numbers = {"image_id": image.pk, "job_id": job.pk, "token_id": token.pk, "link_id": link.pk}
        self._path_values = {**numbers, "objective_id": objective.pk}
        self._secrets = {"password": "root-password", "refresh": str(RefreshToken.for_user(user))}

    def ask(self, operation: Operation, example: Example, user: Any = None, **fields: Any) -> Any:
        """Send an example as the form would. `user` False sends it without a sign-in."""
        client = APIClient(raise_request_exception=False)
        asking = self.user if user is None else user
        if operation.path in ("/api/v1/control", "/api/v1/control/answer"):
            self._let_somebody_ask()
        if asking and fields.get("by_session"):
            client.force_login(asking)
        elif asking:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {RefreshToken.for_user(asking).access_token}")
        query = [(name, value) for place, name, value in operation.prefilled if place == "query"]
        headers = {name: str(value) for place, name, value in operation.prefilled if place == "header"}
        headers.update(fields.get("headers", {}))
        values = fields.get("path_values", self._path_values)
        address = operation.path.format(**{name: values[name] for name in operation.needed})
        content = fields.get("content", self._content_of(example, fields.get("secrets", self._secrets)))
        with fields.get("during", nullcontext()):
            return client.generic(
                fields.get("method", operation.method),
                f"{address}?{urlencode(query)}",
                content,
                content_type=fields.get("content_type", example.media_type or "application/json"),
                headers=headers,
            )

    def _let_somebody_ask(self) -> None:
        """The user has control as a script, and a guest asks for it."""
        me = Holder(self.user.pk, "admin", "admin", Kind.SCRIPT, "script")
        guest = Holder(None, "guest", "Guest", Kind.SCRIPT, "scan.py")
        # As it was before the first request of the test.
        CameraControl.objects.all().delete()
        register_control(Control())
        the_control().take(me)
        hand_over.ask(the_control(), guest, "please")

    def _content_of(self, example: Example, secrets: dict[str, str]) -> str:
        if example.media_type is None:
            return ""
        body = {name: secrets.get(name, value) for name, value in example.body.items()}
        return urlencode(body) if example.media_type == FORM else json.dumps(body)


@pytest.fixture
def prepared(administrator, keep_image):  # noqa: F811 (a fixture)
    image = keep_image(user=administrator)
    Image.objects.filter(pk=image.pk).update(id=1)
    objective = Objective.objects.create(name="4x", magnification=4, numerical_aperture=0.1)
    get_user_model().objects.filter(pk=administrator.pk).update(username="admin")
    administrator.refresh_from_db()
    job = make_job(by=administrator, name="night", plan={"time_plan": {"interval": 60, "loops": 3}})
    # To count what may leave the disk asks no store.
    evictor = Evictor(None, the_library().archive, lambda: "", keep_days=30, below_bytes=0)
    register_spool(Spool(None, None, lambda: False, evictor=evictor))
    yield Prepared(administrator, Image.objects.get(pk=1), objective, job)
    register_spool(None)


def media_type_of(response) -> str:
    return response.headers.get("Content-Type", "").split(";")[0]


def faults_of(operation: Operation, response) -> list[str]:
    media_type = media_type_of(response)
    body = json.loads(response.content) if media_type == "application/json" and not response.streaming else None
    try:
        return CONTRACT.find_faults(operation, response.status_code, media_type, body)
    finally:
        close(response)


def close(response) -> None:
    """Close the answer as Django's own client does: the connection to the database stays, because the transaction of
    the test needs it."""
    request_finished.disconnect(close_old_connections)
    try:
        response.close()
    finally:
        request_finished.connect(close_old_connections)


def each_example() -> list[Any]:
    """Return each example of each operation, with each header Accept that a client can send."""
    found = []
    for operation in OPERATIONS:
        for example in operation.examples:
            for announced in operation.media_types:
                for accept in (announced, "*/*", BROWSER, None):
                    name = f"{operation}-{example.media_type}-{announced}-{accept and accept[:10]}"
                    found.append(pytest.param(operation, example, announced, accept, id=name))
    return found


@pytest.mark.parametrize(("operation", "example", "announced", "accept"), each_example())
def test_every_example_works_and_is_answered_as_the_schema_says(prepared, operation, example, announced, accept):
    response = prepared.ask(operation, example, headers={"Accept": accept} if accept else {})
    assert 200 <= response.status_code < 300, response.content
    if accept == announced and announced:
        kind, _, subtype = media_type_of(response).partition("/")
        assert announced in (f"{kind}/{subtype}", f"{kind}/*")
    assert faults_of(operation, response) == []


def test_the_stream_is_a_stream_of_pictures_under_its_own_type(prepared):
    operation = next(one for one in OPERATIONS if one.path.endswith("/camera/live") and one.method == "GET")
    response = prepared.ask(operation, Example(), headers={"Accept": "multipart/x-mixed-replace"})
    assert next(iter(response.streaming_content)).startswith(b"--frame\r\nContent-Type: image/jpeg\r\n")
    response.close()


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_every_error_is_json_in_the_shape_that_the_schema_says(prepared, make_user, operation):
    example = operation.examples[0]
    own = {"Accept": operation.media_types[0] or "*/*"}
    asked = {
        401: {"user": False, "headers": own},
        403: {"user": make_user("nobody"), "headers": own},
        404: {"path_values": NOTHING, "headers": own},
        405: {"method": "PUT", "headers": own},
        406: {"headers": {"Accept": "audio/ogg"}},
        415: {"content": "<a/>", "content_type": "text/xml", "headers": own},
        400: {"content": "[", "headers": own},
    }
    answered = set()
    for status, fields in asked.items():
        response = prepared.ask(operation, example, **fields)
        if response.status_code >= 400:
            answered.add(response.status_code)
            assert media_type_of(response) == "application/json", (status, response.status_code)
            assert response.json()["message"]
        assert faults_of(operation, response) == [], status
    assert {405, 406} <= answered
    assert (400 in answered) == (example.media_type is not None)
    assert (404 in answered) == bool(operation.needed)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_what_cannot_be_given_is_refused_with_the_types_that_can(prepared, operation):
    message = prepared.ask(operation, operation.examples[0], headers={"Accept": "audio/ogg"}).json()["message"]
    for media_type in operation.media_types:
        assert (media_type or "application/json") in message


@pytest.mark.parametrize("accept", ["application/json", "application/vnd.oai.openapi", "application/yaml"])
def test_everybody_gets_the_same_schema_in_the_type_that_they_ask_for(api, make_user, accept):
    for name in ("ada", "grace"):
        response = api(make_user(name)).get("/api/schema", headers={"Accept": accept})
        assert media_type_of(response) == accept
        # The loader in C. The one in Python takes some seconds for a file of this size.
        assert yaml.load(response.content, Loader=yaml.CSafeLoader) == json.loads(json.dumps(read_schema()))


def test_a_file_is_not_passed_off_as_another_type(prepared):
    operation = next(one for one in OPERATIONS if one.path.endswith("/file"))
    response = prepared.ask(operation, Example(), headers={"Accept": "image/png"})
    assert response.status_code == 406
    assert "This file is image/jpeg" in response.json()["message"]


def test_the_walk_finds_an_operation_without_an_example():
    capture = next(one for one in OPERATIONS if one.path.endswith("/capture"))
    silent = replace(capture, call={**capture.call, "requestBody": {"content": {"application/json": {}}}})
    with pytest.raises(AssertionError, match="no example"):
        print(silent.examples)  # noqa: T201


def test_the_contract_finds_a_field_that_the_schema_does_not_name():
    me = next(one for one in OPERATIONS if one.path.endswith("/auth/me"))
    body = {"id": 1, "username": "a", "roles": [], "isStaff": True, "canView": True, "canCapture": True}
    assert CONTRACT.find_faults(me, 200, "application/json", body) == []
    assert CONTRACT.find_faults(me, 200, "application/json", {**body, "more": 1})
    assert CONTRACT.find_faults(me, 200, "application/json", {**body, "username": None})
    assert CONTRACT.find_faults(me, 200, "image/png", None)


def test_the_contract_finds_a_body_that_the_schema_does_not_describe():
    logout = next(one for one in OPERATIONS if one.path.endswith("/auth/logout"))
    assert CONTRACT.find_faults(logout, 204, "", None) == []
    assert CONTRACT.find_faults(logout, 204, "application/json", {"done": True})


def every_integer(schema: Any) -> list[dict[str, Any]]:
    if isinstance(schema, list):
        return [found for part in schema for found in every_integer(part)]
    if not isinstance(schema, dict):
        return []
    return [schema] * (schema.get("type") == "integer") + [
        found for part in schema.values() for found in every_integer(part)
    ]


def test_no_number_of_the_schema_is_beyond_what_a_browser_holds():
    numbers = every_integer(SCHEMA)
    assert len(numbers) > 30
    for number in numbers:
        assert number.get("maximum", 0) <= MAX_EXACT, number


def test_the_prefilled_capture_belongs_to_no_job():
    capture = next(one for one in OPERATIONS if one.path.endswith("/capture"))
    assert all("jobId" not in example.body for example in capture.examples)
