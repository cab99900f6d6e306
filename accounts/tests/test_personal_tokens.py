"""Personal tokens: a script shows one instead of a password. It opens no more than its user may, and ends at once."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import PersonalToken
from accounts.personal_tokens.tokens import ENDED_ARE_KEPT_FOR, forget_ended_tokens, make_token
from accounts.throttling import MAX_BY_ADDRESS
from camera.live.admission import admit, find_lapsed
from images.tests.conftest import keep_image, keep_original  # noqa: F401 (fixtures)
from microscope.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]
TOKENS, ME, CAPTURE = "/api/v1/auth/tokens", "/api/v1/auth/me", "/api/v1/camera/capture"


def bearer(text: str, address: str = "10.2.4.11") -> APIClient:
    client = APIClient(REMOTE_ADDR=address)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def ask(text: str, method: str = "get", address: str = ME, body: dict | None = None):
    return getattr(bearer(text), method)(address, body, format="json")


def told(response) -> tuple[int, str]:
    body = response.json()
    assert set(body) == {"statusCode", "code", "message", "errors"} and body["message"].endswith(".")
    return response.status_code, body["code"]


@pytest.fixture
def scripts(operator):
    """scripts("capture") returns the text of a token of ada."""
    return lambda scope="view", days=30, user=operator: make_token(user, f"{scope} {days}", scope, days)[1]


def move_end(ago: timedelta) -> None:
    PersonalToken.objects.update(expires_at=timezone.now() - ago)


class TestWhatATokenOpens:
    def test_it_signs_its_user_in(self, scripts):
        assert ask(scripts()).json()["username"] == "ada"

    def test_to_view_opens_what_only_reads(self, scripts, keep_image, operator):  # noqa: F811
        text, image = scripts("view"), keep_image(user=operator)
        for address in ("/api/v1/images", "/api/v1/camera", f"/api/v1/images/{image.pk}/file", "/api/schema"):
            assert ask(text, address=address).status_code == 200
        assert ask(text).json()["canCapture"] is False
        for method, address in [
            *(("post", CAPTURE), ("patch", "/api/v1/camera/settings"), ("post", f"/api/v1/images/{image.pk}/link")),
            *(("patch", f"/api/v1/images/{image.pk}"), ("delete", f"/api/v1/images/{image.pk}")),
        ]:
            assert told(ask(text, method, address, {})) == (403, "beyond_token")
        image.refresh_from_db()
        assert image.binned_at is None

    def test_to_capture_opens_the_camera(self, scripts):
        text = scripts("capture")
        assert ask(text, "post", CAPTURE, {"exposure": 2}).status_code == 201
        assert ask(text, "patch", "/api/v1/camera/settings", {"gain": 1}).status_code == 200

    def test_no_token_of_a_manager_or_administrator_does_more_than_operators_may(
        self,
        scripts,
        make_user,
        administrator,
        keep_image,  # noqa: F811
        operator,
    ):
        of_another = keep_image(user=operator)
        for user in (make_user("grace", "managers"), administrator):
            text = scripts("capture", user=user)
            assert ask(text, "post", CAPTURE, {}).status_code == 201
            for method, address in [
                *(("delete", f"/api/v1/images/{of_another.pk}"), ("patch", f"/api/v1/images/{of_another.pk}")),
                *(("post", "/api/v1/images/bin/empty"), ("post", "/api/v1/objectives")),
            ]:
                assert ask(text, method, address, {"note": "x"}).status_code == 403, address

    def test_it_loses_what_its_user_loses(self, scripts, operator):
        text = scripts("capture")
        operator.groups.set(Group.objects.filter(name="viewers"))
        assert ask(text, "post", CAPTURE, {}).status_code == 403
        assert ask(text, address="/api/v1/images").status_code == 200
        operator.groups.clear()
        assert ask(text, address="/api/v1/images").status_code == 403

    def test_it_makes_lists_and_revokes_no_token_and_signs_nobody_out(self, scripts):
        text = scripts("capture")
        number = PersonalToken.objects.get().pk
        for method, address in [("post", TOKENS), ("get", TOKENS), ("delete", f"{TOKENS}/{number}")]:
            assert told(ask(text, method, address, {"name": "more"})) == (403, "beyond_token")
        assert told(ask(text, "post", "/api/v1/auth/logout", {"refresh": "x"})) == (403, "beyond_token")
        assert PersonalToken.objects.count() == 1

    def test_it_opens_no_page_and_no_admin(self, scripts, administrator):
        text = scripts("capture", user=administrator)
        for address in ("/images/", "/profile", "/admin/"):
            assert ask(text, address=address).status_code == 302


class TestHowATokenEnds:
    def test_revoked_it_opens_nothing_from_that_moment_on(self, scripts, api, operator):
        text = scripts()
        assert ask(text).status_code == 200
        assert api(operator).delete(f"{TOKENS}/{PersonalToken.objects.get().pk}").status_code == 204
        assert told(ask(text)) == (401, "token_revoked")
        assert "“view 30” was revoked" in ask(text).json()["message"]

    def test_after_its_last_day(self, scripts):
        text = scripts()
        move_end(timedelta(seconds=1))
        assert told(ask(text)) == (401, "token_expired")
        assert "Make a new one on the profile page" in ask(text).json()["message"]

    def test_with_the_account_and_for_good(self, scripts, operator):
        text = scripts()
        operator.is_active = False
        operator.save()
        assert told(ask(text)) == (401, "account_ended")
        operator.is_active = True
        operator.save()
        assert told(ask(text)) == (401, "token_revoked")

    def test_also_if_the_account_ends_past_the_model(self, scripts, operator):
        text = scripts()
        type(operator).objects.update(is_active=False)
        assert told(ask(text)) == (401, "account_ended")

    def test_a_capture_with_an_ended_token_takes_no_picture(self, scripts, archive):
        text = scripts("capture")
        move_end(timedelta(days=1))
        assert told(ask(text, "post", CAPTURE, {})) == (401, "token_expired")
        assert not archive.root.exists() or not list(archive.root.rglob("capture_*"))

    def test_a_live_stream_ends_when_its_token_is_revoked(self, scripts, operator):
        scripts()
        token = PersonalToken.objects.get()
        watching = admit(operator, has_sign_in_ended=token.has_ended)
        assert find_lapsed([watching]) == set()
        PersonalToken.objects.update(revoked_at=timezone.now())
        assert find_lapsed([watching]) == {watching}

    def test_another_password_leaves_it_alone(self, scripts, operator):
        text = scripts()
        operator.set_password("another-password-9")
        operator.save()
        assert ask(text).status_code == 200

    def test_ended_ones_are_forgotten_after_ninety_days(self, scripts):
        scripts(), scripts("capture")
        move_end(ENDED_ARE_KEPT_FOR - timedelta(days=1))
        assert forget_ended_tokens() == 0
        move_end(ENDED_ARE_KEPT_FOR + timedelta(days=1))
        assert forget_ended_tokens() == 2


class TestGuessing:
    @pytest.mark.parametrize("text", ["msc_", "msc_x", "msc_é", "msc_" + "a" * 5000, "msc_\0", "msc_a b"])
    def test_what_is_no_token_opens_nothing(self, scripts, text):
        scripts()
        response = ask(text)
        assert told(response) == (401, "token_unknown")
        assert response["WWW-Authenticate"].startswith("Bearer")

    def test_who_guesses_has_to_wait_and_who_has_a_token_does_not(self, scripts):
        text, ended = scripts(), scripts("capture")
        PersonalToken.objects.filter(scope="capture").update(revoked_at=timezone.now())
        for _ in range(MAX_BY_ADDRESS):
            assert ask("msc_guess").status_code == 401
        response = ask("msc_guess")
        assert told(response) == (429, "too_many_attempts") and int(response["Retry-After"]) > 0
        assert ask(text).status_code == 200
        assert told(ask(ended)) == (401, "token_revoked")

    def test_the_database_holds_no_text_that_opens_anything(self, scripts):
        text, row = scripts(), PersonalToken.objects.values().get()
        assert text not in str(row) and text.startswith(row["prefix"]) and len(row["prefix"]) == 8
        assert ask(row["secret_hash"]).status_code == 401
        assert told(ask("msc_" + row["secret_hash"])) == (401, "token_unknown")


class TestLastUse:
    def test_it_is_noted_at_most_once_a_minute(self, scripts):
        text = scripts()
        ask(text)
        token = PersonalToken.objects.get()
        assert token.last_used_from == "10.2.4.11"
        with CaptureQueriesContext(
            connection,
        ) as queries:
            bearer(text, "10.2.4.99").get(ME)
        assert not [one["sql"] for one in queries if one["sql"].startswith("UPDATE")]
        PersonalToken.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
        bearer(text, "10.2.4.99").get(ME)
        assert PersonalToken.objects.get().last_used_from == "10.2.4.99"

    def test_a_disk_that_is_full_keeps_no_script_from_reading(self, scripts):
        text = scripts()

        def refuse(execute, sql, params, many, context):
            if sql.startswith("UPDATE"):
                raise OperationalError("database or disk is full")
            return execute(sql, params, many, context)

        with connection.execute_wrapper(refuse):
            assert ask(text).status_code == 200


class TestApi:
    def test_a_token_is_shown_once_and_then_listed_without_its_text(self, api, operator):
        made = api(operator).post(TOKENS, {"name": " night_scan.py ", "scope": "capture", "days": 7}, format="json")
        assert made.status_code == 201
        assert ask(made.json()["token"]).status_code == 200
        listed = api(operator).get(TOKENS)
        assert made.json()["token"] not in listed.content.decode()
        assert [(one["name"], one["scope"], one["revokedAt"]) for one in listed.json()] == [
            ("night_scan.py", "capture", None)
        ]

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"name": ""}, "name"),
            ({"name": "x" * 61}, "name"),
            ({"name": "a", "scope": "everything"}, "scope"),
            ({"name": "a", "days": 0}, "days"),
            ({"name": "a", "days": 367}, "days"),
            ({"name": "view 30"}, "name"),
        ],
    )
    def test_what_cannot_be_made_is_refused_by_field(self, scripts, api, operator, body, field):
        scripts()
        response = api(operator).post(TOKENS, body, format="json")
        assert told(response)[0] == 400 and field in response.json()["errors"]
        assert PersonalToken.objects.count() == 1

    def test_who_may_not_capture_makes_no_token_that_may(self, api, viewer):
        response = api(viewer).post(TOKENS, {"name": "a", "scope": "capture"}, format="json")
        assert told(response) == (400, "bad_token") and "scope" in response.json()["errors"]

    def test_nobody_sees_or_revokes_the_tokens_of_another(self, scripts, api, administrator):
        text, number = scripts(), PersonalToken.objects.get().pk
        assert api(administrator).get(TOKENS).json() == []
        assert told(api(administrator).delete(f"{TOKENS}/{number}")) == (404, "token_missing")
        assert ask(text).status_code == 200

    def test_the_audit_log_names_both_ends(self, api, operator):
        made = api(operator).post(TOKENS, {"name": "scan"}, format="json").json()
        for _ in range(2):
            api(operator).delete(f"{TOKENS}/{made['id']}")
        entries = AuditEntry.objects.filter(what__startswith="token").order_by("pk")
        assert [(one.who, one.what, one.object) for one in entries] == [
            ("ada", "token_made", "scan"),
            ("ada", "token_revoked", "scan"),
        ]
        assert made["token"] not in str(list(entries.values()))


class TestPage:
    def make(self, client, **fields):
        return client.post("/profile", {"name": "night_scan.py", "scope": "view", "days": "90", **fields})

    def test_a_new_token_is_shown_this_once(self, client, operator):
        client.force_login(operator)
        shown = self.make(client).content.decode()
        text = shown.split('readonly value="')[1].split('"')[0]
        assert ask(text).status_code == 200
        assert "it is shown only this once" in shown
        assert text not in client.get("/profile").content.decode()

    def test_the_page_sent_again_makes_no_second_one(self, client, operator):
        client.force_login(operator)
        self.make(client)
        assert "You have a token “night_scan.py” already" in self.make(client).content.decode()
        assert PersonalToken.objects.count() == 1

    @pytest.mark.parametrize("fields", [{"name": ""}, {"scope": "x"}, {"days": "7"}, {"days": ""}])
    def test_a_bad_form_says_why_and_makes_nothing(self, client, operator, fields):
        client.force_login(operator)
        assert 'role="alert"' in self.make(client, **fields).content.decode()
        assert not PersonalToken.objects.exists()

    def test_revoking_takes_one_press(self, client, operator, scripts):
        text, token = scripts(), PersonalToken.objects.get()
        client.force_login(operator)
        assert client.post(f"/profile/tokens/{token.pk}/revoke")["Location"] == "/profile"
        shown = client.get("/profile").content.decode()
        assert "“view 30” is revoked" in shown and "revoked " in shown and f"/{token.pk}/revoke" not in shown
        assert told(ask(text)) == (401, "token_revoked")

    def test_the_token_of_another_is_not_there(self, client, administrator, scripts):
        scripts()
        client.force_login(administrator)
        assert client.post(f"/profile/tokens/{PersonalToken.objects.get().pk}/revoke").status_code == 404

    def test_viewers_are_not_offered_to_capture_and_an_end_that_is_near_is_told(self, client, viewer, scripts):
        scripts(days=5, user=viewer)
        client.force_login(viewer)
        shown = client.get("/profile").content.decode()
        assert "in 5 days" in shown and 'value="capture"' not in shown
