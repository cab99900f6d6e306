"""Requests wait in order, and the thread that was busy last gets the next one."""

import threading

from camera.tests.rig import wait_until
from microscope.http.server import RequestQueue


def test_requests_come_in_order():
    requests = RequestQueue()
    for number in range(5):
        requests.put(number)
    assert requests.qsize() == 5
    assert [requests.get() for _ in range(5)] == [0, 1, 2, 3, 4]
    assert requests.qsize() == 0


def test_one_at_a_time_keeps_one_thread_busy_and_many_keep_all():
    requests, answered = RequestQueue(), []

    def answer() -> None:
        while (request := requests.get()) is not None:
            answered.append(threading.current_thread())
            request.wait(10)

    threads = [threading.Thread(target=answer) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(requests._idle) == 4)
    for number in range(1, 21):
        done = threading.Event()
        requests.put(done)
        wait_until(lambda number=number: len(answered) == number)
        done.set()
        wait_until(lambda: len(requests._idle) == 4)
    assert len(set(answered)) == 1
    answered.clear()
    done = threading.Event()
    for _ in threads:
        requests.put(done)
    wait_until(lambda: len(answered) == 4)
    assert set(answered) == set(threads)
    done.set()
    for _ in threads:
        requests.put(None)
    for thread in threads:
        thread.join(10)
        assert not thread.is_alive()
