"""The frame of every page, sign-in and profile, and what the source of a page must not contain."""

import re
from pathlib import Path

import pytest
from django.test import RequestFactory
from django.utils.functional import SimpleLazyObject

from microscope.errors import answer

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((ROOT / "templates").rglob("*.*"))
STATIC = [path for path in sorted((ROOT / "static").rglob("*.*")) if "vendor" not in path.parts]
# The admin's own pages do not load our tokens.
STYLES = [path for path in STATIC if path.suffix == ".css" and path.name not in ("tokens.css", "admin.css")]
SCRIPTS = [path for path in STATIC if path.suffix == ".js"]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def page(client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


class TestSignIn:
    @pytest.mark.parametrize("address", ["/", "/profile", "/profile/password"])
    def test_every_page_leads_to_sign_in_and_remembers_itself(self, client, address):
        assert client.get(address)["Location"] == f"/sign-in?next={address}"

    @pytest.mark.django_db
    def test_the_way_back_keeps_its_query(self, client, operator, camera):
        goal = "/profile?from=live"
        form = client.get(client.get(goal)["Location"])
        assert f'name="next" value="{goal}"' in form.content.decode()
        signed_in = client.post("/sign-in", {"username": "ada", "password": "ada-password", "next": goal})
        assert signed_in["Location"] == goal

    @pytest.mark.django_db
    @pytest.mark.parametrize("goal", ["https://evil.example/", "//evil.example", "/\\evil.example"])
    def test_nobody_is_led_to_another_host(self, client, operator, goal):
        signed_in = client.post("/sign-in", {"username": "ada", "password": "ada-password", "next": goal})
        assert signed_in["Location"] == "/"

    @pytest.mark.django_db
    def test_a_wrong_password_keeps_the_name_and_is_told_to_screen_readers(self, client, operator, camera):
        said = client.post("/sign-in", {"username": "ada", "password": "wrong"}).content.decode()
        assert 'value="ada"' in said and 'role="alert"' in said

    @pytest.mark.django_db
    def test_it_has_neither_menu_nor_status(self, client, camera):
        shown = page(client, "/sign-in")
        assert 'id="status"' not in shown and 'id="account-menu"' not in shown


@pytest.mark.django_db
class TestProfile:
    def test_it_says_who_one_is_and_what_one_may(self, client, operator, camera):
        client.force_login(operator)
        shown = page(client, "/profile")
        assert "<h1>ada</h1>" in shown and "operators" in shown and "capture, change the camera settings" in shown

    def test_without_a_role_it_says_who_can_help(self, client, make_user, camera):
        client.force_login(make_user("nemo"))
        shown = page(client, "/profile")
        assert "An administrator can give you one" in shown and "nothing yet" in shown

    def test_a_changed_password_counts_and_the_session_stays(self, client, operator, camera):
        client.force_login(operator)
        new = "a-much-better-one-7"
        change = {"old_password": "ada-password", "new_password1": new, "new_password2": new}
        assert client.post("/profile/password", change)["Location"] == "/profile"
        assert "Password changed." in page(client, "/profile")
        operator.refresh_from_db()
        assert operator.check_password(new)

    def test_a_weak_password_is_refused_with_the_reason(self, client, operator, camera):
        client.force_login(operator)
        change = {"old_password": "ada-password", "new_password1": "1234", "new_password2": "1234"}
        said = client.post("/profile/password", change).content.decode()
        assert "too short" in said and 'role="alert"' in said
        operator.refresh_from_db()
        assert operator.check_password("ada-password")


@pytest.mark.django_db
class TestFrame:
    def test_the_administration_is_for_staff(self, client, operator, administrator, camera):
        client.force_login(operator)
        assert 'href="/admin/"' not in page(client, "/profile")
        client.force_login(administrator)
        assert 'href="/admin/"' in page(client, "/profile")

    def test_the_bin_is_for_those_who_capture(self, client, operator, viewer, camera):
        client.force_login(operator)
        assert 'href="/images/bin/"' in page(client, "/profile")
        client.force_login(viewer)
        assert 'href="/images/bin/"' not in page(client, "/profile")

    def test_one_signs_out_by_a_button(self, client, operator, camera):
        client.force_login(operator)
        assert 'method="post" action="/sign-out"' in page(client, "/profile")
        assert client.get("/sign-out").status_code == 405
        assert client.post("/sign-out")["Location"] == "/sign-in"
        assert client.get("/profile").status_code == 302

    def test_a_real_or_closed_camera_is_not_called_simulated(self, client, operator, camera):
        client.force_login(operator)
        assert re.search(r'id="simulated-badge" hidden', page(client, "/profile"))

    def test_a_simulated_camera_says_so_on_every_page(self, client, operator, camera):
        camera.limits()
        client.force_login(operator)
        for address in ("/", "/profile", "/profile/password"):
            assert 'id="simulated-badge">' in page(client, address)

    def test_every_page_has_one_heading_of_the_first_rank_and_a_main_part(self, client, operator, camera):
        client.force_login(operator)
        for address in ("/", "/profile", "/profile/password"):
            shown = page(client, address)
            assert shown.count("<h1") == 1 and shown.count("<main") == 1

    def test_an_unknown_address_keeps_the_frame(self, client, operator, camera):
        client.force_login(operator)
        response = client.get("/nowhere")
        assert response.status_code == 404
        assert 'id="account-menu"' in response.content.decode()


def test_the_page_of_a_failure_asks_nothing_of_the_database(camera):
    def fail():
        raise AssertionError("the user was looked up")

    request = RequestFactory().get("/")
    request.user = SimpleLazyObject(fail)
    said = answer(request, 503, "database_unavailable", "The database does not answer.").content.decode()
    assert "The database does not answer." in said and "</html>" in said


class TestSources:
    @pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
    def test_templates_hold_neither_script_nor_style(self, path):
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*\bsrc=)", source)
        assert not re.search(r"<style|\sstyle=|javascript:", source)
        assert not re.search(r"<\w[^>]*\son[a-z]+\s*=", source)

    @pytest.mark.parametrize("path", TEMPLATES + STATIC, ids=name_of)
    def test_nothing_comes_from_elsewhere(self, path):
        source = path.read_text(encoding="utf-8").replace("http://www.w3.org/", "")
        assert not re.search(r"https?://|[\"'(]//", source)

    @pytest.mark.parametrize("path", STYLES, ids=name_of)
    def test_colours_sizes_and_times_come_from_the_tokens(self, path):
        source = re.sub(r"/\*.*?\*/|@media[^{]*", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        values = re.findall(r"[\w-]+\s*:\s*([^;{}]+)(?=[;}])", source)
        literal = re.compile(
            r"#[0-9a-f]{3,8}\b|\b(?:rgba?|hsla?|oklch)\(|\b\d*\.?\d+(?:px|rem|em|pt|ms|s)\b|\b(?:white|black)\b"
        )
        assert [value for value in values if literal.search(value)] == []

    @pytest.mark.parametrize("path", STYLES, ids=name_of)
    def test_every_token_that_is_used_exists(self, path):
        tokens = (ROOT / "static" / "microscope" / "tokens.css").read_text(encoding="utf-8")
        source = path.read_text(encoding="utf-8")
        known = set(re.findall(r"(--[\w-]+):", tokens + source)) | {"--frame-shape"}
        assert set(re.findall(r"var\((--[\w-]+)", source)) <= known

    @pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
    def test_one_module_alone_asks_the_server(self, path):
        asks = re.search(r"\bfetch\(|XMLHttpRequest|EventSource|WebSocket", path.read_text(encoding="utf-8"))
        assert bool(asks) == (path.name == "api.js")

    @pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
    def test_modules_are_short_and_draw_no_markup_from_text(self, path):
        source = path.read_text(encoding="utf-8")
        assert len(source.splitlines()) < 250
        assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|\beval\(", source)

    @pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
    def test_every_icon_that_is_used_is_drawn(self, path):
        drawn = set(re.findall(r'id="(icon-[\w-]+)"', (ROOT / "templates/microscope/icons.svg").read_text("utf-8")))
        assert set(re.findall(r'href="#(icon-[\w-]+)"', path.read_text(encoding="utf-8"))) <= drawn

    def test_what_is_vendored_is_small_and_has_its_licence(self):
        for folder in (ROOT / "static" / "vendor").iterdir():
            assert list(folder.glob("LICENSE*")), folder
            assert all(file.stat().st_size <= 500_000 for file in folder.rglob("*") if file.is_file())
