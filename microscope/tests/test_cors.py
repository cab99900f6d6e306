"""A page of another origin that is allowed can send every header that the API documents, and read every header of an
answer."""

import pytest
from drf_spectacular.generators import SchemaGenerator

pytestmark = pytest.mark.django_db
ORIGIN = "https://lab.example"
# Headers that any page may read, and headers that only the browser itself reads.
OPEN_TO_ALL = {"cache-control", "content-language", "content-type", "expires", "last-modified", "pragma"}
FOR_THE_BROWSER = {
    *("access-control-allow-origin", "access-control-expose-headers", "allow", "content-security-policy"),
    *("cross-origin-opener-policy", "referrer-policy", "vary", "x-content-type-options", "x-frame-options"),
}


@pytest.fixture(autouse=True)
def allowed(settings):
    settings.CORS_ALLOWED_ORIGINS = [ORIGIN]


def documented_headers() -> list[tuple[str, str, str]]:
    """Return path, method and name of each header that an operation takes. Every call can also have a token and
    JSON."""
    found = []
    for path, operations in SchemaGenerator().get_schema(request=None, public=True)["paths"].items():
        for method, operation in operations.items():
            names = [one["name"] for one in operation.get("parameters", []) if one["in"] == "header"]
            found += [(path, method.upper(), name) for name in [*names, "Authorization", "Content-Type"]]
    return found


def test_every_header_that_the_api_documents_may_be_sent(client):
    headers = documented_headers()
    assert {"Idempotency-Key", "Range"} <= {name for _, _, name in headers}
    for path, method, name in headers:
        asked = {"origin": ORIGIN, "access-control-request-method": method, "access-control-request-headers": name}
        answer = client.options(path.replace("{image_id}", "1"), headers=asked)
        allowed = {one.strip().lower() for one in answer["Access-Control-Allow-Headers"].split(",")}
        assert name.lower() in allowed, (method, path)
        assert method in answer["Access-Control-Allow-Methods"]


def test_a_change_may_name_the_revision_that_was_seen(client):
    asked = {"origin": ORIGIN, "access-control-request-method": "PATCH", "access-control-request-headers": "If-Match"}
    assert "if-match" in client.options("/api/v1/images/1", headers=asked)["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("address", ["/api/v1/camera/frame", "/api/v1/camera", "/api/v1/images"])
def test_every_header_of_an_answer_may_be_read(api, operator, camera, archive, address):
    answer = api(operator).get(address, HTTP_ORIGIN=ORIGIN)
    assert answer.status_code == 200
    readable = {one.strip().lower() for one in answer["Access-Control-Expose-Headers"].split(",")}
    assert {name.lower() for name in answer.headers} <= readable | OPEN_TO_ALL | FOR_THE_BROWSER


def test_the_headers_of_a_file_and_of_a_wait_may_be_read(api, operator, camera, archive):
    image_id = api(operator).post("/api/v1/camera/capture", {}, format="json").json()["imageId"]
    answer = api(operator).get(f"/api/v1/images/{image_id}/file", HTTP_ORIGIN=ORIGIN, HTTP_RANGE="bytes=0-9")
    assert answer.status_code == 206
    readable = {one.strip().lower() for one in answer["Access-Control-Expose-Headers"].split(",")}
    assert {name.lower() for name in answer.headers} <= readable | OPEN_TO_ALL | FOR_THE_BROWSER
    assert "retry-after" in readable


def test_another_origin_gets_nothing(client):
    asked = {"origin": "https://evil.example", "access-control-request-method": "POST"}
    assert "Access-Control-Allow-Origin" not in client.options("/api/v1/camera/capture", headers=asked)
