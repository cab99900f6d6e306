"""The parts that live as long as the program: started in order, closed in reverse, each within its deadline."""

import socket
import threading

import pytest
from django.core.management import CommandError, call_command

from camera.errors import CameraClosed
from camera.registry import the_live_view
from images.archive.names import location_of
from images.library import the_library
from images.tests.frames import make_frame
from microscope.http.server import make_server
from microscope.management.commands.serve import list_parts
from microscope.start.parts import Part, running


class CannotStart(Exception):
    pass


@pytest.fixture
def told() -> list[str]:
    """What the parts did, in order."""
    return []


@pytest.fixture
def make_part(told):
    """make_part("camera") notes its start and its end. `close` replaces what it does at its end."""

    def make(name: str, close=None, starts: bool = True, deadline_s: float = 60) -> Part:
        def start() -> None:
            told.append(f"start {name}")
            if not starts:
                raise CannotStart

        return Part(name, close or (lambda: told.append(f"close {name}")), start, deadline_s)

    return make


def test_they_start_in_order_and_are_closed_in_reverse(make_part, told):
    with running([make_part("disk"), make_part("camera"), make_part("server")]):
        assert told == ["start disk", "start camera", "start server"]
    assert told[3:] == ["close server", "close camera", "close disk"]


def test_a_start_that_fails_midway_closes_what_was_started(make_part, told):
    parts = [make_part("disk"), make_part("camera"), make_part("server", starts=False), make_part("pages")]
    with pytest.raises(CannotStart), running(parts):
        raise AssertionError("it must not run")
    assert told == ["start disk", "start camera", "start server", "close camera", "close disk"]


def test_one_that_fails_to_close_does_not_keep_the_others_open(make_part, told, caplog):
    def fail() -> None:
        raise OSError("the drive is gone")

    with running([make_part("disk"), make_part("camera", fail), make_part("server")]):
        told.clear()
    assert told == ["close server", "close disk"]
    assert "The camera could not be closed properly" in caplog.text and "the drive is gone" in caplog.text


def test_one_that_hangs_is_left_behind_at_its_deadline(make_part, told, caplog):
    goes_on = threading.Event()
    with running([make_part("disk"), make_part("camera", lambda: goes_on.wait(60), deadline_s=0.05)]):
        told.clear()
    assert told == ["close disk"] and not goes_on.is_set()
    assert "The camera did not end within 0.05 s" in caplog.text
    goes_on.set()


def test_they_can_be_closed_earlier_and_are_closed_once(make_part, told):
    with running([make_part("disk"), make_part("camera")]) as close_all:
        closer = threading.Thread(target=close_all)
        closer.start()
        closer.join()
        assert told[2:] == ["close camera", "close disk"]
    assert len(told) == 4


@pytest.fixture
def others() -> set[threading.Thread]:
    """Threads that earlier tests left."""
    return set(threading.enumerate())


def assert_given_back(camera, archive, others) -> None:
    """Check that the program that ended holds nothing any more."""
    with pytest.raises(CameraClosed):
        camera.configure()
    assert the_live_view().is_ending
    the_library().thumbnails.make_soon("2025-01-16/never.jpg", make_frame())
    the_library().backfiller.add_later(location_of("capture_20250116_103045_123.jpg"))
    for thread in set(threading.enumerate()) - others:
        if thread.name in ("thumbnails", "backfiller", "startup"):
            thread.join(30)  # it may end late on a busy machine
            assert not thread.is_alive(), thread.name


class FailingStartup:
    def begin(self) -> None:
        raise CannotStart

    def end(self) -> None:
        raise AssertionError("it did not start")


def test_a_server_whose_last_part_cannot_start_gives_back_port_and_camera(camera, archive, others):
    camera.open_soon()
    server = make_server("127.0.0.1", 0, lambda environ, start_response: [], 2, 5)
    with pytest.raises(CannotStart), running(list_parts(server, FailingStartup(), threading.Event())):
        raise AssertionError("it must not run")
    assert server.socket is None and not server.ready
    assert_given_back(camera, archive, others)


def test_a_server_that_finds_its_port_taken_gives_back_what_it_had(camera, archive, settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings.HOST, settings.PORT = taken.getsockname()
        with pytest.raises(CommandError, match="cannot be served"):
            call_command("serve")
    with pytest.raises(CameraClosed):
        camera.configure()


def test_a_request_that_hangs_does_not_keep_the_process(camera, archive):
    server = make_server("127.0.0.1", 0, lambda environ, start_response: [], 2, 5)
    server.prepare()
    assert [thread for thread in threading.enumerate() if "CP Server" in thread.name and not thread.daemon] == []
    server.stop()
