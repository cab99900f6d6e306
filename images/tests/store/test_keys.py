"""The keys of objects: lasting, and never wanted by two pictures."""

from datetime import date
from uuid import UUID, uuid4

import pytest

from images.store.keys import key_of_change, key_of_job, key_of_original, key_of_thumbnail

PC, RECORD = UUID("1f0c7d1e-0000-4000-8000-000000000001"), UUID("5f0c7d1e-0000-4000-8000-000000000002")
DAY = date(2026, 11, 27)


def test_each_kind_of_object_has_its_place():
    assert key_of_original(PC, DAY, RECORD, "capture_1.jpg") == f"originals/{PC}/2026-11-27/{RECORD}/capture_1.jpg"
    assert key_of_change(RECORD, 12) == f"changes/{RECORD}/000012.json"
    assert key_of_job(RECORD, 3) == f"jobs/{RECORD}/3.json"
    assert key_of_thumbnail(RECORD) == f"thumbs/{RECORD}.jpg"


def test_two_pictures_of_one_name_and_day_have_two_keys():
    assert key_of_original(PC, DAY, uuid4(), "a.jpg") != key_of_original(PC, DAY, uuid4(), "a.jpg")


def test_changes_are_listed_in_their_order():
    keys = [key_of_change(RECORD, revision) for revision in (0, 2, 9, 10, 99, 100, 999_999)]
    assert keys == sorted(keys)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b.jpg", "a\n.jpg", "x" * 1000])
def test_a_name_that_no_key_can_hold_is_refused(name):
    with pytest.raises(ValueError, match="key"):
        key_of_original(PC, DAY, RECORD, name)


@pytest.mark.parametrize("revision", [-1, 1_000_000])
def test_a_revision_that_would_break_the_order_is_refused(revision):
    with pytest.raises(ValueError, match="revision"):
        key_of_change(RECORD, revision)
