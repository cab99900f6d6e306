"""The probe tells a store that can be relied on from one that cannot."""

import threading
from dataclasses import replace

import pytest

from images.store.bucket import Bucket
from images.store.client import Store
from images.store.errors import BucketMissing, StoreBusy, StoreRefused, StoreUnreachable
from images.store.findings import OFF, ON, UNKNOWN
from images.store.patience import Patience
from images.store.probe import MD5, SHA256, SIGNED, probe_store
from images.store.watch import StoreWatch
from images.tests.store.ceph import wait_for
from images.tests.store.lying_store import ETAG, Handler


@pytest.fixture
def lying(lying_bucket) -> Store:
    return Store(lying_bucket)


# Ceph


@pytest.mark.long
def test_ceph_can_be_relied_on(store):
    result = probe_store(store)
    assert result.problem is None and result.may_evict
    assert set(result.checks) == {MD5, SIGNED}  # this version knows no SHA-256 of S3's
    assert (result.refuses_to_overwrite, result.versioning, result.lock) == (True, OFF, OFF)
    assert result.is_tidy and list(store.list_objects("")) == []


@pytest.mark.long
def test_with_versions_ceph_keeps_what_was_there(bucket, everything):
    name = f"{bucket.name}-l"
    everything.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    store = Store(replace(bucket, name=name, lock_days=3))
    result = probe_store(store)
    assert not result.refuses_to_overwrite and result.keeps_what_it_has and result.may_evict
    assert (result.versioning, result.lock, result.is_tidy) == (ON, ON, True)
    assert "Versions" not in everything.list_object_versions(Bucket=name)


@pytest.mark.long
def test_an_account_that_may_not_delete_suffices(careful_bucket):
    store = Store(careful_bucket)
    result = probe_store(store)
    assert result.problem is None and result.may_evict
    assert (result.is_tidy, result.versioning, result.lock) == (False, UNKNOWN, UNKNOWN)
    assert {one.key.partition("/")[0] for one in store.list_objects("")} == {"probe"}
    assert store.put_bytes("changes/1.json", b"{}").is_new


@pytest.mark.long
def test_why_ceph_cannot_be_tried_out_is_told(bucket):
    assert isinstance(probe_store(Store(replace(bucket, name="no-such-bucket"))).problem, BucketMissing)
    result = probe_store(Store(replace(bucket, secret_key="not-the-secret")))
    assert isinstance(result.problem, StoreRefused) and not result.may_evict


# A store that lies


def test_a_store_that_checks_one_sum_and_refuses_to_overwrite_suffices(lying, liar):
    result = probe_store(lying)
    assert result.problem is None and result.checks == (MD5,) and result.may_evict
    assert liar.objects == {}


def test_a_store_that_takes_spoiled_bytes_must_not_be_the_only_place(lying, liar):
    def check_nothing(handler: Handler) -> bool:
        if handler.command != "PUT" or handler.key in handler.store.objects:
            return False
        handler.store.objects[handler.key] = handler.read_body()
        handler.store.metadata[handler.key] = handler.headers["x-amz-meta-sha256"] or ""
        return handler.answer(200, headers=ETAG)

    liar.lie = check_nothing
    result = probe_store(lying)
    assert result.checks == () and not result.may_evict
    assert result.verdict == "It takes bytes that changed on the way."


def test_a_store_that_overwrites_must_not_be_the_only_place(lying, liar):
    def overwrite(handler: Handler) -> bool:
        if handler.command == "PUT":
            handler.store.objects.pop(handler.key, None)
        return False

    liar.lie = overwrite
    result = probe_store(lying)
    assert not result.refuses_to_overwrite and not result.may_evict
    assert result.verdict == "It overwrites, although it is asked not to."


def test_a_store_that_says_no_and_overwrites_all_the_same_is_found_out(lying, liar):
    def overwrite(handler: Handler) -> bool:
        if handler.command == "PUT" and handler.key in handler.store.objects:
            handler.store.objects[handler.key] = handler.read_body()
        return False

    liar.lie = overwrite
    assert not probe_store(lying).refuses_to_overwrite


def test_a_store_that_gives_back_other_bytes_must_not_be_the_only_place(lying, liar):
    def spoil(handler: Handler) -> bool:
        if handler.command == "GET" and handler.key in handler.store.objects and "Range" not in handler.headers:
            return handler.answer(200, b"x" * len(handler.store.objects[handler.key]))
        return False

    liar.lie = spoil
    result = probe_store(lying)
    assert not result.gives_back and not result.may_evict


def test_a_store_that_forgets_the_sum_must_not_be_the_only_place(lying, liar):
    def forget(handler: Handler) -> bool:
        handler.store.metadata.clear()
        return False

    liar.lie = forget
    result = probe_store(lying)
    assert not result.tells_facts and not result.may_evict


@pytest.mark.parametrize("fails_at", ["HEAD", "GET", "PUT", "DELETE"])
def test_a_store_that_fails_in_the_middle_is_not_tried_out(lying, liar, fails_at):
    liar.fail(fails_at, 503, "SlowDown")
    result = probe_store(lying)
    if fails_at == "DELETE":
        assert result.problem is None and not result.is_tidy
    else:
        assert isinstance(result.problem, StoreBusy) and not result.may_evict


def test_a_store_that_hangs_is_given_up(lying_bucket, liar):
    liar.lie = Handler.hang
    result = probe_store(Store(lying_bucket, Patience(connect_s=60, answer_s=0.5, call_s=60)))
    assert isinstance(result.problem, StoreUnreachable)


def test_no_checks_are_named_that_a_store_did_not_make(lying, liar):
    assert not {SHA256, SIGNED} & set(probe_store(lying).checks)


# Watching it


@pytest.fixture
def make_watch():
    watches = []

    def make(bucket: Bucket, **times: float) -> StoreWatch:
        watches.append(StoreWatch(Store(bucket), **times))
        watches[-1].begin()
        return watches[-1]

    yield make
    for watch in watches:
        watch.end()


def test_it_is_tried_out_at_the_start_and_the_store_relies_on_what_was_seen(make_watch, lying_bucket):
    watch = make_watch(lying_bucket)
    wait_for(lambda: watch.latest)
    assert watch.latest.may_evict and not watch.store.looks_first


@pytest.mark.parametrize(
    ("checks", "sends_md5"),
    [((), True), ((MD5,), True), ((SIGNED,), False), ((SHA256,), False), ((SHA256, MD5, SIGNED), False)],
)
def test_an_md5_is_sent_unless_the_store_was_seen_to_check_a_better_sum(lying, checks, sends_md5):
    found = probe_store(lying)
    StoreWatch(lying).note(replace(found, checks=checks))
    assert lying.sends_md5 is sends_md5


@pytest.mark.parametrize("is_refused", [True, False])
def test_it_looks_before_it_puts_unless_the_store_was_seen_to_refuse_to_overwrite(lying, is_refused):
    StoreWatch(lying).note(replace(probe_store(lying), refuses_to_overwrite=is_refused))
    assert lying.looks_first is not is_refused


def test_a_probe_that_failed_changes_nothing_of_what_was_seen(lying):
    watch = StoreWatch(lying)
    sound = replace(probe_store(lying), checks=(SIGNED,), refuses_to_overwrite=True)
    away = replace(sound, problem=StoreBusy("The store is busy.", 1.0), checks=(), refuses_to_overwrite=False)
    watch.note(away)
    assert lying.looks_first and lying.sends_md5, "nothing was seen yet"
    watch.note(sound)
    watch.note(away)
    assert not lying.looks_first and not lying.sends_md5


def test_a_store_that_was_away_is_tried_again_soon_and_a_sound_one_after_a_day(make_watch, lying_bucket, liar):
    liar.fail("PUT", 503, "SlowDown")
    watch = make_watch(lying_bucket, retry_s=0.01)
    wait_for(lambda: watch.latest)
    assert watch.store.looks_first
    liar.lie = lambda handler: False
    wait_for(lambda: watch.latest.problem is None)
    found = watch.latest
    again = make_watch(lying_bucket, every_s=0.01)
    wait_for(lambda: again.latest and again.latest.at > found.at)
    assert watch.latest is found


def test_a_store_that_begins_to_overwrite_is_looked_at_again(make_watch, lying_bucket, liar):
    watch = make_watch(lying_bucket, every_s=0.01)
    wait_for(lambda: watch.latest and not watch.store.looks_first)
    liar.lie = lambda handler: handler.command == "PUT" and handler.store.objects.pop(handler.key, None) and False
    wait_for(lambda: watch.store.looks_first)


def test_its_end_breaks_off_a_probe_that_hangs(lying_bucket, liar):
    liar.lie = Handler.hang
    watch = StoreWatch(Store(lying_bucket, Patience(connect_s=600, answer_s=600, call_s=600)))
    watch.begin()
    assert liar.has_come.wait(60)
    watch.end()
    wait_for(lambda: not [one for one in threading.enumerate() if one.name == "store probe" and one.is_alive()])
    assert watch.latest is None
