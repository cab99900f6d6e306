"""Putting, reading and listing in a real store: Ceph, with its own S3 gateway."""

import hashlib
import io
import threading
import urllib.error
import urllib.request
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from botocore.exceptions import ClientError

from images.archive.paced_reader import StopRequested
from images.store.client import Store
from images.store.errors import (
    BucketMissing,
    NoObjectLock,
    ObjectMissing,
    ObjectOfSomebodyElse,
    StoreFull,
    StoreRefused,
    StoreWrongBytes,
)
from images.store.objects import StoredObject
from images.tests.at_once import at_once

pytestmark = pytest.mark.long

KEY = "originals/1f0c/2026-11-27/5f0c/HeLa, day 3 ü.jpg"
PICTURE = bytes(range(256)) * 8000


def sum_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(store: Store, content: bytes = PICTURE, key: str = KEY):
    return store.put_file(key, io.BytesIO(content), sum_of(content), "image/jpeg")


@pytest.fixture(params=["looks first", "lets the store refuse"])
def careful_store(store, request) -> Store:
    store.looks_first = request.param == "looks first"
    return store


def test_what_is_put_comes_back_byte_by_byte(store, everything):
    stored = put(store)
    assert stored.is_new
    assert (stored.facts.size_bytes, stored.facts.sha256) == (len(PICTURE), sum_of(PICTURE))
    assert store.measure(KEY) == (len(PICTURE), sum_of(PICTURE))
    kept = everything.get_object(Bucket=store.bucket.name, Key=KEY)
    assert kept["Body"].read() == PICTURE and kept["ContentType"] == "image/jpeg"


@pytest.mark.parametrize("content", [b"", b"x"], ids=["empty", "one byte"])
def test_small_files_are_files(store, content):
    assert put(store, content).is_new
    assert store.measure(KEY) == (len(content), sum_of(content))


def test_to_put_again_is_a_success_and_makes_nothing_new(careful_store):
    first = put(careful_store)
    again = put(careful_store)
    assert (first.is_new, again.is_new) == (True, False)
    assert again.facts.stored_at == first.facts.stored_at


@pytest.mark.parametrize("foreign", [b"of somebody else", PICTURE[:-1] + b"x"], ids=["other size", "same size"])
def test_an_object_of_somebody_else_stays_as_it_is(careful_store, everything, foreign):
    everything.put_object(Bucket=careful_store.bucket.name, Key=KEY, Body=foreign)
    with pytest.raises(ObjectOfSomebodyElse):
        put(careful_store)
    assert careful_store.measure(KEY) == (len(foreign), sum_of(foreign))


def test_of_twelve_that_race_for_a_key_one_wins_and_the_others_know(store):
    store.looks_first = False
    contents = [f"racer {number:02}".encode() for number in range(12)]
    answers = at_once(*(partial(put, store, content) for content in contents))
    won = [content for content, answer in zip(contents, answers, strict=True) if isinstance(answer, StoredObject)]
    assert len(won) == 1 and sum(isinstance(answer, ObjectOfSomebodyElse) for answer in answers) == 11
    assert store.measure(KEY)[1] == sum_of(won[0])


def test_of_twelve_that_put_the_same_all_succeed_and_one_has_put_it(store):
    store.looks_first = False
    answers = at_once(*[partial(put, store, b"the same")] * 12)
    assert sorted(answer.is_new for answer in answers) == [False] * 11 + [True]


def test_bytes_whose_md5_is_wrong_are_refused(store):
    wrong = b64encode(hashlib.md5(b"others").digest()).decode()
    with pytest.raises(StoreWrongBytes):
        store.connection.ask("put_object", KEY, Body=PICTURE, ContentMD5=wrong)
    with pytest.raises(ObjectMissing):
        store.head(KEY)


def test_bytes_that_change_after_they_were_signed_are_refused(store):
    client = store.connection.make_client(store.bucket.endpoint)
    spoiled = PICTURE[:-1] + b"x"
    client.meta.events.register("before-send.s3.PutObject", lambda request, **_: setattr(request, "body", spoiled))
    with pytest.raises(StoreWrongBytes):
        store.connection.ask("put_object", KEY, client=client, Body=PICTURE)
    with pytest.raises(ObjectMissing):
        store.head(KEY)


@pytest.mark.parametrize(("first", "last"), [(0, 0), (3, 9), (2_047_990, None), (2_047_990, 5_000_000)])
def test_a_part_is_read_alone(store, first, last):
    put(store)
    with store.open_range(KEY, first, last) as reader:
        assert reader.total_bytes == len(PICTURE)
        assert reader.read() + reader.read() == PICTURE[first : None if last is None else last + 1]


def test_an_object_that_is_not_there_is_missing(store):
    for ask in (store.head, store.measure, lambda key: store.open_range(key, 0, 1).__enter__()):
        with pytest.raises(ObjectMissing):
            ask(KEY)


def test_whoever_has_a_link_gets_the_object_or_a_part_of_it_for_a_minute(store):
    put(store)
    link = store.make_link(KEY, "HeLa, day 3 ü.jpg", "image/jpeg")
    with urllib.request.urlopen(link, timeout=60) as answer:
        assert answer.read() == PICTURE and answer.headers["Content-Type"] == "image/jpeg"
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''HeLa%2C%20day%203%20%C3%BC.jpg"
    part = urllib.request.Request(link, headers={"Range": "bytes=256-257"})
    with urllib.request.urlopen(part, timeout=60) as answer:
        assert (answer.status, answer.read()) == (206, b"\x00\x01")
        assert answer.headers["Content-Range"] == f"bytes 256-257/{len(PICTURE)}"
    assert "X-Amz-Expires=60" in link and store.bucket.secret_key not in link
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(link.replace("day%203", "day%204"), timeout=60)


def test_a_link_leads_to_the_address_that_browsers_reach(bucket):
    link = Store(replace(bucket, public_url="https://pictures.lab.example")).make_link(KEY, "a.jpg")
    assert link.startswith(f"https://pictures.lab.example/{bucket.name}/originals/1f0c/")


def test_all_objects_of_a_prefix_are_listed_in_order(store, everything):
    keys = [f"changes/5f0c/{number:06}.json" for number in range(5)]
    for key in ["jobs/1.json", *reversed(keys)]:
        everything.put_object(Bucket=store.bucket.name, Key=key, Body=b"{}")
    assert [one.key for one in store.list_objects("changes/", at_a_time=2)] == keys
    assert [(one.key, one.size_bytes) for one in store.list_objects("jobs/")] == [("jobs/1.json", 2)]
    assert list(store.list_objects("thumbs/")) == []


def test_changes_are_new_objects_and_of_two_editors_one_is_told(store):
    assert store.put_bytes("changes/5f0c/000001.json", b'{"note": "a"}').is_new
    with pytest.raises(ObjectOfSomebodyElse):
        store.put_bytes("changes/5f0c/000001.json", b'{"note": "b"}')
    assert store.put_bytes("changes/5f0c/000002.json", b'{"note": "b"}').is_new


# Versions and locks


def test_in_a_bucket_with_versions_nothing_is_put_over_an_object(store, everything):
    versioning = {"Status": "Enabled"}
    everything.put_bucket_versioning(Bucket=store.bucket.name, VersioningConfiguration=versioning)
    assert put(store).facts.version_id
    assert not put(store).is_new
    with pytest.raises(ObjectOfSomebodyElse):
        put(store, b"other")
    assert len(everything.list_object_versions(Bucket=store.bucket.name)["Versions"]) == 1


def test_a_locked_original_can_be_deleted_by_nobody(bucket, everything):
    name = f"{bucket.name}-l"
    everything.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    store = Store(replace(bucket, name=name, lock_days=3))
    facts = put(store).facts
    assert timedelta(days=2) < facts.locked_until - datetime.now(UTC) <= timedelta(days=3)
    with pytest.raises(ClientError, match="AccessDenied"):
        everything.delete_object(Bucket=name, Key=KEY, VersionId=facts.version_id)
    assert store.measure(KEY)[1] == sum_of(PICTURE)
    assert store.put_bytes("changes/5f0c/000001.json", b"{}").facts.locked_until is None


def test_without_a_lock_in_the_bucket_nothing_is_put_unlocked(bucket):
    store = Store(replace(bucket, lock_days=3))
    with pytest.raises(NoObjectLock) as caught:
        put(store)
    assert "S3_LOCK_DAYS" in caught.value.todo
    with pytest.raises(ObjectMissing):
        store.head(KEY)


# Refusals


def test_a_bucket_that_is_missing_is_told_by_every_call(bucket):
    store = Store(replace(bucket, name="no-such-bucket"))
    for looks_first in (True, False):
        store.looks_first = looks_first
        with pytest.raises(BucketMissing):
            put(store)
    for ask in (store.check, lambda: store.head(KEY), lambda: store.measure(KEY), lambda: list(store.list_objects(""))):
        with pytest.raises(BucketMissing):
            ask()


@pytest.mark.parametrize(
    "wrong", [{"access_key": "nobody"}, {"secret_key": "not-the-secret"}], ids=["access key", "secret key"]
)
def test_wrong_keys_are_told_by_every_call(bucket, wrong):
    store = Store(replace(bucket, **wrong))
    for looks_first in (True, False):
        store.looks_first = looks_first
        with pytest.raises(StoreRefused) as caught:
            put(store)
        assert "S3_SECRET_KEY" in caught.value.todo
    for ask in (store.check, lambda: store.head(KEY), lambda: store.measure(KEY), lambda: list(store.list_objects(""))):
        with pytest.raises(StoreRefused):
            ask()


def test_a_bucket_at_its_quota_is_full_and_takes_again_once_there_is_room(store, gateway):
    limit = ("--bucket", store.bucket.name, "--quota-scope", "bucket")
    put(store, b"the first")
    gateway.administer("quota", "set", *limit, "--max-objects", "1")
    gateway.administer("quota", "enable", *limit)
    with pytest.raises(StoreFull) as caught:
        put(store, key="originals/2")
    assert "quota" in caught.value.todo
    with pytest.raises(ObjectMissing):
        store.head("originals/2")
    gateway.administer("quota", "disable", *limit)
    assert put(store, key="originals/2").is_new


def test_threads_share_a_store(store):
    at_once(*(partial(put, store, key=f"originals/{number}") for number in range(12)))
    assert len(list(store.list_objects("originals/"))) == 12


class StoppingFile(io.BytesIO):
    """Sets `stop` in the middle of the third reading: the first is for MD5, the second to sign, the third to send."""

    def __init__(self, content: bytes, stop: threading.Event) -> None:
        super().__init__(content)
        self._stop, self._rounds = stop, 0

    def read(self, most: int | None = -1) -> bytes:
        self._rounds += self.tell() == 0
        if self._rounds == 3 and self.tell() > len(PICTURE) // 2:
            self._stop.set()
        return super().read(most)


def test_nothing_is_left_of_a_put_that_is_stopped_in_the_middle(store):
    stop = threading.Event()
    with pytest.raises(StopRequested):
        store.put_file(KEY, StoppingFile(PICTURE, stop), sum_of(PICTURE), stop=stop)
    with pytest.raises(ObjectMissing):
        store.head(KEY)
