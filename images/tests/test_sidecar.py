"""Changes after a capture are written beside the original, and adoption reads them."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connections

from images.archive.sidecar import MAX_HISTORY, Sidecar
from images.edit.bin import bin_image, restore_image
from images.edit.edit import edit_image
from images.index.adoption import adopt_unlisted
from images.models import Image
from images.tests.sidecars import file_of, read, row

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)


def facts_of_all() -> list[tuple]:
    names = [field.attname for field in Image._meta.fields if field.name not in ("id", "created_at", "is_adopted")]
    return list(Image.objects.order_by("filename").values_list(*names))


def test_what_is_changed_stands_beside_the_original_with_who_and_what_was(image, operator, make_user):
    edit_image(image.pk, operator, note="\u00b5 \u4e2d \U0001f52c", x_position=1.5)
    manager = make_user("\u5f20\u4f1f", "managers")
    bin_image(image.pk, manager)

    said = read(image)
    assert file_of(image).name == "capture_20250116_103045_123.jpg.sidecar.json"
    assert (said["schema"], said["version"], said["revision"]) == ("microscope.sidecar", 2, 2)
    assert (said["recordId"], said["filename"]) == (str(image.record_id), image.filename)
    image.refresh_from_db()
    assert said["values"] == {
        "sample": "",
        "note": "\u00b5 \u4e2d \U0001f52c",
        "position": {"x": 1.5, "y": None, "z": None},
        "binnedAt": image.binned_at.isoformat(),
        "binnedBy": "\u5f20\u4f1f",
        "binnedById": str(manager.lasting_id),
    }
    assert [(one["by"], one["was"]) for one in said["history"]] == [
        ("ada", {"note": "", "position": {"x": None, "y": None, "z": None}}),
        ("\u5f20\u4f1f", {"binnedAt": None, "binnedBy": None, "binnedById": None}),
    ]


def test_an_image_that_nobody_changed_has_no_such_file(image, operator):
    edit_image(image.pk, operator, note="")
    restore_image(image.pk, operator)
    assert not file_of(image).exists()
    assert row(image)[-1] is None


def test_the_same_change_twice_counts_once(image, operator):
    for _ in range(3):
        edit_image(image.pk, operator, note="seen")
        bin_image(image.pk, operator)
    assert (read(image)["revision"], row(image)[-1]) == (2, 2)


def test_a_history_does_not_grow_for_ever():
    sidecar = Sidecar("id", 0, {"note": "0"})
    for number in range(1, MAX_HISTORY + 11):
        sidecar = sidecar.next_revision({"note": str(number)}, "now", "ada")
    assert (sidecar.revision, len(sidecar.history)) == (MAX_HISTORY + 10, MAX_HISTORY)
    assert sidecar.history[0] == {"revision": 11, "at": "now", "by": "ada", "was": {"note": "10"}}


def test_adoption_takes_what_was_changed(archive, keep_image, operator, make_user):
    manager = make_user("mia", "managers")
    images = [keep_image(image_format=name) for name in ("jpg", "png", "jpg", "jpg")]
    edit_image(images[0].pk, operator, note="seen", sample="liver", x_position=1, y_position=2.5, z_position=-1)
    edit_image(images[1].pk, manager, note="")
    bin_image(images[1].pk, manager)
    bin_image(images[2].pk, operator)
    restore_image(images[2].pk, operator)
    before = facts_of_all()
    Image.objects.all()._raw_delete("default")

    assert adopt_unlisted(archive) == 4
    assert facts_of_all() == before
    assert adopt_unlisted(archive) == 0
    assert Image.objects.in_bin().get().binned_by == manager


def test_changes_that_cannot_be_understood_are_reported_and_the_original_is_adopted(archive, image, operator, caplog):
    edit_image(image.pk, operator, note="seen")
    whole = read(image)
    for damaged in (
        "{",
        json.dumps({**whole, "schema": "other"}),
        json.dumps({**whole, "values": {}}),
        json.dumps({**whole, "values": {**whole["values"], "note": 5, "binnedAt": "yesterday"}}),
        json.dumps({**whole, "values": {**whole["values"], "position": {"x": "left", "y": 1, "z": 1}}}),
        json.dumps({**whole, "recordId": "another"}),
        json.dumps({**whole, "revision": 10**30}),
    ):
        file_of(image).write_text(damaged)
        Image.objects.all()._raw_delete("default")
        caplog.clear()
        assert adopt_unlisted(archive) == 1, damaged
        assert Image.objects.get().note == ""
        assert "Not followed" in caplog.text


def test_a_damaged_file_is_put_aside_before_another_takes_its_place(image, operator):
    edit_image(image.pk, operator, note="first")
    file_of(image).write_text("damaged")
    edit_image(image.pk, operator, note="second")
    assert file_of(image).with_name(f"{file_of(image).name}.aside").read_text() == "damaged"
    assert (read(image)["values"]["note"], read(image)["revision"], row(image)[-1]) == ("second", 2, 2)


@committed
def test_changes_that_come_at_once_all_stand_in_the_history(image, operator, keep_image):
    def edit(number: int) -> None:
        is_done = False
        while not is_done:
            # SQLite in memory refuses a table that another thread reads. A refused thread tries again, but not so fast
            # that the writer never gets a turn.
            try:
                edit_image(image.pk, operator, note=f"{number}")
                is_done = True
            except OperationalError:
                time.sleep(0.02)
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(edit, range(24)))
    history = read(image)["history"]
    assert len(history) >= 24
    assert [one["revision"] for one in history] == list(range(1, len(history) + 1))
    assert {one["was"].get("note", "") for one in history} | {row(image)[0]} == {"", *map(str, range(24))}
    assert (row(image)[-1], read(image)["values"]["note"]) == (len(history), row(image)[0])
