"""Personal tokens are made, listed and revoked, by the API and on the profile page."""

import pytest

from accounts.models import PersonalToken
from accounts.tests.personal_tokens.scripts import TOKENS, ask, told
from microscope.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]


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
