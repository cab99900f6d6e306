"""Webhooks where several processes read the same rows: each parcel is sent by one of them alone."""

from datetime import timedelta

import pytest

from images.notices.deliverer import LEASE
from images.tests.clocks import SetClock
from images.tests.conftest import wait_until
from images.tests.notices.post_boxes import web_box
from microscope.events.bell import Bell
from microscope.events.deliverer import WebhookDeliverer
from microscope.models import Webhook
from microscope.tests.events import happen
from microscope.tests.test_webhooks import images_of, is_through, make_webhook

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def box():
    with web_box() as box:
        yield box


@pytest.fixture
def clock():
    return SetClock()


def make_process(clock: SetClock) -> WebhookDeliverer:
    return WebhookDeliverer(Bell(), clock, is_shared=True)


def look_by_all(processes: list[WebhookDeliverer], is_so) -> None:
    def look() -> bool:
        for process in processes:
            process.look()
        return is_so()

    wait_until(look, within_s=60)


def test_each_parcel_is_sent_by_one_of_several_processes(box, clock):
    webhook, processes = make_webhook(box), [make_process(clock) for _ in range(3)]
    for image_id in range(5):
        happen(image_id)
        look_by_all(processes, lambda: is_through(webhook))
    assert images_of(box) == [0, 1, 2, 3, 4]
    webhook.refresh_from_db()
    assert (webhook.tries, webhook.next_try_at) == (0, None)


def test_while_one_process_waits_for_the_answer_the_others_send_nothing(box, clock):
    webhook, first, second = make_webhook(box), make_process(clock), make_process(clock)
    happen(1)
    box.status = None
    look_by_all([first], lambda: box.letters)
    for _ in range(5):
        second.look()
    assert len(box.letters) == 1 and not second._errands
    box.status = 200
    box.is_over.set()  # its connection ends without an answer
    look_by_all([second, first], lambda: Webhook.objects.get().tries == 1)
    assert len(box.letters) == 1
    clock.run(timedelta(seconds=10))
    look_by_all([second, first], lambda: is_through(webhook))
    assert len(box.letters) == 2


def test_what_a_process_leaves_undone_another_one_does_after_the_lease(box, clock):
    webhook, dead, other = make_webhook(box), make_process(clock), make_process(clock)
    happen(1)
    box.status = None
    look_by_all([dead], lambda: box.letters)  # and it never writes down what became of it
    box.status = 200
    other.look()
    assert not other._errands
    clock.run(LEASE + timedelta(seconds=1))
    look_by_all([other], lambda: is_through(webhook))
    assert images_of(box) == [1, 1]
    assert box.letters[0].headers["webhook-id"] == box.letters[1].headers["webhook-id"]


def test_one_that_is_not_well_is_tried_at_its_time_by_whoever_looks(box, clock):
    webhook, processes = make_webhook(box), [make_process(clock), make_process(clock)]
    happen(1)
    box.status = 500
    look_by_all(processes, lambda: Webhook.objects.get().tries == 1)
    webhook.refresh_from_db()
    assert webhook.next_try_at - clock.now() == timedelta(seconds=10)
    for process in processes:
        process.look()
    assert len(box.letters) == 1
    box.status = 200
    clock.run(timedelta(seconds=10))
    look_by_all(processes, lambda: is_through(webhook))
    assert len(box.letters) == 2
