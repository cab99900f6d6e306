"""Promise 12, for programs that follow what happens: whatever kills the program, a webhook gets each event, signed, and
can tell what comes again."""

from collections.abc import Iterator
from typing import Any

import pytest

from images.tests.notices.post_boxes import Letter, WebBox, web_box
from images.tests.notices.test_recipe import read_webhook
from tests.promises.bench import IS_LONG, Bench
from tests.promises.server import Server

pytestmark = pytest.mark.long

CAMERA = {"SIMULATED_CAMERA": "colour-small", "DEFAULT_EXPOSURE": "5"}
SECRET = "a-secret-of-more-than-thirty-two-characters"
# After a failed try, which the death of the other side may be, it waits a little longer each time.
PATIENCE_S = 240


@pytest.fixture
def box(bench: Bench) -> Iterator[WebBox]:
    """A receiver that the program knows from its first start on."""
    with web_box() as box:
        bench.database.make_tables()
        fields = {"name": "mirror", "url": box.url, "secret": SECRET}
        code = f"from microscope.models import Webhook; Webhook.objects.create(**{fields!r})"
        bench.manage("shell", "-v0", "-c", code)
        yield box


def events_of(letter: Letter) -> list[dict[str, Any]]:
    """Raises ValueError if the signature is wrong."""
    return read_webhook(letter.headers, letter.body, SECRET)["events"]


def follow(letters: list[Letter]) -> list[int]:
    """What a receiver knows that keeps the largest number, and leaves out what is not larger: the images, in order."""
    largest, images = 0, []
    for event in (event for letter in letters for event in events_of(letter)):
        if event["number"] > largest:
            largest = event["number"]
            images += [event["imageId"]] if event["what"] == "captured" else []
    return images


def wait_for(server: Server, box: WebBox, images: list[int]) -> None:
    server.wait_until(lambda: follow(list(box.letters)) == images, PATIENCE_S)


def test_what_was_on_its_way_at_a_death_comes_again_under_its_id(bench, box):
    box.status = None  # it takes what comes, and never answers
    server = bench.serve(**CAMERA)
    first = server.client.must_capture()["imageId"]
    wait_for(server, box, [first])
    server.kill()
    box.status = 200
    server = bench.serve(**CAMERA)
    server.wait_until(lambda: len(box.letters) > 1, PATIENCE_S)
    before, again = box.letters[:2]
    assert again.headers["webhook-id"] == before.headers["webhook-id"]
    assert events_of(again) == events_of(before)
    second = server.client.must_capture()["imageId"]
    wait_for(server, box, [first, second])
    # It was taken, so it comes no more.
    assert first not in [event["imageId"] for letter in box.letters[2:] for event in events_of(letter)]
    server.kill()


def test_no_event_is_lost_however_often_the_program_dies(bench, box):
    images = []
    for _ in range(30 if IS_LONG else 3):
        server = bench.serve(**CAMERA)
        images += [server.client.must_capture()["imageId"] for _ in range(3)]
        server.kill()
    server = bench.serve(**CAMERA)
    wait_for(server, box, images)
    ids = {letter.headers["webhook-id"]: events_of(letter) for letter in box.letters}
    assert all(ids[letter.headers["webhook-id"]] == events_of(letter) for letter in box.letters)
    server.kill()
