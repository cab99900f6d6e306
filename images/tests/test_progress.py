"""The progress of a long command, in a terminal and in a file."""

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import OutputWrapper

from images.management import progress
from images.management.progress import Progress, describe
from images.tests.frames import TAKEN_AT


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("done", "total", "per_second", "said"),
    [
        (1200, 40_000, 310, "1,200 of 40,000 images, 310 a second, 2 min left"),
        (0, 10, 0, "0 of 10 images, 0 a second"),
        (5, 10, 1, "5 of 10 images, 1 a second, 5 s left"),
        (1, 1_000_000, 50, "1 of 1,000,000 images, 50 a second, 5.6 h left"),
        (12, 10, 1, "12 of 12 images, 1 a second"),
    ],
)
def test_it_says_how_many_how_fast_and_how_long_still(done, total, per_second, said):
    assert describe(done, total, per_second, "images") == said


@pytest.fixture
def at_once(monkeypatch):
    """Report progress at each step, without the usual pause."""
    monkeypatch.setattr(progress, "ON_TERMINAL_S", 0)
    monkeypatch.setattr(progress, "IN_FILE_S", 0)


@pytest.mark.usefixtures("at_once")
def test_a_terminal_sees_one_line_written_again_and_findings_above_it():
    stream = Terminal()
    told = Progress(OutputWrapper(stream), "files")
    told.say(100_000, 200_000)
    told.report("Missing: \u00b5.jpg")
    told.say(1, 2)
    told.clear()
    text = stream.getvalue()
    assert text.isascii()
    assert text.count("\n") == 1 and "Missing: \\xb5.jpg\n" in text
    shown = [part.rstrip() for part in text.split("\r")]
    assert shown[1].startswith("100,000 of 200,000 files") and shown[-1] == ""


@pytest.mark.usefixtures("at_once")
def test_a_file_gets_lines():
    stream = io.StringIO()
    told = Progress(OutputWrapper(stream), "files")
    for number in range(3):
        told.say(number, 3)
    assert "\r" not in stream.getvalue()
    assert stream.getvalue().count("\n") == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("at_once", "own_data_folder")
@pytest.mark.parametrize(
    # Without --full-speed the command would lower the priority of the process of the tests, for good.
    ("command", "said"),
    [(["verify", "--full-speed"], "1 of 2 originals, "), (["rebuild"], "2 of 2 files, ")],
)
def test_both_long_commands_say_how_far_they_are(keep_image, command, said):
    for hour in range(2):
        keep_image(taken_at=TAKEN_AT + timedelta(hours=hour))
    printed = io.StringIO()
    call_command(*command, stdout=printed)
    assert said in printed.getvalue()
