from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.templatetags.admin_list import result_headers
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from images.admin.browsing import BoundedPaginator
from images.models import Image, Job
from images.tests.frames import TAKEN_AT
from microscope.models import AuditEntry

pytestmark = pytest.mark.django_db
LIST = "/admin/images/image/"


@pytest.fixture
def browse(client, administrator):
    """browse("q=x") returns the list of images as the administrator sees it."""
    client.force_login(administrator)
    return lambda query="": client.get(f"{LIST}?{query}")


@pytest.fixture
def images(keep_image, make_user) -> list[Image]:
    """Two images that differ in day, user, job and simulation."""
    grace = make_user("grace", "operators")
    job = Job.objects.create(name="wound healing", user=grace)
    day = timedelta(days=1)
    return [keep_image(is_simulated=True), keep_image(taken_at=TAKEN_AT + 40 * day, user=grace, job=job)]


def shown(response) -> list[Image]:
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def test_the_list_shows_every_image_with_its_thumbnail(browse, images):
    page = browse().content.decode()
    for image in images:
        assert image.filename in page
        assert f'src="{reverse("api-image-thumbnail", args=[image.pk])}"' in page


def test_the_admin_has_the_programs_name_and_plain_words(client, browse, images):
    page = browse().content.decode()
    assert '<a href="/admin/">Microscope</a>' in page
    assert "is simulated" not in page.lower()
    assert "<label>Picture:</label>" in client.get(f"{LIST}{images[0].pk}/change/").content.decode()


@pytest.mark.parametrize("part", ["file", "thumbnail"])
def test_the_pictures_on_the_page_are_served_to_whoever_is_signed_in(client, browse, images, part):
    assert client.get(f"/api/v1/images/{images[0].pk}/{part}").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "user__id__exact={user}",
        "job__id__exact={job}",
        "is_simulated__exact=0",
        "captured_at__gte=2025-02-25 00:00:00%2B00:00&captured_at__lt=2025-02-26 00:00:00%2B00:00",
        "captured_at__year=2025&captured_at__month=2&captured_at__day=25",
        "q=20250225",
    ],
)
def test_images_are_found_by_user_job_simulation_day_and_name(browse, images, query):
    wanted = images[1]
    assert shown(browse(query.format(user=wanted.user_id, job=wanted.job_id))) == [wanted]


def test_the_filters_and_the_days_are_offered(browse, images):
    page = browse().content.decode()
    for offered in ("By user", "By captured at", "By job", "By simulation", "January 2025", "February 2025"):
        assert offered in page


def test_the_page_of_an_image_shows_it_large_and_what_the_frame_said_and_changes_nothing(client, browse, images):
    address = f"{LIST}{images[0].pk}/change/"
    page = client.get(address).content.decode()
    assert f'src="{reverse("api-image-file", args=[images[0].pk])}"' in page
    for said in ("100 ms", "1.5 dB", images[0].sha256, "PL-D752", "significantBits"):
        assert said in page
    assert 'name="_save"' not in page
    assert client.post(address, {"filename": "other.jpg"}).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403


def test_an_image_is_found_by_what_is_said_of_it_and_its_page_says_it(client, browse, images):
    Image.objects.filter(pk=images[0].pk).update(note="seen at dusk", sample="Mouse liver")
    assert shown(browse("q=mouse+dusk")) == [images[0]]
    page = client.get(f"{LIST}{images[0].pk}/change/").content.decode()
    assert "seen at dusk" in page and "Mouse liver" in page


def test_images_are_moved_to_the_bin_and_back(client, browse, archive, images):
    chosen = {"_selected_action": [images[0].pk]}
    browse()
    assert client.post(LIST, {"action": "move_to_bin", **chosen}).status_code == 302
    assert shown(browse("binned=yes")) == [images[0]]
    assert shown(browse("binned=no")) == [images[1]]
    assert archive.path_of(images[0].filename).exists()
    client.post(LIST, {"action": "restore_from_bin", **chosen})
    assert shown(browse("binned=yes")) == []


def test_staff_who_may_not_delete_are_not_offered_the_bin(client, make_user, images):
    client.force_login(make_user("olga", "operators", is_staff=True))
    client.post(LIST, {"action": "move_to_bin", "_selected_action": [images[0].pk]})
    assert not Image.objects.in_bin().exists()


def test_staff_without_the_permission_see_and_delete_nothing(client, make_user, images):
    client.force_login(make_user("eve", is_staff=True))
    assert client.get(LIST).status_code == 403
    assert client.get(f"{LIST}{images[0].pk}/change/").status_code == 403
    assert client.post(f"{LIST}{images[0].pk}/delete/", {"post": "yes"}).status_code == 403
    assert Image.objects.count() == 2


def test_staff_who_may_view_cannot_delete(client, make_user, images):
    viewer = make_user("vera", "viewers", is_staff=True)
    client.force_login(viewer)
    assert len(shown(client.get(LIST))) == 2
    wanted = {"action": "delete_selected", "_selected_action": [images[0].pk], "post": "yes"}
    client.post(LIST, wanted)
    assert client.post(f"{LIST}{images[0].pk}/delete/", {"post": "yes"}).status_code == 403
    assert Image.objects.count() == 2
    assert not viewer.has_perm(f"images.{Permission.objects.get(codename='delete_image').codename}")


def test_users_who_are_not_staff_are_sent_to_sign_in(client, operator, images):
    client.force_login(operator)
    response = client.get(LIST)
    assert (response.status_code, response["Location"].split("?")[0]) == (302, "/admin/login/")


def test_the_number_of_queries_does_not_grow_with_the_images(browse, images, keep_image, django_assert_max_num_queries):
    for hour in range(5):
        keep_image(taken_at=TAKEN_AT + timedelta(hours=hour))
    with django_assert_max_num_queries(14):
        browse()


def test_the_list_counts_and_skips_only_as_far_as_its_pages_go(browse, images):
    with CaptureQueriesContext(connection) as captured:
        browse("p=1")
    counts = [query["sql"] for query in captured.captured_queries if "COUNT(" in query["sql"]]
    assert counts and all(f"LIMIT {BoundedPaginator.MOST + 1}" in sql for sql in counts)
    assert not any("DISTINCT" in query["sql"] for query in captured.captured_queries)


def test_only_indexed_columns_can_be_sorted(browse, images):
    offered = [header["text"] for header in result_headers(browse().context["cl"]) if header["sortable"]]
    assert offered == ["filename", "captured at"]


def test_the_date_hierarchy_offers_the_days_there_are(browse, images, keep_image):
    keep_image(taken_at=TAKEN_AT + timedelta(days=700))
    years = browse().content.decode()
    assert ">2025</a>" in years and ">2026</a>" in years and ">2024</a>" not in years
    days = browse("captured_at__year=2025&captured_at__month=2").content.decode()
    assert "February 25" in days and "February 24" not in days


def test_lists_and_forms_show_the_labs_day_and_zone_whatever_the_browsers_is(client, browse, keep_image, settings):
    """Shortly before midnight UTC it is already the next day in the lab."""
    settings.TIME_ZONE = "Europe/Berlin"
    image = keep_image(taken_at=datetime(2025, 1, 15, 23, 30, 5, tzinfo=UTC))
    AuditEntry.objects.update(at=image.captured_at)
    client.cookies["timezone"] = "Asia/Tokyo"
    own = f"{LIST}{image.pk}/change/"
    for page in (browse().content.decode(), client.get(own).content.decode()):
        assert "2025-01-16 00:30:05 CET" in page
        assert "Times in Europe/Berlin" in page
    assert "2025-01-16 00:30:05 CET" in client.get("/admin/microscope/auditentry/").content.decode()
    assert shown(browse("captured_at__year=2025&captured_at__month=1&captured_at__day=16")) == [image]
    assert shown(browse("captured_at__year=2025&captured_at__month=1&captured_at__day=15")) == []
    assert "2025-01-16" in client.get(f"/images/{image.pk}/").content.decode()
