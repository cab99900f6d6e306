"""The log in the data folder: what stands in it, what never does, and how managers read it."""

import logging
import os
import re
import threading
from pathlib import Path

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from microscope.http.request_number import RequestNumberMiddleware, current_request_number
from microscope.log import entries as log_entries
from microscope.log.entries import LogFilter, find_entries, read_lines_backwards
from microscope.start.log_file import FILE, FOLDER, KEPT_FILES, LogFile, LogFileHandler, log_files
from microscope.tests.server_process import ServerProcess

logger = logging.getLogger("microscope.tests.log")
PASSWORD = "a-long-secret-word"


@pytest.fixture
def log(tmp_path, settings):
    """The log of this process, in a folder of its own."""
    settings.DATA_PATH = tmp_path
    log = LogFile(tmp_path)
    log.begin()
    yield log
    log.end()


def entries(folder: Path, **wanted):
    return find_entries(log_files(folder), LogFilter(**wanted)).entries


def test_a_line_has_time_level_part_and_text(log, tmp_path):
    logger.warning("The drive %s is slow", "D:")
    (entry,) = entries(tmp_path)
    assert (entry.level, entry.part, entry.text) == ("WARNING", logger.name, "The drive D: is slow")
    assert entry.number == current_request_number() or entry.number == "-"


def test_the_lines_of_a_request_carry_the_number_that_its_answer_has(log, tmp_path):
    def answer(request):
        logger.info("asked")
        return HttpResponse()

    numbers = [RequestNumberMiddleware(answer)(RequestFactory().get("/"))["X-Request-Number"] for _ in range(2)]
    assert len(set(numbers)) == 2
    assert [entry.number for entry in entries(tmp_path, text="asked")] == numbers[::-1]
    assert [entry.number for entry in entries(tmp_path, number=numbers[0])] == [numbers[0]]


def test_a_line_of_another_thread_belongs_to_no_request(log, tmp_path):
    thread = threading.Thread(target=lambda: logger.info("from the camera"))
    thread.start()
    thread.join()
    assert entries(tmp_path, text="from the camera")[0].number == "-"


def test_a_traceback_belongs_to_its_entry_and_no_text_passes_for_an_entry(log, tmp_path):
    try:
        raise ValueError("bad\n2026-01-01T00:00:00.000Z ERROR - forged: line")
    except ValueError:
        logger.exception("It failed")
    (entry,) = entries(tmp_path)
    assert entry.text.startswith("It failed\nTraceback") and "forged: line" in entry.text


@pytest.mark.parametrize(
    "name", ["SECRET_KEY", "EMAIL_HOST_PASSWORD", "JOB_WEBHOOK_SECRET", "S3_SECRET_KEY", "ADMIN_PASSWORD"]
)
def test_no_secret_of_the_settings_gets_into_the_file(log, tmp_path, settings, name):
    setattr(settings, name, "planted-secret-0123456789-0123456789")
    logger.error("Refused: %s, /f/abc.def-1.ghi/a.jpg, Bearer eyJhbGci.eyJ0b2tl.c2ln", getattr(settings, name))
    said = (tmp_path / FOLDER / FILE).read_text(encoding="utf-8")
    assert "Refused: …" in said
    assert not any(secret in said for secret in ("planted", "abc.def", "eyJ"))


def test_a_full_file_gives_way_to_a_new_one_and_only_some_are_kept(tmp_path, settings):
    settings.DATA_PATH = tmp_path
    log = LogFile(tmp_path, max_bytes=1000)
    log.begin()
    for number in range(200):
        logger.info("line %d", number)
    log.end()
    files = log_files(tmp_path)
    assert len(files) == KEPT_FILES + 1 and all(path.stat().st_size <= 1000 for path in files)
    numbers = [int(entry.text.removeprefix("line ")) for entry in entries(tmp_path)]
    assert numbers == sorted(numbers, reverse=True) and numbers[0] == 199


def test_if_a_file_cannot_be_renamed_no_line_is_lost(tmp_path, settings, monkeypatch):
    def refuse(*_):
        raise PermissionError("somebody reads it")

    settings.DATA_PATH = tmp_path
    log = LogFile(tmp_path, max_bytes=300)
    log.begin()
    monkeypatch.setattr(LogFileHandler, "rotate", refuse)
    for number in range(20):
        logger.info("line %d", number)
    log.end()
    assert [entry.text for entry in entries(tmp_path)] == [f"line {number}" for number in range(19, -1, -1)]


def test_a_second_process_leaves_the_log_to_the_first(log, tmp_path, caplog):
    second = LogFile(tmp_path)
    second.begin()
    assert "Another process of this program writes the log" in caplog.text
    logger.info("once")
    second.end()
    assert len(entries(tmp_path, text="once")) == 1


def test_a_folder_that_cannot_be_written_does_not_stop_the_program(tmp_path, caplog):
    (tmp_path / FOLDER).write_text("a file stands in the way")
    log = LogFile(tmp_path)
    log.begin()
    assert "No log can be written" in caplog.text
    log.end()


def test_a_disk_that_is_full_does_not_stop_whoever_logs(log, tmp_path, capfd):
    handler = log._handler
    handler.stream.close()
    handler.stream = open(os.devnull)  # noqa: SIM115 (a stream that takes nothing)
    logger.info("nobody can write this")
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("block", [1, 7, 65_536])
def test_lines_are_read_from_the_end_whatever_the_size_of_a_block(tmp_path, monkeypatch, block):
    monkeypatch.setattr(log_entries, "BLOCK_BYTES", block)
    path = tmp_path / "file"
    path.write_bytes("first µm\n\nsecond\nthird without end".encode())
    assert list(read_lines_backwards(path)) == ["third without end", "second", "first µm"]


def write(folder: Path, count: int) -> None:
    (folder / FOLDER).mkdir()
    lines = [
        f"2026-01-16T02:24:{number // 10:02d}.00{number % 10 // 2}Z {'ERROR' if number % 2 else 'INFO'} 3fa2-{number} "
        f"images.jobs: line {number}\n"
        for number in range(count)
    ]
    (folder / FOLDER / FILE).write_text("".join(lines), encoding="utf-8")


def test_pages_of_entries_follow_one_another_without_gap_and_without_twins(tmp_path, monkeypatch):
    write(tmp_path, 250)
    monkeypatch.setattr(log_entries, "MAX_ENTRIES", 33)
    seen, before = [], ""
    while True:
        found = find_entries(log_files(tmp_path), LogFilter(before=before))
        seen += [int(entry.text.removeprefix("line ")) for entry in found.entries]
        before = found.reached
        if not before:
            break
    assert seen == list(range(249, -1, -1))


def test_one_question_reads_only_so_much_and_the_next_goes_on(tmp_path, monkeypatch):
    write(tmp_path, 250)
    monkeypatch.setattr(log_entries, "MAX_READ_BYTES", 500)
    found = find_entries(log_files(tmp_path), LogFilter(text="line 3"))
    assert found.entries == [] and found.reached
    rest = find_entries(log_files(tmp_path), LogFilter(text="line 249"))
    assert [entry.text for entry in rest.entries] == ["line 249"]


@pytest.mark.django_db
@pytest.mark.usefixtures("archive", "camera")
class TestThePage:
    def show(self, client, query: str = "") -> list[str]:
        page = client.get(f"/log/{query}").content.decode()
        return re.findall(r'<span class="log-text">(.*?)</span>', page, re.DOTALL)

    @pytest.fixture(autouse=True)
    def signed_in(self, client, make_user, settings, tmp_path):
        settings.DATA_PATH = tmp_path
        client.force_login(make_user("grace", "managers"))

    def test_managers_see_the_newest_first_by_level_text_and_request(self, client, tmp_path):
        write(tmp_path, 6)
        assert self.show(client) == [f"line {number}" for number in (5, 4, 3, 2, 1, 0)]
        assert self.show(client, "?level=ERROR") == ["line 5", "line 3", "line 1"]
        assert self.show(client, "?text=LINE+2") == ["line 2"]
        assert self.show(client, "?request=3fa2-4") == ["line 4"]
        assert self.show(client, "?level=nonsense&before=nonsense") == self.show(client, "?before=nonsense")

    def test_older_lines_are_one_link_away(self, client, tmp_path):
        write(tmp_path, 150)
        page = client.get("/log/").content.decode()
        link = re.search(r'href="(\?[^"]*before=[^"]*)">Older', page)[1].replace("&amp;", "&")
        assert self.show(client, link)[0] == f"line {149 - len(self.show(client))}"

    def test_hostile_text_is_shown_as_text(self, client, tmp_path):
        (tmp_path / FOLDER).mkdir()
        hostile = "2026-01-16T02:24:06.123Z ERROR - images: <script>alert(1)</script>\n"
        (tmp_path / FOLDER / FILE).write_text(hostile)
        assert self.show(client) == ["&lt;script&gt;alert(1)&lt;/script&gt;"]

    def test_without_a_log_it_says_who_writes_one(self, client):
        assert "No log yet" in client.get("/log/").content.decode()

    def test_operators_do_not_see_it(self, client, operator):
        client.force_login(operator)
        assert client.get("/log/").status_code == 403


@pytest.mark.long
def test_the_server_writes_it_and_a_command_beside_it_does_not(tmp_path):
    server = ServerProcess(tmp_path, DATABASE_URL="", ADMIN_PASSWORD=PASSWORD, CAMERA_DRIVER="simulated")
    try:
        server.wait_until_ready()
        token = server.log_in("admin", PASSWORD)
        assert server.ask("GET", "/api/v1/images/999", token=token)[0] == 404
        assert server.run_beside("doctor").returncode == 0
        written = entries(tmp_path)
        assert [entry for entry in written if "Camera open" in entry.text]
        (missing,) = (entry for entry in written if "/api/v1/images/999" in entry.text)
        assert re.fullmatch(r"[0-9a-f]{4}-\d+", missing.number)
        said = (tmp_path / FOLDER / FILE).read_text(encoding="utf-8")
        assert PASSWORD not in said and token not in said
        assert said.count("Camera open") == 1
    finally:
        server.kill()
