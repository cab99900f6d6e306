"""A PC alone asks its database nothing that only several instruments need."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from images.tests.conftest import keep_image, keep_original  # noqa: F401 (fixtures)
from microscope.start.role_checks import check_rows_of_role

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]
PAGES = ["/", "/images/", "/jobs/", "/objectives/", "/status/", "/health"]
CALLS = ["/api/v1/camera", "/api/v1/images", "/api/v1/jobs", "/api/v1/control", "/api/v1/storage"]


def test_no_query_of_a_pc_alone_is_about_instruments(client, api, administrator, keep_image):  # noqa: F811
    image = keep_image()
    client.force_login(administrator)
    with CaptureQueriesContext(connection) as asked:
        for address in [*PAGES, f"/images/{image.pk}/"]:
            assert client.get(address).status_code == 200, address
        for address in CALLS:
            assert api(administrator).get(address).status_code == 200, address
        assert api(administrator).post("/api/v1/camera/capture").status_code == 201
    assert len(asked) > 20
    assert [query["sql"] for query in asked if 'FROM "instruments"' in query["sql"]] == []


@pytest.mark.on_sqlite
def test_on_sqlite_its_start_asks_nothing_of_roles():
    with CaptureQueriesContext(connection) as asked:
        assert check_rows_of_role() == []
    assert len(asked) == 0
