"""Personal tokens: a script shows one instead of a password. It opens no more than its user may, and ends at once."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import PersonalToken
from accounts.personal_tokens.tokens import ENDED_ARE_KEPT_FOR, forget_ended_tokens
from accounts.tests.personal_tokens.scripts import CAPTURE, ME, TOKENS, ask, bearer, told
from accounts.throttling import MAX_BY_ADDRESS
from camera.live.admission import admit, find_lapsed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]


def move_end(ago: timedelta) -> None:
    PersonalToken.objects.update(expires_at=timezone.now() - ago)


class TestWhatATokenOpens:
    def test_it_signs_its_user_in(self, scripts):
        assert ask(scripts()).json()["username"] == "ada"

    def test_to_view_opens_what_only_reads(self, scripts, keep_image, operator):
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
        keep_image,
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
