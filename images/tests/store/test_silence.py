"""A store that hangs, drips, or breaks off. Each ends in bounded time, and nothing is taken for kept."""

import socket
import threading
from contextlib import suppress
from dataclasses import replace

import pytest

from images.archive.paced_reader import StopRequested
from images.store.body import Pace
from images.store.bucket import Bucket
from images.store.client import Store
from images.store.errors import (
    StoreUnreachable,
)
from images.store.patience import Patience
from images.tests.store.lying_store import DRIP_S, DRIPS, Handler
from images.tests.store.putting import KEY, LARGE, PICTURE, put, sum_of

# Each lasts until the end of the test, unless the client breaks it off; so none of these can be too short.
NO_ANSWER = Patience(connect_s=60, answer_s=0.5, call_s=60)
NO_PROGRESS = Patience(connect_s=0.5, answer_s=60, call_s=60)
NO_END = Patience(connect_s=600, answer_s=600, call_s=1, slowest_bytes_per_s=1e9)
VERY_PATIENT = Patience(connect_s=600, answer_s=600, call_s=600)


@pytest.fixture
def store(make_store) -> Store:
    return make_store()


def test_a_store_that_hangs_is_given_up(make_store, liar):
    liar.lie = Handler.hang
    store = make_store(NO_ANSWER)
    for ask in (put, Store.check):
        with pytest.raises(StoreUnreachable):
            ask(store)


def test_a_store_that_takes_no_byte_is_given_up(make_store, liar):
    def take_nothing(handler: Handler) -> bool:
        return handler.command == "PUT" and handler.hang()

    liar.lie = take_nothing
    with pytest.raises(StoreUnreachable):
        put(make_store(NO_PROGRESS), LARGE)


def test_a_store_that_takes_a_byte_now_and_then_is_given_up(make_store, liar):
    def sip(handler: Handler) -> bool:
        for _ in range(DRIPS if handler.command == "PUT" else 0):
            if not handler.rfile.read(100) or handler.store.is_over.wait(DRIP_S):
                return handler.cut()
        handler.store.was_outwaited = True
        return handler.cut()

    liar.lie = sip
    with pytest.raises(StoreUnreachable, match="within 1 s"):
        put(make_store(NO_END), LARGE)


@pytest.mark.parametrize(
    "text", [b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK\r\nx-slow: " + b"s" * 3000], ids=["status", "header"]
)
def test_an_answer_that_drips_is_given_up(make_store, liar, text):
    liar.lie = lambda handler: handler.drip(text)
    with pytest.raises(StoreUnreachable, match="within 1 s"):
        make_store(NO_END).head(KEY)


def test_a_body_that_drips_is_given_up(make_store, liar):
    liar.objects[KEY] = PICTURE

    def drip_body(handler: Handler) -> bool:
        if handler.command != "GET":
            return False
        handler.begin(200, len(PICTURE))
        return handler.drip(PICTURE)

    liar.lie = drip_body
    with pytest.raises(StoreUnreachable, match="within 1 s"):
        make_store(NO_END).measure(KEY)


def test_a_handshake_that_drips_is_given_up(lying_bucket, liar):
    is_over = threading.Event()

    def drip(door: socket.socket) -> None:
        guest, _ = door.accept()
        # A record of TLS with the greeting of the server, of which the rest comes a byte now and then.
        guest.sendall(b"\x16\x03\x03\x3f\xff")
        with guest, suppress(OSError):
            for _ in range(DRIPS):
                guest.sendall(b"\x02")
                if is_over.wait(DRIP_S):
                    return
            liar.was_outwaited = True

    with socket.create_server(("127.0.0.1", 0)) as door:
        dripping = threading.Thread(target=drip, args=(door,), daemon=True)
        dripping.start()
        endpoint = f"https://127.0.0.1:{door.getsockname()[1]}"
        with pytest.raises(StoreUnreachable, match="within 1 s"):
            Store(replace(lying_bucket, endpoint=endpoint), NO_END).head(KEY)
        is_over.set()
        dripping.join()


@pytest.mark.parametrize("how", ["stop", "close"])
def test_a_call_that_hangs_ends_when_it_is_told_to(make_store, liar, how):
    liar.lie = Handler.hang
    store, stop, ended = make_store(VERY_PATIENT), threading.Event(), []

    def try_it() -> None:
        try:
            put(store, stop=stop)
        except BaseException as problem:  # noqa: BLE001 (the test looks at it)
            ended.append(problem)

    trying = threading.Thread(target=try_it, daemon=True)
    trying.start()
    assert liar.has_come.wait(60)
    stop.set() if how == "stop" else store.close()
    trying.join(60)
    assert [type(problem) for problem in ended] == [StopRequested]


def test_waiting_for_its_own_pace_is_not_held_against_the_store(make_store, liar):
    store, content = make_store(Patience(call_s=2, slowest_bytes_per_s=1e9)), bytes(1_800_000)
    assert put(store, content, pace=Pace(500_000)).is_new
    assert liar.objects[KEY] == content


def test_a_call_that_was_given_up_spoils_no_later_one(make_store, liar):
    store = make_store(Patience(call_s=1, answer_s=60))
    liar.lie = Handler.hang
    with pytest.raises(StoreUnreachable):
        store.head(KEY)
    liar.lie = lambda handler: False
    store.connection.patience = VERY_PATIENT
    assert put(store).is_new
    assert store.measure(KEY) == (len(PICTURE), sum_of(PICTURE))


# Breaking off


def test_a_connection_that_breaks_while_it_is_put_leaves_nothing_taken_for_kept(store, liar):
    def cut_in_the_middle(handler: Handler) -> bool:
        if handler.command != "PUT":
            return False
        handler.rfile.read(len(PICTURE) // 2)
        return handler.cut()

    liar.lie = cut_in_the_middle
    with pytest.raises(StoreUnreachable):
        put(store)
    liar.lie = lambda handler: False
    assert put(store).is_new


def test_an_answer_that_is_lost_is_made_good_by_the_next_try(store, liar):
    def lose_the_answer(handler: Handler) -> bool:
        if handler.command != "PUT":
            return False
        handler.store.objects[handler.key] = handler.read_body()
        handler.store.metadata[handler.key] = handler.headers["x-amz-meta-sha256"]
        return handler.cut()

    liar.lie = lose_the_answer
    with pytest.raises(StoreUnreachable):
        put(store)
    liar.lie = lambda handler: False
    assert not put(store).is_new


def test_a_connection_that_breaks_while_it_is_read_gives_no_sum(store, liar):
    liar.objects[KEY] = PICTURE

    def cut_in_the_middle(handler: Handler) -> bool:
        if handler.command != "GET":
            return False
        handler.begin(200, len(PICTURE))
        handler.wfile.write(PICTURE[: len(PICTURE) // 2])
        return handler.cut()

    liar.lie = cut_in_the_middle
    with pytest.raises(StoreUnreachable):
        store.measure(KEY)


def test_nobody_at_the_address(lying_bucket):
    with pytest.raises(StoreUnreachable) as caught:
        put(Store(Bucket("pictures", "key", "secret-key", "http://127.0.0.1:9")))
    assert "S3_ENDPOINT" in caught.value.todo
