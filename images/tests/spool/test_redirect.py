"""Programs and downloads are sent to the store itself, for a minute; pages and strangers are not."""

from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from images.tests.job_exports import content_of
from images.tests.spool.conftest import file_of, key, spoil_object


@pytest.fixture
def redirecting(settings):
    settings.S3_PROXY = False


def test_a_program_is_sent_to_a_real_store_for_a_minute(real, redirecting, client, images, was):
    real.evict_all()
    answer = client.get(file_of(images[0]))
    assert (answer.status_code, answer.headers["ETag"]) == (302, f'"{images[0].sha256}"')
    assert answer.headers["Cache-Control"] == "private, no-store"
    link = answer.headers["Location"]
    assert parse_qs(urlsplit(link).query)["X-Amz-Expires"] == ["60"]
    with urlopen(link, timeout=60) as sent:
        assert sent.read() == was[images[0].pk]
        assert images[0].filename in sent.headers["Content-Disposition"]
        assert sent.headers["Content-Type"] == "image/jpeg"
    same = client.get(file_of(images[0]), headers={"if-none-match": f'"{images[0].sha256}"'})
    assert same.status_code == 304


def test_a_page_and_a_stranger_are_never_sent_away(away, redirecting, browser, images, was):
    """Pages take nothing from elsewhere, and a link for a stranger ends when it is revoked."""
    assert content_of(browser.get(file_of(images[0]), headers={"accept": "image/*"})) == was[images[0].pk]
    downloaded = browser.get(file_of(images[0]), headers={"accept": "text/html,*/*;q=0.8"})
    assert downloaded.status_code == 302


def test_nobody_is_sent_to_an_object_that_is_gone_or_another(away, redirecting, liar, client, images):
    del liar.objects[key(images[0])]
    spoil_object(liar, images[1])
    liar.metadata[key(images[1])] = "of somebody else"
    assert client.get(file_of(images[0])).json()["code"] == "original_lost"
    assert client.get(file_of(images[1])).json()["code"] == "original_changed_in_store"


def test_what_is_here_is_served_from_here(lying, redirecting, liar, client, images, was):
    lying.go_on()
    liar.seen.clear()
    assert content_of(client.get(file_of(images[0]))) == was[images[0].pk]
    assert liar.seen == []


def test_a_pc_alone_asks_the_database_no_more_than_before(archive, client, image):
    """Who asks, and for which image."""
    content_of(client.get(file_of(image)))
    with CaptureQueriesContext(connection) as asked:
        content_of(client.get(file_of(image)))
    assert len([query for query in asked if 'FROM "images"' in query["sql"]]) == 1
    assert not any("UPDATE" in query["sql"] for query in asked)
