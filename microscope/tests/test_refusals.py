"""Requests with another host name, by plain HTTP or with an old token: what users and programs are told."""

import http.client
import json
import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.test import Client

from microscope.tests.server_process import ServerProcess

PASSWORD = "correct-horse-battery"
LAB = "labpc.example"


class Answer:
    """The answer to one request: status, headers, text, and the words of the page without markup."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()
        main = re.search(r"<main.*</main>", self.text, re.DOTALL)
        self.words = " ".join(unescape(re.sub(r"<[^>]*>", " ", main[0] if main else "")).split())

    def json(self) -> dict:
        return json.loads(self.text)


class Visitor:
    """Sends requests like a browser or a proxy, with any headers, and keeps cookies."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookies: dict[str, str] = {}

    def ask(self, method: str, path: str, form: dict | None = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if form is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, None if form is None else urlencode(form), sent)
        response = connection.getresponse()
        for cookie in response.headers.get_all("Set-Cookie", []):
            name, _, value = cookie.partition(";")[0].partition("=")
            self._cookies[name] = value
        answer = Answer(response)
        connection.close()
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def open_sign_in(self, **headers: str) -> dict:
        """Return the fields of the form, filled in."""
        page = self.get("/sign-in", **headers)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token, page.text
        return {"csrfmiddlewaretoken": token[1], "username": "admin", "password": PASSWORD}


def start(folder, **environment: str) -> ServerProcess:
    shared = {"DATABASE_URL": "", "ADMIN_PASSWORD": PASSWORD, "ALLOWED_HOSTS": LAB, "ROOT_PATH": ""}
    return ServerProcess(folder, **{**shared, **environment}).wait_until_ready()


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    server = start(tmp_path_factory.mktemp("plain"))
    yield server
    server.kill()


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    server = start(tmp_path_factory.mktemp("secure"), HTTPS="true")
    yield server
    server.kill()


@pytest.fixture
def visitor(plain):
    return Visitor(plain.port)


@pytest.fixture
def secure_visitor(secure):
    return Visitor(secure.port)


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST:8080", LAB, f"{LAB}:3000"])
def test_this_pc_answers_under_its_own_names_whatever_else_is_allowed(visitor, name):
    assert visitor.get("/health", Host=name).status == 200
    assert visitor.get("/sign-in", Host=name).status == 200


def test_a_monitor_that_names_no_host_reads_health(plain):
    connection = http.client.HTTPConnection("127.0.0.1", plain.port, timeout=60)
    connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"
    connection.putrequest("GET", "/health", skip_host=True)
    connection.endheaders()
    assert connection.getresponse().status == 200


def test_a_program_that_uses_a_refused_name_is_told_which_setting_to_change(plain, visitor):
    answer = visitor.get("/api/v1/camera", Host="other.example")
    assert (answer.status, answer.json()["code"]) == (400, "host_refused")
    assert "ALLOWED_HOSTS" in answer.json()["message"]
    assert LAB not in answer.text and "other.example" in plain.log()


def test_a_browser_that_uses_a_refused_name_gets_a_page_that_helps_and_repeats_nothing(visitor):
    answer = visitor.get("/images/", Host="<script>alert(1)</script>.example")
    assert (answer.status, answer.headers["Content-Type"]) == (400, "text/html; charset=utf-8")
    assert "ALLOWED_HOSTS" in answer.words
    assert "alert" not in answer.text and LAB not in answer.text


def test_a_sign_in_form_older_than_the_cookie_leads_back_to_a_new_one(visitor):
    form = visitor.open_sign_in() | {"csrfmiddlewaretoken": "a" * 64}
    page = f"http://{LAB}/sign-in?next=/profile"
    answer = visitor.ask("POST", "/sign-in", form, Host=LAB, Referer=page)
    assert answer.status == 403
    assert "out of date" in answer.words and "Load the page again" in answer.words
    assert f'href="{page}"' in answer.text


def test_a_sign_in_form_without_its_cookie_gets_the_same_page_and_no_link_elsewhere(plain):
    form = Visitor(plain.port).open_sign_in()
    answer = Visitor(plain.port).ask("POST", "/sign-in", form, Referer="http://evil.example/sign-in")
    assert answer.status == 403
    assert "allow this address to keep cookies" in answer.words
    assert "evil.example" not in answer.text


@pytest.mark.parametrize(
    ("origin", "host", "advice"),
    [
        (f"http://{LAB}:8080", LAB, "$http_host"),  # the proxy drops the port
        ("http://microscope.example", "127.0.0.1:3000", "$http_host"),  # the proxy sends its own name
        (f"https://{LAB}", LAB, "HTTPS=true"),  # the proxy ends TLS and does not say so
        ("null", LAB, "must be allowed to say"),  # the browser does not send it
    ],
)
def test_a_form_through_a_proxy_that_changes_the_address_names_the_header_to_set(visitor, origin, host, advice):
    answer = visitor.ask("POST", "/sign-in", visitor.open_sign_in(), Host=host, Origin=origin)
    assert answer.status == 403
    assert advice in answer.words and origin in answer.words and "Nothing was done." in answer.words


def test_a_call_with_a_session_gets_the_same_help_as_json(visitor):
    assert visitor.ask("POST", "/sign-in", visitor.open_sign_in()).status == 302
    stale = visitor.ask("POST", "/api/v1/camera/capture")
    assert (stale.status, stale.json()["code"]) == (403, "page_outdated")
    moved = visitor.ask("POST", "/api/v1/camera/capture", Host=LAB, Origin=f"http://{LAB}:8080")
    assert (moved.status, moved.json()["code"]) == (403, "origin_refused")
    assert "$http_host" in moved.json()["message"]


def test_a_method_that_a_page_does_not_take_gets_a_page_of_ours(visitor):
    answer = visitor.get("/sign-out")
    assert (answer.status, answer.headers["Allow"]) == (405, "POST, OPTIONS")
    assert "This address takes POST, OPTIONS only." in answer.words


@pytest.mark.parametrize(("path", "is_json"), [("/sign-in", False), ("/api/v1/images/zip", True)])
def test_more_fields_than_are_taken_get_a_sentence(visitor, path, is_json):
    visitor.ask("POST", "/sign-in", visitor.open_sign_in())
    answer = visitor.ask("POST", path, {f"field{number}": "1" for number in range(1001)})
    assert answer.status == 400
    assert "More was sent at once" in (answer.json()["message"] if is_json else answer.words)


@pytest.mark.django_db
def test_a_failure_of_the_program_is_a_page_of_ours(settings):
    settings.ROOT_URLCONF = "microscope.tests.failing_urls"
    client = Client(raise_request_exception=False)
    assert "The program failed. Its log says more." in client.get("/fails").content.decode()
    assert "This request is not valid." in client.get("/suspicious").content.decode()


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/v1/auth/login"), ("POST", "/api/v1/camera/capture"), ("GET", "/api/v1/images")]
)
def test_with_https_a_call_in_clear_is_refused_and_not_sent_elsewhere(secure_visitor, method, path):
    for headers in ({}, {"X_Forwarded_Proto": "http"}):
        answer = secure_visitor.ask(method, path, Host=LAB, Authorization="Bearer abc", **headers)
        assert (answer.status, answer.json()["code"], answer.headers["Location"]) == (403, "https_needed", None)
        assert "https://" in answer.json()["message"] and "in clear" in answer.json()["message"]


def test_with_https_a_page_is_redirected_only_to_where_a_proxy_listens(secure_visitor):
    answer = secure_visitor.get("/images/?user=ada", Host=LAB, X_Forwarded_Proto="http")
    assert (answer.status, answer.headers["Location"]) == (302, f"https://{LAB}/images/?user=ada")
    for host, headers in [(LAB, {}), (f"{LAB}:3000", {"X_Forwarded_Proto": "http"})]:
        answer = secure_visitor.get("/images/", Host=host, **headers)
        assert (answer.status, answer.headers["Location"]) == (403, None)
        assert "https://" in answer.words and "X-Forwarded-Proto" in answer.words
    assert secure_visitor.ask("POST", "/sign-in", {}, Host=LAB, X_Forwarded_Proto="http").status == 403


def test_with_https_health_is_read_in_clear_and_the_page_that_explains_has_its_style(secure_visitor):
    assert secure_visitor.get("/health").status == 200
    assert secure_visitor.get("/static/microscope/base.css").status == 200


def test_with_https_people_sign_in_through_the_proxy_and_no_browser_is_bound_for_longer(secure_visitor):
    way = {"Host": LAB, "X_Forwarded_Proto": "https", "Origin": f"https://{LAB}"}
    answer = secure_visitor.ask("POST", "/sign-in", secure_visitor.open_sign_in(**way), **way)
    assert answer.status == 302
    assert all("Secure" in cookie for cookie in answer.headers.get_all("Set-Cookie"))
    assert answer.headers["Strict-Transport-Security"] is None


def test_a_browser_is_bound_to_https_only_as_long_as_asked_and_for_this_host_alone(client, settings):
    settings.SECURE_HSTS_SECONDS = 3600
    assert client.get("/sign-in", secure=True)["Strict-Transport-Security"] == "max-age=3600"
