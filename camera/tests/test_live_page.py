"""What the server writes into the live page. What the page then does is tested in a browser."""

import re

import pytest
from django.conf import settings

pytestmark = pytest.mark.django_db


@pytest.fixture
def live_page(client, camera):
    def get(user) -> str:
        client.force_login(user)
        response = client.get("/")
        assert response.status_code == 200
        return response.content.decode()

    return get


def tag_with_id(page: str, identifier: str) -> str:
    return re.search(rf'<[^>]*\bid="{identifier}"[^>]*>', page).group()


def test_it_needs_sign_in(client):
    assert client.get("/")["Location"] == "/sign-in?next=/"


def test_it_is_for_those_who_may_view(client, make_user, camera):
    client.force_login(make_user("nemo"))
    response = client.get("/")
    assert response.status_code == 403
    assert "Ask a manager" in response.content.decode()


def test_an_operator_may_capture(live_page, operator):
    page = live_page(operator)
    assert "data-may-capture" in tag_with_id(page, "live")
    assert "disabled" not in tag_with_id(page, "capture")


def test_a_viewer_is_told_why_capture_is_off(live_page, viewer):
    page = live_page(viewer)
    assert "data-may-capture" not in tag_with_id(page, "live")
    assert "disabled hidden" in tag_with_id(page, "capture")
    assert "Skip to Capture" not in page
    assert "Viewers can watch but not capture." in page


def test_settings_are_locked_until_the_camera_is_known(live_page, operator):
    assert "disabled" in tag_with_id(live_page(operator), "settings")


def test_the_shape_of_the_picture_is_known_before_the_first_frame(live_page, operator, camera):
    camera.limits()
    live = tag_with_id(live_page(operator), "live")
    assert 'data-width="320" data-height="240"' in live


def test_no_shape_is_invented_for_a_camera_never_opened(live_page, operator):
    assert "data-width" not in tag_with_id(live_page(operator), "live")


def test_a_simulated_camera_marks_stage_button_and_status(live_page, operator, camera):
    camera.limits()
    page = live_page(operator)
    assert "data-simulated" in tag_with_id(page, "live")
    assert "Capture simulated" in page
    assert "hidden" not in tag_with_id(page, "status-simulated")


def test_without_scripts_the_stream_still_shows(live_page, operator):
    assert re.search(r'<noscript><img[^>]* src="/api/v1/camera/live"', live_page(operator))


def test_the_formats_and_quality_offered_are_those_of_the_settings(live_page, operator, settings):
    settings.IMAGE_FORMAT, settings.IMAGE_QUALITY = "png", 80
    page = live_page(operator)
    assert re.search(r'value="png" checked', page)
    assert 'value="80"' in tag_with_id(page, "quality")


def test_the_scale_bar_is_absent_while_the_scale_is_unknown(live_page, operator):
    page = live_page(operator)
    assert "hidden" in tag_with_id(page, "scale-bar")
    assert "disabled" in tag_with_id(page, "tool-scale")


def test_region_and_format_are_locked_and_unseen_until_the_camera_says_what_it_offers(live_page, operator):
    page = live_page(operator)
    assert "hidden" in tag_with_id(page, "geometry")
    assert "disabled" in tag_with_id(page, "geometry-fields")
    for name in ("roi", "binning", "depth", "flip", "rotation", "gamma", "gains"):
        assert "hidden" in tag_with_id(page, f"setting-{name}")
        assert 'role="status"' in tag_with_id(page, f"{name}-note")


def test_a_viewer_gets_the_fields_of_the_region_but_nothing_to_draw_one(live_page, operator, viewer):
    drawing = ("draw-region", "whole-sensor", "region", "region-apply", "region-cancel")
    page = live_page(viewer)
    assert tag_with_id(page, "roi-width")
    assert [name for name in drawing if f'id="{name}"' in page] == []
    page = live_page(operator)
    assert [name for name in drawing if f'id="{name}"' not in page] == []


def test_every_field_has_a_label(live_page, operator):
    page = live_page(operator)
    labelled = set(re.findall(r'<label[^>]* for="([\w-]+)"', page))
    for field in re.findall(r"<(?:input|select)[^>]*>", page):
        identifier = re.search(r'\bid="([\w-]+)"', field)
        is_within_label = 'type="radio"' in field or 'id="quality"' in field or 'type="hidden"' in field
        assert is_within_label or "aria-label" in field or identifier.group(1) in labelled, field


def test_only_the_page_polls_that_has_no_stream(client, live_page, operator):
    assert "data-poll-camera" not in tag_with_id(live_page(operator), "status")
    assert "data-poll-camera" in tag_with_id(client.get("/profile").content.decode(), "status")


def test_signing_in_gives_the_page_the_token_its_calls_need(client, live_page, operator):
    live_page(operator)
    assert client.cookies[settings.CSRF_COOKIE_NAME].value


def test_the_page_obeys_the_policy_it_is_sent_with(client, live_page, operator):
    page = live_page(operator)
    assert "default-src 'self'" in client.get("/")["Content-Security-Policy"]
    assert re.findall(r'<script(?! type="module" src="/static/)', page) == []
