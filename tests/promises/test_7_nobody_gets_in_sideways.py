"""Promise 7: the ways around the door. Other sites' pages, paths that climb, headers and bodies made to be misread."""

import json
from pathlib import Path

import pytest
from django.test import Client
from rest_framework.test import APIClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]

ELSEWHERE = "https://evil.example"
LOGIN = "/api/v1/auth/login"
OBJECTIVE = "00000000-0000-4000-8000-000000000000"
WRITES = [
    ("POST", "/api/v1/camera/capture"),
    ("PATCH", "/api/v1/camera/settings"),
    ("POST", "/api/v1/camera/auto-exposure"),
    ("POST", "/api/v1/camera/white-balance"),
    ("POST", "/api/v1/camera/live/link"),
    ("POST", "/api/v1/control"),
    ("PATCH", "/api/v1/control"),
    ("DELETE", "/api/v1/control"),
    ("POST", "/api/v1/control/ask"),
    ("DELETE", "/api/v1/control/ask"),
    ("POST", "/api/v1/control/answer"),
    ("POST", "/api/v1/control/take"),
    ("POST", "/api/v1/objectives"),
    ("PATCH", f"/api/v1/objectives/{OBJECTIVE}"),
    ("POST", f"/api/v1/objectives/{OBJECTIVE}/calibrations"),
    ("POST", "/api/v1/images/1/link"),
    ("PATCH", "/api/v1/images/1"),
    ("DELETE", "/api/v1/images/1"),
    ("POST", "/api/v1/images/1/restore"),
    ("POST", "/api/v1/images/1/verify"),
    ("POST", "/api/v1/images/zip"),
    ("POST", "/api/v1/images/bin"),
    ("POST", "/api/v1/images/restore"),
    ("POST", "/api/v1/images/bin/empty"),
    ("POST", "/api/v1/storage/evict"),
    ("POST", "/api/v1/jobs"),
    ("POST", "/api/v1/jobs/estimate"),
    *(("POST", f"/api/v1/jobs/2/{act}") for act in ("pause", "continue", "move", "stop", "next-plane")),
    ("POST", "/api/v1/share-links"),
    ("DELETE", "/api/v1/share-links/4"),
    ("POST", "/api/v1/auth/logout"),
    ("POST", "/api/v1/auth/tokens"),
    ("DELETE", "/api/v1/auth/tokens/3"),
    ("POST", "/profile"),
    ("POST", "/profile/tokens/3/revoke"),
    ("POST", "/profile/password"),
    *(("POST", f"/setup/{step}") for step in ("pictures/", "camera/", "camera/look", "picture/", "finish")),
    ("POST", "/sign-out"),
    ("POST", "/sign-in"),
    ("POST", "/admin/login/"),
    ("POST", "/admin/accounts/user/add/"),
]
CLIMBS = ["..", "../", "..%2f", "%2e%2e/", "....//", "..\\", "..%5c", "/", "//", "%00", "..;/", "%252e%252e/", "C:/"]


def fill_in(address: str, places: dict[str, str]) -> str:
    for value, place in places.items():
        address = address.replace(value, place)
    return address


class TestOtherSites:
    @pytest.mark.parametrize(("method", "address"), WRITES)
    @pytest.mark.parametrize("as_form", [False, True])
    def test_a_page_elsewhere_cannot_write_with_somebodys_session(self, administrator, method, address, as_form):
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(administrator)
        content_type = "application/x-www-form-urlencoded" if as_form else "application/json"
        response = client.generic(method, address, "" if as_form else "{}", content_type, HTTP_ORIGIN=ELSEWHERE)
        assert response.status_code == 403

    def test_every_address_that_writes_is_tried(self):
        from tests.promises.routes import API

        reading = {"GET"}
        written = {(method, route) for route, needs in API.items() for method in set(needs) - reading}
        places = {
            "/1": "/<int:image_id>",
            "/2/": "/<int:job_id>/",
            "/3": "/<int:token_id>",
            "/4": "/<int:link_id>",
            OBJECTIVE: "<uuid:objective_id>",
        }
        tried = {(method, fill_in(address, places)) for method, address in WRITES}
        signing_in = {("POST", LOGIN), ("POST", "/api/v1/auth/refresh")}
        assert written - signing_in <= tried

    @pytest.mark.parametrize("address", ["/api/v1/images", "/api/v1/auth/me", "/health", "/sign-in", LOGIN])
    @pytest.mark.parametrize("origin", [ELSEWHERE, "null", "http://localhost.evil.example", "http://localhost:9"])
    def test_an_origin_elsewhere_may_read_nothing(self, client, administrator, address, origin):
        client.force_login(administrator)
        preflight = {
            "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST",
            "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "authorization",
        }
        for response in (
            client.get(address, HTTP_ORIGIN=origin),
            client.options(address, HTTP_ORIGIN=origin, **preflight),
        ):
            assert not [name for name in response.headers if name.lower().startswith("access-control-")]

    @pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "", "a b"])
    def test_another_host_name_is_refused(self, client, host):
        response = client.get("/sign-in", HTTP_HOST=host)
        assert response.status_code == 400
        assert "evil" not in response.content.decode()

    @pytest.mark.parametrize(
        "address", ["/sign-in", "/sign-out", "/admin/login/", "/admin/logout/", "/profile/password"]
    )
    @pytest.mark.parametrize(
        "goal", [ELSEWHERE, "//evil.example", "/\\evil.example", "http:evil.example", "\t//evil.example"]
    )
    def test_nobody_is_led_elsewhere(self, administrator, address, goal):
        password = "a-better-password-7"
        form = {"username": "root", "password": "root-password", "next": goal}
        form |= {"old_password": "root-password", "new_password1": password, "new_password2": password}
        client = Client()
        if address not in ("/sign-in", "/admin/login/"):
            client.force_login(administrator)
        response = client.post(f"{address}?next={goal}", form)
        assert response.status_code in (200, 302)
        assert "evil" not in response.get("Location", "")
        if address == "/sign-in":
            assert response.get("Location") == "/", "it did sign in"
            assert "evil" not in client.get("/sign-in", {"next": goal}).get("Location", ""), "who has signed in before"

    def test_a_header_about_the_host_does_not_get_into_any_address(self, client, administrator, cheap_row):
        for number in range(2):
            cheap_row(f"capture_20250116_103045_{number:03d}.jpg")
        client.force_login(administrator)
        lies = {"HTTP_X_FORWARDED_HOST": "evil.example", "HTTP_FORWARDED": "host=evil.example"}
        page = client.get("/api/v1/images?limit=1", **lies)
        assert page.json()["next"] and "evil" not in page.content.decode()
        lines = client.post(f"/api/v1/images/{page.json()['results'][0]['imageId']}/link", **lies)
        assert "http://testserver/" in lines.content.decode() and "evil" not in lines.content.decode()


class TestPaths:
    @pytest.mark.parametrize("climb", CLIMBS)
    @pytest.mark.parametrize(
        "address",
        [
            *("/static/{}secret-key", "/static/microscope/{}{}{}secret-key", "/static/{}{}{}{}{}etc/passwd"),
            *("/api/v1/images/{}", "/api/v1/images/{}/file", "/api/v1/images/1{}/thumbnail", "/images/{}/"),
        ],
    )
    def test_no_path_leads_out(self, client, administrator, settings, climb, address):
        client.force_login(administrator)
        response = client.get(address.replace("{}", climb))
        content = b"".join(response) if response.streaming else response.content
        assert response.status_code in (200, 301, 302, 400, 404)
        assert settings.SECRET_KEY.encode() not in content and b"root:" not in content
        assert response.status_code != 200 or address.startswith("/api/v1/images/{}") or address == "/images/{}/"

    @pytest.mark.parametrize("value", ["../../etc/passwd", "\0", "%00", "1|1|1", "-1", "9" * 40, "é", "a" * 5000])
    @pytest.mark.parametrize("name", ["cursor", "limit", "user", "job", "text", "format", "capturedAfter", "ids"])
    @pytest.mark.parametrize("address", ["/api/v1/images", "/api/v1/images/zip", "/images/"])
    def test_a_parameter_made_to_be_misread_is_refused_or_finds_nothing(
        self, client, administrator, address, name, value
    ):
        client.force_login(administrator)
        assert client.get(address, {name: value}).status_code in (200, 400)

    @pytest.mark.parametrize("filename", ["../../secret-key", "/etc/passwd", "..\\..\\secret-key", "secret-key"])
    def test_a_row_that_names_a_file_elsewhere_opens_no_door(self, client, administrator, cheap_row, filename):
        client.force_login(administrator)
        image = cheap_row(filename)
        for part in ("file", "thumbnail"):
            assert client.get(f"/api/v1/images/{image.pk}/{part}").json()["code"] == "impossible_name"
        assert client.post(f"/api/v1/images/{image.pk}/verify").json()["code"] == "impossible_name"

    def test_removing_such_a_row_removes_nothing_else(self, client, administrator, archive, cheap_row, tmp_path):
        archive.check()
        (tmp_path / "precious").write_text("kept")
        image = cheap_row("../precious")
        client.force_login(administrator)
        client.delete(f"/api/v1/images/{image.pk}")
        client.post("/api/v1/images/bin/empty")
        assert (tmp_path / "precious").read_text() == "kept"


@pytest.fixture
def cheap_row(operator):
    """cheap_row(filename) makes a row without a file."""
    from images.models import Image
    from images.tests.frames import TAKEN_AT

    fields = {
        "captured_at": TAKEN_AT,
        "image_format": "jpg",
        "is_simulated": True,
        "user": operator,
        "exposure_ms": 1,
        "gain_db": 0,
        "file_size": 1,
        "width": 1,
        "height": 1,
        "sha256": "x",
    }

    def make(filename: str) -> Image:
        return Image.objects.create(filename=filename, thumbnail_path=filename, **fields)

    return make


class TestBodiesAndHeaders:
    @pytest.mark.parametrize("deep", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000])
    @pytest.mark.parametrize("address", [LOGIN, "/api/v1/camera/capture", "/api/v1/images/bin", "/api/v1/images/zip"])
    def test_json_nested_deeply_is_the_askers_fault(self, api, operator, address, deep):
        response = api(operator).post(address, deep, content_type="application/json")
        assert (response.status_code, response.json()["code"]) == (400, "parse_error")

    @pytest.mark.parametrize(
        "body", ["null", "1", '"x"', "[]", "[{}]", "", "{", "nul", '{"username": NaN}', "\x00", "1" * 9999]
    )
    @pytest.mark.parametrize(
        "address", [LOGIN, "/api/v1/auth/refresh", "/api/v1/auth/logout", "/api/v1/images/bin", "/api/v1/images/zip"]
    )
    def test_json_of_another_kind_is_refused(self, api, operator, address, body):
        response = api(operator).post(address, body, content_type="application/json")
        assert response.status_code == 400, response.content

    @pytest.mark.parametrize("content_type", ["text/plain", "application/xml", "multipart/form-data; boundary=x"])
    def test_another_kind_of_body_is_refused(self, api, operator, content_type):
        response = api(operator).post("/api/v1/camera/capture", "<x/>", content_type=content_type)
        assert response.status_code in (400, 415)

    def test_a_form_that_is_too_large_is_refused(self, client):
        response = client.post("/sign-in", {"username": "x" * 3_000_000, "password": "x"})
        assert response.status_code == 400

    @pytest.mark.parametrize(
        "authorization", ["Bearer", "Bearer ", "Bearer a b", "Basic cm9vdDpyb290", "Bearer é", "é"]
    )
    def test_a_broken_authorization_is_no_authorization(self, client, authorization):
        assert client.get("/api/v1/images", HTTP_AUTHORIZATION=authorization).status_code == 401

    @pytest.mark.parametrize("filename", ['a".jpg', "a\r\nSet-Cookie: x=1.jpg", "a;b.jpg", "ä.jpg"])
    def test_a_filename_cannot_write_headers(self, client, administrator, archive, cheap_row, filename):
        image = cheap_row(filename)
        client.force_login(administrator)
        response = client.get(f"/api/v1/images/{image.pk}/file")
        assert response.json()["code"] == "impossible_name"
        for address in ("file?as=png", "thumbnail"):
            assert client.get(f"/api/v1/images/{image.pk}/{address}").json()["code"] == "impossible_name"
        for asked in ({"ids": image.pk}, {"ids": image.pk, "as": "png"}):
            response = client.get("/api/v1/images/zip", asked)
            assert response.status_code == 200 and b"".join(response)
            assert "a" not in response.cookies and image.filename not in response["Content-Disposition"]

    @pytest.mark.parametrize(
        "username", ['<script>alert("x")</script>', "a\r\nX-Evil: 1", '"><img src=x onerror=alert(1)>']
    )
    def test_a_user_name_stays_text_wherever_it_is_shown(self, client, make_user, username):
        user = make_user("eve", "managers", is_staff=True)
        type(user).objects.filter(pk=user.pk).update(username=username)
        client.force_login(user)
        for address in ("/", "/images/", "/profile", "/admin/", "/api/v1/auth/me"):
            response = client.get(address)
            assert response.status_code == 200
            assert "X-Evil" not in response.headers
            if not address.startswith("/api/"):
                assert "<script>alert" not in response.content.decode()
                assert "<img src=x" not in response.content.decode()

    def test_what_is_answered_is_never_taken_for_something_else(self, client, administrator, archive):
        client.force_login(administrator)
        for address in ("/", "/sign-in", "/health", "/api/v1/images", "/admin/", "/static/microscope/base.css"):
            headers = client.get(address).headers
            assert headers["X-Content-Type-Options"] == "nosniff", address
        assert client.get("/").headers["X-Frame-Options"] == "DENY"

    def test_errors_say_nothing_of_the_inside(self, client):
        for address in ("/nothing", "/api/v1/nothing", "/api/v1/images/x"):
            said = client.get(address).content.decode().lower()
            assert not [
                word for word in ("traceback", "django", str(Path(__file__).parents[2]).lower()) if word in said
            ]

    def test_an_answer_of_json_is_json(self, client):
        assert json.loads(client.get("/api/v1/nothing").content)["statusCode"] == 404
