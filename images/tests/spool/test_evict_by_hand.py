"""A manager lets originals leave the disk by hand."""

import pytest

from images.spool.spool import register_spool, the_spool
from images.tests.spool.conftest import places
from microscope.models import AuditEntry

EVICT = "/api/v1/storage/evict"


@pytest.fixture
def at_hand(stored):
    before = the_spool()
    stored.spool.evictor = stored.evictor
    register_spool(stored.spool)
    yield stored
    register_spool(before)


@pytest.fixture
def manager(make_user):
    return make_user("mara", "managers")


def test_a_manager_counts_first_and_then_lets_them_leave_though_the_disk_has_room(at_hand, api, manager, images):
    at_hand.evictor._below_bytes = 0
    counted = api(manager).post(EVICT, {"olderThanDays": 30, "dryRun": True}, format="json").json()
    size_bytes = sum(image.file_size for image in images)
    assert counted == {"dryRun": True, "count": 6, "sizeBytes": size_bytes, "left": 0}
    assert places() == {"both"}
    done = api(manager).post(EVICT, {"olderThanDays": 30}, format="json").json()
    assert done == {"dryRun": False, "count": 6, "sizeBytes": size_bytes, "left": 0}
    assert places() == {"store"}
    assert AuditEntry.objects.get(what="evicted").who == "mara"


def test_a_manager_is_bound_by_the_same_rules(at_hand, api, manager):
    answer = api(manager).post(EVICT, {"olderThanDays": 29}, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "eviction_refused")
    at_hand.doubt = "It overwrites."
    assert "It overwrites." in api(manager).post(EVICT, {"olderThanDays": 30}, format="json").json()["message"]
    at_hand.evictor._keep_days = None
    assert "for ever" in api(manager).post(EVICT, {"olderThanDays": 30}, format="json").json()["message"]
    register_spool(None)
    assert "no object store" in api(manager).post(EVICT, {"olderThanDays": 30}, format="json").json()["message"]
    assert places() == {"both"}


@pytest.mark.parametrize("asked", [{}, {"olderThanDays": 0}, {"olderThanDays": "x"}, {"olderThanDays": 40, "days": 1}])
def test_nonsense_evicts_nothing(at_hand, api, manager, asked):
    assert api(manager).post(EVICT, asked, format="json").status_code == 400
    assert places() == {"both"}


def test_an_operator_may_not(at_hand, api, operator):
    assert api(operator).post(EVICT, {"olderThanDays": 30}, format="json").status_code == 403
