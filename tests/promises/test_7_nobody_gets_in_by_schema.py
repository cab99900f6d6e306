"""Promise 7: no request that the schema allows, in any role, breaks anything or gets an answer that the schema does not
describe. The requests are random with a fixed seed, so they are the same each time."""

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_framework_simplejwt.tokens import RefreshToken

from microscope.wsgi import application

pytestmark = [pytest.mark.long, pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]
# Each role must get each of these statuses at least once: else the test might have asked nothing.
ANSWERED_BY_ROLE = {
    None: {401},
    "viewers": {200, 400, 401, 403, 404},
    "operators": {200, 201, 400, 401, 403, 404},
    "managers": {200, 201, 400, 401, 404},
}
# The first answer never ends, and the second may wait for 25 s; microscope/tests/test_events_waiting.py asks it.
LEFT_OUT = {"/api/v1/camera/live", "/api/v1/events"}
CHECKED = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
EXAMPLES = 6


@pytest.fixture(scope="module")
def schema():
    import schemathesis

    raw = SchemaGenerator().get_schema(public=True)
    loaded = schemathesis.openapi.from_dict(raw)
    loaded.app = application
    return loaded


@pytest.fixture(autouse=True)
def one_connection():
    """Keep the connection open after each request, as Django's test client does: it holds the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def calls_of(schema) -> list:
    return [found.ok() for found in schema.get_all_operations() if found.ok().path not in LEFT_OUT]


def try_call(call, headers: dict[str, str], answered: set[int]) -> str:
    """Return what is wrong with the answers to this call; "" if nothing is. Adds their statuses to `answered`."""
    from schemathesis.checks import CHECKS

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def ask(data):
        case = data.draw(call.as_strategy())
        response = case.call(headers=headers)
        answered.add(response.status_code)
        case.validate_response(response, checks=CHECKS.get_by_names(list(CHECKED)))

    try:
        ask()
    except Exception as problem:  # noqa: BLE001
        # Boundary of the tool: its findings are reported together with those of the other calls.
        return f"{call.label}: {problem}"
    return ""


@pytest.mark.parametrize("role", list(ANSWERED_BY_ROLE))
def test_nothing_that_can_be_asked_breaks_anything(schema, make_user, role):
    headers = {"Host": "localhost"}
    if role:
        headers["Authorization"] = f"Bearer {RefreshToken.for_user(make_user('ada', role)).access_token}"
    calls = calls_of(schema)
    assert len(calls) > 20
    answered: set[int] = set()
    problems = [problem for call in calls if (problem := try_call(call, headers, answered))]
    assert not problems, "\n".join(problems)
    assert answered >= ANSWERED_BY_ROLE[role]
