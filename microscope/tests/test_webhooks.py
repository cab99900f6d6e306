"""Webhooks: real servers on this computer that take what they are sent, refuse it, or say nothing."""

import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest

from images.tests.clocks import SetClock
from images.tests.conftest import wait_until
from images.tests.notices.letters import look_until
from images.tests.notices.post_boxes import WebBox, web_box
from images.tests.notices.test_recipe import read_webhook
from microscope.events.bell import Bell, register_bell, the_bell
from microscope.events.deliverer import SKIPPED_AT_ONCE, WebhookDeliverer
from microscope.events.parcel import MAX_BODY_BYTES, MAX_EVENTS
from microscope.models import AuditEntry, Webhook
from microscope.tests.events import follow, happen

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "a-secret-of-more-than-thirty-two-characters"


@pytest.fixture
def box():
    with web_box() as box:
        yield box


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def deliverer(clock):
    return WebhookDeliverer(Bell(), clock)


def make_webhook(box: WebBox, **fields) -> Webhook:
    said = {"name": "mirror", "url": box.url, "secret": SECRET, **fields}
    return Webhook.objects.create(**said)


def read(letter) -> dict:
    return read_webhook(letter.headers, letter.body, SECRET)


def images_of(box: WebBox) -> list[int]:
    return [event["imageId"] for letter in box.letters for event in read(letter)["events"]]


def is_through(webhook: Webhook) -> bool:
    webhook.refresh_from_db()
    return not follow(webhook.delivered_through).events


def test_a_receiver_gets_what_the_api_says_signed(box, deliverer, operator):
    webhook = make_webhook(box)
    for image_id in (1, 2):
        happen(image_id, by=operator)
    look_until(deliverer, lambda: is_through(webhook))
    (letter,) = box.letters
    said = read(letter)
    assert said == follow(0).as_json()
    assert letter.headers["webhook-event-number"] == str(said["next"])
    assert letter.headers["content-type"] == "application/json"
    assert (webhook.delivered_through, webhook.last_problem) == (said["next"], "")


def test_events_come_in_order_and_in_bounded_parts(box, deliverer):
    webhook = make_webhook(box)
    long = {"note": {"before": "x" * 10_000, "after": "x" * 10_000}}
    for image_id in range(MAX_EVENTS + 20):
        happen(image_id, "changed", details=long if image_id % 4 == 0 else {})
    look_until(deliverer, lambda: is_through(webhook))
    assert images_of(box) == list(range(MAX_EVENTS + 20))
    assert all(len(letter.body) <= MAX_BODY_BYTES + 25_000 for letter in box.letters)
    assert all(len(read(letter)["events"]) <= MAX_EVENTS for letter in box.letters)
    assert len({letter.headers["webhook-id"] for letter in box.letters}) == len(box.letters)


def test_it_gets_only_what_it_wants(box, deliverer):
    webhook = make_webhook(box, kinds=["binned"])
    happen(1)
    happen(2, "binned")
    look_until(deliverer, lambda: is_through(webhook))
    assert images_of(box) == [2]


def test_what_it_does_not_want_is_not_read_again_for_ever(box, deliverer):
    webhook = make_webhook(box, kinds=["binned"])
    AuditEntry.objects.bulk_create(AuditEntry(what="captured") for _ in range(SKIPPED_AT_ONCE + 1))
    look_until(deliverer, lambda: is_through(webhook))
    assert box.letters == []


def test_one_that_is_not_well_is_tried_later_and_later_without_end(box, deliverer, clock, caplog):
    webhook = make_webhook(box)
    happen(1)
    box.status = 500
    began = clock.now()
    for tries, wait_s in enumerate([10, 20, 40, 80], 1):
        look_until(deliverer, lambda count=tries: Webhook.objects.get().tries == count)
        webhook.refresh_from_db()
        assert webhook.next_try_at - clock.now() == timedelta(seconds=wait_s)
        assert webhook.failing_since == began
        assert webhook.last_problem == "The address answered 500 Internal Server Error."
        deliverer.look()
        assert len(box.letters) == tries
        clock.run(timedelta(seconds=wait_s))
    Webhook.objects.update(tries=5000)
    look_until(deliverer, lambda: Webhook.objects.get().tries == 5001)
    box.status = 204
    clock.run(timedelta(hours=1))
    look_until(deliverer, lambda: is_through(webhook))
    assert (webhook.tries, webhook.failing_since, webhook.last_problem) == (0, None, "")
    assert {letter.headers["webhook-id"] for letter in box.letters} == {box.letters[0].headers["webhook-id"]}
    assert SECRET not in caplog.text and box.url not in caplog.text


def test_what_came_meanwhile_goes_out_under_another_id(box, deliverer, clock):
    """A receiver that leaves out what has an id that it knows must not leave out the newer events."""
    webhook = make_webhook(box)
    happen(1)
    box.status = 500
    look_until(deliverer, lambda: Webhook.objects.get().tries == 1)
    happen(2)
    box.status = 200
    clock.run(timedelta(hours=1))
    look_until(deliverer, lambda: is_through(webhook))
    assert images_of(box) == [1, 1, 2]
    assert len({letter.headers["webhook-id"] for letter in box.letters}) == 2


def test_what_is_no_event_changes_no_id(box, deliverer, clock):
    webhook = make_webhook(box)
    happen(1)
    box.status = 500
    look_until(deliverer, lambda: Webhook.objects.get().tries == 1)
    AuditEntry.objects.create(what="signed_in", who="ada")
    box.status = 200
    clock.run(timedelta(hours=1))
    look_until(deliverer, lambda: is_through(webhook))
    assert images_of(box) == [1, 1]
    assert len({letter.headers["webhook-id"] for letter in box.letters}) == 1


def test_after_a_death_before_it_is_noted_the_events_come_again(box, deliverer, clock):
    webhook = make_webhook(box)
    happen(1)
    deliverer.look()
    wait_until(lambda: box.letters)
    # The program dies here: nobody looks what became of it.
    happen(2)
    look_until(WebhookDeliverer(Bell(), clock), lambda: is_through(webhook))
    assert images_of(box) == [1, 1, 2]


def test_a_silent_receiver_delays_no_other(box, deliverer):
    with web_box() as silent:
        silent.status = None
        make_webhook(silent, name="silent")
        webhook = make_webhook(box)
        for image_id in range(5):
            happen(image_id)
            look_until(deliverer, lambda: is_through(webhook))
        assert images_of(box) == list(range(5))
        assert len(silent.letters) == 1


def test_one_that_answers_too_late_is_tried_again(box, clock):
    webhook = make_webhook(box)
    happen(1)
    box.status = None
    deliverer = WebhookDeliverer(Bell(), clock, deadline_s=0.2)
    look_until(deliverer, lambda: Webhook.objects.get().tries == 1)
    webhook.refresh_from_db()
    assert "No answer within 0.2 s" in webhook.last_problem
    box.is_over.set()
    box.status = 200
    clock.run(timedelta(hours=1))
    look_until(deliverer, lambda: is_through(webhook))


def test_no_redirect_is_followed(box, deliverer):
    with web_box() as elsewhere:
        box.status, box.location = 302, elsewhere.url
        make_webhook(box)
        happen(1)
        look_until(deliverer, lambda: "answered 302" in Webhook.objects.get().last_problem)
        assert elsewhere.letters == []


def test_one_that_is_off_gets_nothing_and_later_all_that_waited(box, deliverer):
    webhook = make_webhook(box, is_active=False)
    happen(1)
    deliverer.look()
    assert not deliverer._errands
    Webhook.objects.update(is_active=True)
    look_until(deliverer, lambda: is_through(webhook))
    assert images_of(box) == [1]


def test_a_changed_address_is_not_taken_for_the_one_that_answered(box, deliverer):
    with web_box() as old:
        webhook = make_webhook(old)
        happen(1)
        deliverer.look()
        Webhook.objects.update(url=box.url)
        look_until(deliverer, lambda: is_through(webhook))
    assert images_of(box) == [1]


def test_the_thread_is_woken_by_an_event_and_ends(box):
    before = the_bell()
    register_bell(bell := Bell())
    deliverer = WebhookDeliverer(bell)
    try:
        deliverer.start()
        webhook = make_webhook(box)
        happen(1)
        wait_until(lambda: is_through(webhook), within_s=60)
        assert images_of(box) == [1]
    finally:
        deliverer.end(patience_s=30)
        register_bell(before)
    assert deliverer._rounds.thread and not deliverer._rounds.thread.is_alive()


def test_nothing_says_the_secret(box, deliverer, caplog):
    caplog.set_level(logging.DEBUG)
    webhook = make_webhook(box, url="http://127.0.0.1:1/path-that-is-a-password")
    happen(1)
    look_until(deliverer, lambda: Webhook.objects.get().tries == 1)
    webhook.refresh_from_db()
    for text in (caplog.text, str(webhook), repr(webhook), webhook.last_problem):
        assert SECRET not in text and "path-that-is-a-password" not in text


def test_the_page_shows_every_key_of_an_event():
    page = Path(__file__).resolve().parents[2] / "docs" / "api" / "events.md"
    shown = json.loads(page.read_text(encoding="utf-8").partition("```json\n")[2].partition("```")[0])
    happen(1)
    assert set(shown) == {"events", "next"}
    assert set(shown["events"][0]) == set(follow(0).events[0])
