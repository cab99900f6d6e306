"""`serve --log FILE`: what the program prints goes to a file, for a start without a window."""

import logging
import os
import sys

import pytest

from microscope.start.console import MAX_LOG_BYTES, find_log, prepare_console
from microscope.start.log_lines import LineFormatter
from microscope.tests.starting import assert_one_sentence, run_command


@pytest.fixture
def console(monkeypatch):
    """The console of the test comes back after it."""
    monkeypatch.setattr(sys, "stdout", sys.stdout)
    monkeypatch.setattr(sys, "stderr", sys.stderr)


@pytest.mark.parametrize(
    ("arguments", "path"),
    [(["serve", "--log", "a b.log"], "a b.log"), (["serve"], None), (["serve", "--log"], None)],
)
def test_the_file_is_known_before_django_reads_the_arguments(arguments, path):
    assert find_log(["manage.py", *arguments]) == path


def test_what_is_printed_is_added_to_the_file(console, tmp_path):
    log = tmp_path / "microscope.log"
    log.write_text("of the day before\n", encoding="utf-8")
    prepare_console(str(log))
    sys.stdout.write("Präparate 日本\n")
    sys.stderr.write("a fault\n")
    assert log.read_text(encoding="utf-8").splitlines() == ["of the day before", "Präparate 日本", "a fault"]


def test_a_large_log_gets_another_name_at_the_start(console, tmp_path):
    log = tmp_path / "microscope.log"
    with log.open("wb") as file:
        file.truncate(MAX_LOG_BYTES + 1)
    prepare_console(str(log))
    assert os.path.getsize(log) == 0
    assert os.path.getsize(f"{log}.1") == MAX_LOG_BYTES + 1


def test_a_log_that_cannot_be_written_ends_the_start_with_a_sentence(tmp_path):
    place = tmp_path / "nowhere" / "microscope.log"
    assert_one_sentence(run_command("serve", "--log", str(place)), f"The log {place} cannot be written")


def test_a_fault_of_the_settings_stands_in_the_log(tmp_path):
    log = tmp_path / "microscope.log"
    done = run_command("serve", "--log", str(log), DATA_PATH=str(tmp_path / "data"), PORT="no number")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert "Invalid value PORT=no number" in log.read_text(encoding="utf-8")


def test_the_log_leaves_out_the_secret_of_the_one_time_link():
    record = logging.LogRecord("django.request", logging.WARNING, "", 0, "Bad Request: /setup/start/aB-_9", None, None)
    assert LineFormatter("{message}", style="{").format(record) == "Bad Request: /setup/start/…"
