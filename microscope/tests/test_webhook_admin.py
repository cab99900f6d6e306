"""Webhooks in the admin: who makes them, which addresses are refused, and that nobody sees a secret again."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test.utils import CaptureQueriesContext

from microscope.models import AuditEntry, Webhook
from microscope.tests.events import happen

pytestmark = pytest.mark.django_db
LIST = "/admin/microscope/webhook/"
SECRET = "a-secret-of-more-than-thirty-two-characters"
FORM = {"name": "mirror", "url": "https://lab.example/events", "new_secret": SECRET, "is_active": "on"}


@pytest.fixture
def manager(client, make_user):
    client.force_login(make_user("mary", "managers", is_staff=True))
    return client


def change_address(webhook: Webhook) -> str:
    return f"{LIST}{webhook.pk}/change/"


def seen(client, webhook: Webhook) -> str:
    return client.get(change_address(webhook)).context["adminform"].form.seen_values


def test_a_new_webhook_gets_what_happens_from_now_on(manager):
    happen(1)
    assert manager.post(f"{LIST}add/", {**FORM, "kinds": ["captured", "job_failed"]}).status_code == 302
    webhook = Webhook.objects.get()
    assert (webhook.secret, webhook.kinds) == (SECRET, ["captured", "job_failed"])
    assert webhook.delivered_through == AuditEntry.objects.latest("pk").pk


def test_nobody_sees_the_secret_again(manager):
    manager.post(f"{LIST}add/", FORM)
    webhook = Webhook.objects.get()
    form = {**FORM, "new_secret": "", "name": "renamed", "seen_values": seen(manager, webhook)}
    assert manager.post(change_address(webhook), form).status_code == 302
    webhook.refresh_from_db()
    assert (webhook.secret, webhook.name) == (SECRET, "renamed")
    broken = manager.post(change_address(webhook), {**FORM, "url": "x", "seen_values": seen(manager, webhook)})
    assert "Enter an address" in broken.content.decode()
    pages = [LIST, change_address(webhook), f"{LIST}{webhook.pk}/history/", f"{LIST}{webhook.pk}/delete/"]
    said = [broken.content.decode(), *(manager.get(address).content.decode() for address in pages)]
    said += [f"{entry.object_repr} {entry.change_message}" for entry in LogEntry.objects.all()]
    said += [str(entry.details) for entry in AuditEntry.objects.all()]
    assert all(SECRET not in text for text in said)


def test_a_change_leaves_alone_what_the_delivery_writes_and_is_tried_at_once(manager):
    manager.post(f"{LIST}add/", FORM)
    webhook = Webhook.objects.get()
    Webhook.objects.update(tries=7, last_problem="It was away.", delivered_through=5)
    form = {**FORM, "new_secret": "", "url": "https://lab.example/new", "seen_values": seen(manager, webhook)}
    with CaptureQueriesContext(connection) as queries:
        assert manager.post(change_address(webhook), form).status_code == 302
    (update,) = [query["sql"] for query in queries if query["sql"].startswith('UPDATE "webhooks"')]
    assert "delivered_through" not in update and "last_problem" not in update
    webhook.refresh_from_db()
    assert (webhook.url, webhook.tries, webhook.delivered_through) == ("https://lab.example/new", 0, 5)


@pytest.mark.parametrize(
    "url",
    [
        *("", "lab.example/events", "ftp://lab.example/", "javascript:alert(1)", "file:///etc/passwd", "https://"),
        *("https:///x", "https://lab.example:0/", "https://lab.example:99999/", "https://[::1/", "http://läb.example/"),
        *("https://lab.example/a b", "https://lab.example/\r\nX: y", "https://lab.example/#part", "http://a\0b/"),
        *("https://ada:secret@lab.example/", "https://ada@lab.example/", "https://lab.example/" + "x" * 500),
    ],
)
def test_a_bad_address_is_refused(manager, url):
    page = manager.post(f"{LIST}add/", {**FORM, "url": url})
    assert page.status_code == 200
    assert "url" in page.context["adminform"].form.errors
    assert not Webhook.objects.exists()


@pytest.mark.parametrize("secret", ["", "short", "x" * 31, "x" * 201, "\0" * 40])
def test_a_bad_secret_is_refused(manager, secret):
    page = manager.post(f"{LIST}add/", {**FORM, "new_secret": secret})
    assert set(page.context["adminform"].form.errors) == {"new_secret"}
    assert not Webhook.objects.exists()


def test_an_event_that_there_is_not_is_refused(manager):
    page = manager.post(f"{LIST}add/", {**FORM, "kinds": ["signed_in"]})
    assert set(page.context["adminform"].form.errors) == {"kinds"}


def test_what_waits_can_be_skipped(manager):
    manager.post(f"{LIST}add/", FORM)
    Webhook.objects.update(delivered_through=0, tries=3, last_problem="It was away.")
    happen(1)
    action = {"action": "skip_what_waits", "_selected_action": [Webhook.objects.get().pk]}
    assert manager.post(LIST, action).status_code == 302
    webhook = Webhook.objects.get()
    assert webhook.delivered_through == AuditEntry.objects.latest("pk").pk
    assert (webhook.tries, webhook.last_problem) == (0, "")


@pytest.mark.parametrize("role", ["viewers", "operators"])
def test_others_may_not_even_look(client, make_user, role):
    webhook = Webhook.objects.create(name="mirror", url="https://lab.example/events", secret=SECRET)
    client.force_login(make_user("ada", role, is_staff=True))
    assert client.get(LIST).status_code == 403
    assert client.get(change_address(webhook)).status_code == 403
    assert client.post(f"{LIST}add/", FORM).status_code == 403
    assert "webhook" not in client.get("/admin/").content.decode().lower()
