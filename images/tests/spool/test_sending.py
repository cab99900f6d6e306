"""Which originals travel, how many at the same time, and what stands aside for what."""

import threading
from datetime import timedelta

from images.models import Image
from images.spool.sending import FOUND_FOR_S
from images.spool.spool import Spool
from images.tests.spool.conftest import InThisThread, key, place_of
from images.tests.store.lying_store import Handler


def test_two_travel_at_the_same_time_and_each_is_sent_once(lying, liar, images, clock):
    both_are_there = threading.Barrier(2)
    newest = {key(images[4]), key(images[5])}

    def wait_for_the_other(handler: Handler) -> bool:
        if handler.command == "PUT" and handler.key in newest:
            both_are_there.wait(30)
        return handler.command == "PUT" and handler.key == key(images[3]) and handler.refuse(503, "SlowDown")

    liar.lie = wait_for_the_other
    lying.store.looks_first = False
    spool = Spool(lying.store, lying.spool._uploader, bool, clock, clock.elapsed_s, sent_at_once=2)
    while spool.step() == 0:
        pass
    assert "busy" in spool.state.problem and not both_are_there.broken
    liar.lie = lambda handler: False
    while any(place_of(image) != "both" for image in images):
        spool.step()
    sent = [name for name in liar.seen if name.startswith("PUT originals/")]
    assert sorted(sent) == sorted(f"PUT {one}" for one in [*map(key, images), key(images[3])])
    spool.end()


def test_what_somebody_wants_goes_next_though_others_were_found_before(lying, liar, images, clock):
    upload = lying.spool._uploader.upload

    def be_asked_and_upload(image: Image, stop: threading.Event) -> str:
        if image.pk == images[5].pk:
            Image.objects.filter(pk=images[0].pk).update(wanted_at=clock.now())
            clock.run(timedelta(seconds=FOUND_FOR_S + 1))
        return upload(image, stop)

    lying.spool._uploader.upload = be_asked_and_upload
    lying.spool._sending._senders = InThisThread()  # which sees the rows of the test
    lying.go_on()
    sent = [name for name in liar.seen if name.startswith("PUT originals/")]
    assert sent == [f"PUT {key(images[number])}" for number in (5, 0, 4, 3, 2, 1)]


def test_while_a_burst_runs_it_waits(lying, liar, image):
    lying.is_held_back = True
    assert lying.spool.step() > 0
    assert liar.seen == []
    lying.is_held_back = False
    lying.go_on()
    assert place_of(image) == "both"


def test_what_was_under_way_when_a_burst_began_arrives_and_is_written_down(lying, liar, images):
    is_burst = threading.Event()
    lying.spool._is_held_back = is_burst.is_set

    def begin_a_burst(handler: Handler) -> bool:
        if handler.command == "PUT" and handler.key == key(images[3]):
            is_burst.set()
        return False

    liar.lie = begin_a_burst
    while lying.spool.step() == 0:
        pass
    lying.spool._sending._senders.shutdown(wait=True)
    lying.spool.step()
    sent = [image for image in images if key(image) in liar.objects]
    assert images[3] in sent
    assert [image for image in images if place_of(image) == "both"] == sent
