"""Pictures that another instrument captured: read, shown and changed here through the store."""

import contextlib
import csv
import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.utils import timezone

from images.edit.bin import bin_image, remove_many
from images.edit.edit import edit_image
from images.edit.history import read_history
from images.edit.removal import finish_removals
from images.errors import ChangesAway, EditConflict, JobElsewhere
from images.index.sync import sync_with_sidecar
from images.jobs.control import stop_job
from images.library import the_library
from images.models import Image, Instrument, Job
from images.own_instrument import be_alone, register_own_instrument
from images.spool.rows import find_next
from images.store.keys import key_of_change
from images.tests.jobs import time_lapse
from images.tests.places import sidecar_path_of
from images.tests.spool.conftest import INSTRUMENT, place_of

PC = INSTRUMENT


class Nodes:
    """The microscope that captured, and a library without a camera, in one process: each in turn."""

    def __init__(self, bench) -> None:
        self.bench = bench

    @contextlib.contextmanager
    def at_microscope(self):
        register_own_instrument(lambda: PC)
        try:
            yield self.bench
        finally:
            register_own_instrument(be_alone)

    def send(self) -> None:
        with self.at_microscope():
            self.bench.go_on()


@pytest.fixture
def instrument(db) -> Instrument:
    named = {"name": "Inverted", "url": "http://lab-214:3000/"}
    # In an hour: on a busy computer a test may take longer than an instrument may give no sign.
    seen_at = timezone.now() + timedelta(hours=1)
    return Instrument.objects.create(pk=PC, last_seen_at=seen_at, spool_bytes_per_s=1e6, **named)


@pytest.fixture
def nodes(lying, images, instrument):
    """Six pictures of the microscope, none of them in the store. The test itself is at the library."""
    lying.spool._side_files = lying.side_files
    Image.objects.update(instrument=instrument)
    yield Nodes(lying)
    register_own_instrument(be_alone)


@pytest.fixture
def client(api, viewer):
    return api(viewer)


@pytest.fixture
def ada(operator):
    return operator


def content_of(image: Image) -> bytes:
    return the_library().archive.path_of(image.filename).read_bytes()


def file_of(image: Image) -> str:
    return f"/api/v1/images/{image.pk}/file"


def now(image: Image) -> Image:
    return Image.objects.get(pk=image.pk)


def test_an_original_on_another_disk_is_asked_for_and_then_comes_first(nodes, client, images):
    oldest = images[0]
    answer = client.get(file_of(oldest))
    told = answer.json()
    assert (answer.status_code, told["code"], told["position"]) == (409, "not_here_yet", 1)
    assert told["instrument"] == {"id": str(PC), "name": "Inverted", "url": "http://lab-214:3000/"}
    assert 3 <= told["etaS"] < 60
    assert client.get(file_of(images[1])).json()["position"] == 2
    assert client.get(file_of(oldest)).json()["position"] == 1, "asking again does not lose the place"
    with nodes.at_microscope():
        assert [one.pk for one in find_next([])] == [oldest.pk]
        nodes.bench.spool.step()
    assert b"".join(client.get(file_of(oldest))) == content_of(oldest)
    assert now(oldest).wanted_at is None and now(oldest).place == "both"


def test_a_microscope_that_is_off_is_named_with_its_last_sign(nodes, client, images, instrument):
    Instrument.objects.update(last_seen_at=timezone.now() - timedelta(minutes=5))
    told = client.get(file_of(images[0])).json()
    assert "Inverted, which has given no sign since" in told["message"] and told["etaS"] is None


def test_a_file_of_the_same_name_on_this_disk_is_never_taken_for_it(nodes, client, images):
    the_library().archive.path_of(images[0].filename).write_bytes(b"another picture")
    assert client.get(file_of(images[0])).status_code == 409
    with nodes.at_microscope():
        assert client.get(file_of(images[0])).json()["code"] == "original_changed"


def test_a_thumbnail_is_fetched_once_and_filed_by_its_record(nodes, client, images, liar):
    image = images[2]
    with nodes.at_microscope():
        shown = b"".join(client.get(f"/api/v1/images/{image.pk}/thumbnail"))
    nodes.send()
    assert b"".join(client.get(f"/api/v1/images/{image.pk}/thumbnail")) == shown
    liar.objects.clear()
    assert b"".join(client.get(f"/api/v1/images/{image.pk}/thumbnail")) == shown


def test_what_the_store_has_lost_waits_at_its_microscope_again(nodes, client, images, liar):
    nodes.send()
    gone = next(key for key in liar.objects if images[0].filename in key)
    del liar.objects[gone]
    assert client.get(file_of(images[0])).json()["code"] == "not_here_yet"
    assert place_of(images[0]) is None
    nodes.send()
    assert b"".join(client.get(file_of(images[0]))) == content_of(images[0])


def test_a_zip_says_which_originals_are_still_elsewhere(nodes, client, images, liar):
    newest = images[5].filename
    liar.lie = lambda handler: (
        handler.command == "PUT" and newest not in handler.key and handler.refuse(503, "SlowDown")
    )
    nodes.send()
    asked = client.post("/api/v1/images/zip", {"ids": [one.pk for one in images]}, format="json")
    with zipfile.ZipFile(io.BytesIO(b"".join(asked))) as packed:
        table = packed.read("manifest.csv").decode()
    states = [row["status"] for row in csv.DictReader(io.StringIO(table)) if row["imageId"]]
    assert sorted(states) == ["away"] * 5 + ["ok"]


def test_a_note_that_is_written_elsewhere_goes_into_the_store_and_back_to_the_disk(nodes, ada, images, liar):
    image = images[3]
    edit_image(image.pk, ada, note="from the library")
    said = json.loads(liar.objects[key_of_change(image.record_id, 1)])
    assert said["values"]["note"] == "from the library" == now(image).note
    assert (now(image).revision, now(image).stored_revision) == (1, 1)
    assert not sidecar_path_of(image.filename).exists()
    with nodes.at_microscope():
        assert sync_with_sidecar(the_library().archive, image.pk)
        assert sidecar_path_of(image.filename).read_bytes() == liar.objects[key_of_change(image.record_id, 1)]
        edit_image(image.pk, ada, note="from the microscope")
        nodes.bench.go_on()
    assert [entry.revision for entry in read_history(now(image)).entries] == [2, 1]
    assert json.loads(liar.objects[key_of_change(image.record_id, 2)])["values"]["note"] == "from the microscope"


def test_at_its_microscope_it_is_changed_on_with_the_whole_history_though_the_disk_is_behind(nodes, ada, images):
    image = images[3]
    edit_image(image.pk, ada, note="from the library")
    with nodes.at_microscope():
        edit_image(image.pk, ada, note="from the microscope")
        assert [entry.revision for entry in read_history(now(image)).entries] == [2, 1]


def test_of_two_who_change_the_same_note_one_is_told(nodes, ada, images):
    image = images[3]
    edit_image(image.pk, ada, seen_revisions=[0], note="first")
    with nodes.at_microscope(), pytest.raises(EditConflict):
        edit_image(image.pk, ada, seen_revisions=[0], note="second")
    assert now(image).note == "first"


def test_a_change_that_was_killed_between_store_and_row_is_followed(nodes, ada, images, liar):
    image = images[3]
    edit_image(image.pk, ada, note="killed")
    Image.objects.filter(pk=image.pk).update(note="", revision=None, stored_revision=None)
    with pytest.raises(EditConflict):
        edit_image(image.pk, ada, seen_revisions=[0], note="next")
    assert (now(image).note, now(image).revision) == ("killed", 1)
    edit_image(image.pk, ada, seen_revisions=[1], note="next")
    assert (now(image).note, now(image).revision) == ("next", 2)


def test_if_the_number_of_a_change_is_taken_in_the_store_it_goes_under_the_next_one(nodes, ada, images, liar):
    image = images[3]
    edit_image(image.pk, ada, note="killed before its row")
    Image.objects.filter(pk=image.pk).update(note="", revision=None, stored_revision=None)
    with nodes.at_microscope():
        edit_image(image.pk, ada, note="from the microscope")
    nodes.send()
    assert json.loads(liar.objects[key_of_change(image.record_id, 1)])["values"]["note"] == "killed before its row"
    assert json.loads(liar.objects[key_of_change(image.record_id, 2)])["values"]["note"] == "from the microscope"
    assert (now(image).revision, now(image).stored_revision) == (2, 2)


def test_a_change_that_is_still_at_the_microscope_is_not_overtaken(nodes, ada, images):
    image = images[3]
    with nodes.at_microscope():
        edit_image(image.pk, ada, note="not sent yet")
    with pytest.raises(ChangesAway, match="not in the store yet"):
        edit_image(image.pk, ada, note="too early")
    nodes.send()
    edit_image(image.pk, ada, note="now")
    assert (now(image).note, now(image).revision) == ("now", 2)


def test_while_the_store_is_away_nothing_is_changed_here(nodes, api, ada, images, liar):
    liar.fail("PUT", 503, "SlowDown")
    answer = api(ada).patch(f"/api/v1/images/{images[3].pk}", {"note": "lost?"}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (503, "changes_away")
    assert (now(images[3]).note, now(images[3]).revision) == ("", None)


def test_a_picture_that_is_deleted_here_leaves_the_disk_of_its_microscope(nodes, make_user, images, archive):
    mia, image = make_user("mia", "managers"), images[3]
    path = archive.path_of(image.filename)
    bin_image(image.pk, mia)
    assert remove_many([image.pk]).done == [image.pk]
    assert finish_removals() == 0 and path.exists(), "another disk is not this one's"
    with nodes.at_microscope():
        assert finish_removals() == 1
    assert not path.exists()


def test_a_job_of_another_microscope_is_stopped_there(nodes, ada):
    job = Job.objects.create(name="Wound 3", user=ada, plan=time_lapse(2), expected=2, instrument_id=PC)
    with pytest.raises(JobElsewhere, match=r"runs at Inverted\. Open it there: http://lab-214:3000/"):
        stop_job(job.pk, ada)
