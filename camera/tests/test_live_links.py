"""Links to the live view for programs that cannot sign in: who may use them, for how long, and what they return."""

import re
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.signing import Signer
from django.test import Client
from django.utils import timezone

from camera.live.links import LIVES_FOR, make_live_link

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("camera")]

LINK = "/api/v1/camera/live/link"
SERVER = "http://testserver"


def path_of(address: str) -> str:
    return address.removeprefix(SERVER)


def open_link(address: str, method: str = "GET"):
    """Open the link like a program that knows neither a sign-in nor cookies."""
    return Client().generic(method, path_of(address))


@pytest.fixture
def links(api, viewer) -> dict:
    response = api(viewer).post(LINK)
    assert response.status_code == 201
    return response.json()


def refused_with(address: str) -> str:
    response = open_link(address)
    assert response.status_code == 404
    return response.content.decode()


class TestTheLink:
    def test_each_address_ends_as_programs_expect_it_and_asks_nothing_else(self, links):
        assert re.fullmatch(SERVER + r"/live/[\w.-]+/live\.mjpg", links["streamUrl"])
        assert re.fullmatch(SERVER + r"/live/[\w.-]+/live\.jpg", links["frameUrl"])

    def test_it_says_until_when_it_works(self, links):
        left = datetime.fromisoformat(links["expiresAt"]) - timezone.now()
        assert LIVES_FOR - timedelta(minutes=5) < left <= LIVES_FOR

    def test_the_lines_name_its_addresses(self, links):
        assert links["imagej"] == f'open("{links["frameUrl"]}");'
        assert f'cv2.VideoCapture("{links["streamUrl"]}")' in links["opencv"]

    def test_strangers_get_none_and_those_who_may_not_watch_neither(self, api, make_user):
        assert api().post(LINK).status_code == 401
        assert api(make_user("nobody")).post(LINK).status_code == 403

    def test_behind_a_proxy_it_is_the_proxys_address(self, api, viewer, settings):
        settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
        settings.ALLOWED_HOSTS = ["scope.example"]
        asked = {"HTTP_HOST": "scope.example", "HTTP_X_FORWARDED_PROTO": "https"}
        assert api(viewer).post(LINK, **asked).json()["streamUrl"].startswith("https://scope.example/live/")


class TestWhatIsThere:
    def test_the_stream_is_mjpeg_with_nothing_but_pictures(self, links):
        response = open_link(links["streamUrl"])
        assert response["Content-Type"] == "multipart/x-mixed-replace; boundary=frame"
        head, rest = next(iter(response.streaming_content)).split(b"\r\n\r\n", 1)
        response.close()
        size = int(re.fullmatch(rb"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: (\d+)", head)[1])
        assert rest[:2] == b"\xff\xd8" and rest[size:] == b"\r\n"

    def test_the_frame_is_one_jpeg(self, links):
        response = open_link(links["frameUrl"])
        assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
        assert response.content[:2] == b"\xff\xd8" and response.content[-2:] == b"\xff\xd9"

    def test_neither_sets_a_cookie_or_may_be_kept(self, links):
        for name in ("streamUrl", "frameUrl"):
            response = open_link(links[name])
            assert not response.cookies and response["Cache-Control"] == "no-store"
            response.close()

    def test_a_head_request_makes_no_watcher(self, links, camera):
        response = open_link(links["streamUrl"], "HEAD")
        assert response.status_code == 200 and response["Content-Type"].startswith("multipart/x-mixed-replace")
        assert camera.status().state == "closed"

    @pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
    def test_it_can_only_be_read(self, links, method):
        assert open_link(links["streamUrl"], method).status_code == 405
        assert open_link(links["frameUrl"], method).status_code == 405

    def test_it_counts_as_one_who_watches(self, links):
        streams = [open_link(links["streamUrl"]) for _ in range(3)]
        crowded = open_link(links["streamUrl"])
        assert crowded.status_code == 503 and "Retry-After" in crowded
        assert "3 people are watching already" in crowded.content.decode()
        for stream in streams:
            stream.close()


@pytest.mark.parametrize("name", ["streamUrl", "frameUrl"])
class TestRefused:
    def test_a_token_that_is_wrong(self, links, name):
        head, token, end = path_of(links[name]).rsplit("/", 2)
        for wrong in (token[:-1] + ("A" if token[-1] != "A" else "B"), "x", token + ".x", token.replace("-", "--", 1)):
            assert "This link is not valid." in refused_with(f"{head}/{wrong}/{end}")

    def test_a_token_of_another_use_of_the_same_key(self, links, name, viewer):
        head, token, end = path_of(links[name]).rsplit("/", 2)
        foreign = Signer(salt="another", sep=".").sign(token.rsplit(".", 1)[0])
        assert "This link is not valid." in refused_with(f"{head}/{foreign}/{end}")

    def test_a_deactivated_user(self, links, name, viewer):
        viewer.is_active = False
        viewer.save()
        assert "may no longer watch" in refused_with(links[name])

    def test_a_user_without_the_permission(self, links, name, viewer):
        viewer.groups.clear()
        assert "may no longer watch" in refused_with(links[name])

    def test_a_user_who_is_gone(self, links, name, viewer):
        viewer.delete()
        assert "may no longer watch" in refused_with(links[name])

    def test_after_a_change_of_the_password(self, links, name, viewer):
        viewer.set_password("another-password")
        viewer.save()
        assert "has changed the password" in refused_with(links[name])

    def test_nothing_where_another_right_of_the_user_changes(self, links, name, viewer):
        viewer.groups.add(Group.objects.get(name="operators"))
        response = open_link(links[name])
        assert response.status_code == 200
        response.close()


@pytest.mark.parametrize("kind", ["stream_path", "frame_path"])
class TestTime:
    def test_it_works_up_to_its_last_minute(self, viewer, kind):
        link = make_live_link(viewer, timezone.now() - LIVES_FOR + timedelta(minutes=1))
        response = open_link(getattr(link, kind))
        assert response.status_code == 200
        response.close()

    def test_an_old_one_is_refused(self, viewer, kind):
        link = make_live_link(viewer, timezone.now() - LIVES_FOR - timedelta(seconds=1))
        assert "older than twelve hours" in refused_with(getattr(link, kind))

    def test_one_that_was_made_while_the_clock_was_ahead_does_not_live_for_longer(self, viewer, kind):
        link = make_live_link(viewer, timezone.now() + timedelta(days=400))
        assert "while the clock of the server was wrong" in refused_with(getattr(link, kind))

    def test_a_clock_that_is_put_right_by_seconds_does_no_harm(self, viewer, kind):
        link = make_live_link(viewer, timezone.now() + timedelta(seconds=30))
        response = open_link(getattr(link, kind))
        assert response.status_code == 200
        response.close()
