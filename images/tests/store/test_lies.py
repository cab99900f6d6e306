"""A store that lies. Each lie has its name, and nothing is taken for kept."""

import hashlib
import io
import threading
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from images.errors import OriginalChanged
from images.store.client import Store
from images.store.errors import (
    BucketMissing,
    ClocksDiffer,
    NotAStore,
    ObjectMissing,
    ObjectOfSomebodyElse,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreRefused,
    StoreWrongBytes,
)
from images.tests.store.lying_store import BLOCK_BYTES, ETAG, Handler, LyingStore
from images.tests.store.putting import KEY, PICTURE, put, sum_of


@pytest.fixture
def store(make_store) -> Store:
    return make_store()


# Answers


@pytest.mark.parametrize(
    ("status", "code", "named", "said"),
    [
        (503, "SlowDown", StoreBusy, "busy"),
        (500, "InternalError", StoreBusy, "passing fault"),
        (403, "QuotaExceeded", StoreFull, "quota"),
        (507, "InsufficientStorage", StoreFull, "full"),
        (400, "ExpiredToken", StoreRefused, "expired"),
        (403, "InvalidAccessKeyId", StoreRefused, "does not know these keys"),
        (403, "SignatureDoesNotMatch", StoreRefused, "does not know these keys"),
        (403, "AccessDenied", StoreRefused, "may not do this"),
        (403, "RequestTimeTooSkewed", ClocksDiffer, "clocks"),
        (404, "NoSuchBucket", BucketMissing, "no bucket"),
        (400, "BadDigest", StoreWrongBytes, "other bytes"),
        (400, "AuthorizationHeaderMalformed", StoreRefused, "another region"),
        (413, "EntityTooLarge", StoreRefused, "larger"),
        (400, "SomethingNew", StoreRefused, "SomethingNew"),
        (501, "NotImplemented", StoreRefused, "NotImplemented"),
    ],
)
def test_each_refusal_has_its_cause_and_says_what_to_do(store, liar, status, code, named, said):
    liar.fail("PUT", status, code)
    with pytest.raises(StoreError, match=said) as caught:
        put(store)
    assert type(caught.value) is named
    assert caught.value.todo.endswith(".")
    shown = f"{caught.value!r} {caught.value} {caught.value.todo}"
    assert not any(hidden in shown for hidden in ("secret-of-the-liar", "liar", "127.0.0.1", "pictures"))
    assert liar.seen.count(f"PUT {KEY}") == 1  # whoever asks decides when to try again


@pytest.mark.parametrize(("told", "seconds"), [("17", 17), ("1e9", 3600), ("-1", 0), ("nan", 5), ("soon", 5), ("", 5)])
def test_a_busy_store_says_when_to_try_again(store, liar, told, seconds):
    liar.fail("PUT", 503, "SlowDown", **{"Retry-After": told})
    with pytest.raises(StoreBusy) as caught:
        put(store)
    assert caught.value.retry_after_s == seconds


@pytest.mark.parametrize(("hours", "said"), [(3, "ahead"), (-3, "behind")])
def test_clocks_that_differ_are_told_with_the_difference(store, liar, hours, said):
    def refuse(handler: Handler) -> bool:
        there = datetime.now(UTC) + timedelta(hours=hours, minutes=1 if hours > 0 else -1)
        handler.date_time_string = lambda: format_datetime(there, usegmt=True)
        return handler.refuse(403, "RequestTimeTooSkewed")

    liar.lie = refuse
    with pytest.raises(ClocksDiffer, match=rf"store's is 18\d min {said}"):
        put(store)


def test_a_web_server_that_says_yes_to_everything_is_no_store(store, liar):
    liar.lie = lambda handler: handler.read_body() is not None and handler.answer(200)
    with pytest.raises(NotAStore):
        put(store)


def describe_without(header: str) -> Callable[[Handler], bool]:
    """The store has it, and leaves out one thing that stores say."""

    def lie(handler: Handler) -> bool:
        if handler.command != "HEAD":
            return False
        # Said too: otherwise the next call may be sent on a connection that is just being closed.
        said = {"Content-Length": str(len(PICTURE)), "Last-Modified": handler.date_time_string(), "Connection": "close"}
        handler.send_response(200)
        for name, value in said.items():
            if name != header:
                handler.send_header(name, value)
        handler.end_headers()
        return True

    return lie


def test_a_store_need_not_say_since_when_it_has_an_object_but_how_large_it_is(store, liar):
    liar.lie = describe_without("Last-Modified")
    assert (store.head(KEY).size_bytes, store.head(KEY).stored_at) == (len(PICTURE), None)
    liar.lie = describe_without("Content-Length")
    with pytest.raises(NotAStore):
        store.head(KEY)


def test_a_web_page_is_no_success(store, liar):
    liar.lie = lambda handler: handler.read_body() is not None and handler.answer(200, b"<!doctype html><p>Hello")
    for ask in (put, lambda store: list(store.list_objects(""))):
        with pytest.raises(StoreBusy) as caught:
            ask(store)
        assert "S3_ENDPOINT" in caught.value.todo


# Bytes


def test_what_was_put_is_there_with_its_sums(store, liar):
    stored = put(store)
    assert stored.is_new and stored.facts.sha256 == sum_of(PICTURE)
    assert liar.objects == {KEY: PICTURE}
    assert not put(store).is_new


def test_a_store_that_loses_what_it_took_is_found_out_at_once(store, liar):
    liar.lie = lambda handler: (
        handler.command == "PUT" and handler.read_body() != b"" and handler.answer(200, headers=ETAG)
    )
    with pytest.raises(ObjectMissing):
        put(store)


@pytest.mark.parametrize("kept", [PICTURE[:-1], PICTURE + b"x", b""], ids=["shorter", "longer", "nothing"])
def test_a_store_that_says_yes_and_keeps_another_size_is_found_out_at_once(store, liar, kept):
    def keep_other(handler: Handler) -> bool:
        if handler.command == "PUT":
            handler.tell_put()
            handler.store.objects[handler.key] = kept
        return handler.command == "PUT"

    liar.lie = keep_other
    with pytest.raises(StoreWrongBytes):
        put(store)


def test_the_second_look_reads_the_bytes_and_not_what_is_said_of_them(store, liar):
    put(store)
    liar.objects[KEY] = PICTURE[:-1] + b"x"
    assert store.head(KEY).sha256 == sum_of(PICTURE)
    assert store.measure(KEY)[1] == sum_of(liar.objects[KEY])


def test_other_bytes_under_our_key_are_somebody_elses_whatever_is_said_of_them(store, liar):
    liar.objects[KEY], liar.metadata[KEY] = PICTURE[:-1] + b"x", sum_of(PICTURE)
    with pytest.raises(ObjectOfSomebodyElse):
        put(store)
    assert liar.objects[KEY] == PICTURE[:-1] + b"x"


def test_a_store_that_overwrites_is_looked_at_first(lying_bucket, liar):
    def overwrite(handler: Handler) -> bool:
        if handler.command == "PUT":
            handler.store.objects.pop(handler.key, None)
        return False

    liar.lie, liar.objects[KEY] = overwrite, b"of somebody else"
    with pytest.raises(ObjectOfSomebodyElse):
        put(Store(lying_bucket))
    assert liar.objects[KEY] == b"of somebody else"


def test_a_part_that_is_the_whole_is_refused(store, liar):
    liar.objects[KEY] = PICTURE
    liar.lie = lambda handler: handler.command == "GET" and handler.answer(200, PICTURE)
    with pytest.raises(StoreWrongBytes), store.open_range(KEY, 10, 20):
        raise AssertionError("it must not open")


def test_a_file_that_changed_since_it_was_saved_is_not_sent(store, liar):
    with pytest.raises(OriginalChanged, match=r"a picture ü\.jpg"):
        store.put_file(KEY, io.BytesIO(b"spoiled"), sum_of(PICTURE))
    assert liar.seen == []


class FailingFile(io.BytesIO):
    """Can be read so often, and then its disk fails."""

    def __init__(self, content: bytes, good_reads: int) -> None:
        super().__init__(content)
        self.good_reads = good_reads

    def read(self, most: int | None = -1) -> bytes:
        self.good_reads -= 1
        if self.good_reads < 0:
            raise OSError(5, "Input/output error")
        return super().read(most)


@pytest.mark.parametrize("good_reads", [0, 1, 3, 5, 8])
def test_a_disk_that_fails_is_not_taken_for_the_network(store, liar, good_reads):
    with pytest.raises(OSError, match="Input/output error"):
        store.put_file(KEY, FailingFile(PICTURE, good_reads), sum_of(PICTURE))
    assert liar.objects == {}


def test_a_large_file_is_sent_without_being_held_in_memory(store, liar, tmp_path):
    path, size_bytes = tmp_path / "large", 32_000_000
    with path.open("wb") as file:
        file.truncate(size_bytes)
    digest = hashlib.sha256()
    for _ in range(32):
        digest.update(bytes(1_000_000))

    def swallow(handler: Handler) -> bool:
        if handler.command == "PUT":
            left = size_bytes
            while left:
                left -= len(handler.rfile.read(min(left, BLOCK_BYTES)))
            return handler.answer(200, headers=ETAG)
        handler.store.metadata[handler.key] = digest.hexdigest()
        handler.begin(200, size_bytes)
        return True

    put(store)  # loads what boto3 needs
    liar.lie = swallow
    tracemalloc.start()
    try:
        with path.open("rb") as file:
            assert store.put_file(KEY, file, digest.hexdigest()).facts.size_bytes == size_bytes
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_threads_share_a_store(make_store, liar: LyingStore):
    store, problems = make_store(), []

    def put_one(number: int) -> None:
        try:
            store.put_bytes(f"jobs/{number}.json", str(number).encode())
        except Exception as problem:  # noqa: BLE001 (the test looks at it)
            problems.append(problem)

    threads = [threading.Thread(target=put_one, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert liar.objects == {f"jobs/{number}.json": str(number).encode() for number in range(16)}
