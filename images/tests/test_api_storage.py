"""How much room is left, for whoever may view."""

import shutil

import pytest

pytestmark = pytest.mark.django_db


def test_it_tells_what_is_free_and_what_is_kept_in_reserve(api, viewer, archive):
    answer = api(viewer).get("/api/v1/storage")
    assert answer.status_code == 200
    assert answer.json()["reserveBytes"] == 1_000_000
    free = shutil.disk_usage(archive.root).free
    assert abs(answer.json()["freeBytes"] - free) < 0.05 * free


def test_a_drive_that_is_away_is_told(api, viewer, archive):
    api(viewer).get("/api/v1/storage")
    shutil.rmtree(archive.root)
    answer = api(viewer).get("/api/v1/storage")
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_missing")


def test_a_stranger_is_told_nothing(api, archive):
    assert api().get("/api/v1/storage").status_code == 401
