"""The choice among PostgreSQL's programs, and the message if none fits."""

import os
import threading

import pytest

from images.archive.paced_reader import StopRequested
from images.backup.database.programs import find_program, read_version, run_program
from images.backup.errors import BackupDiskFull, BackupError, DatabaseProgramMissing

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """installed(16) puts a `pg_dump` of this version into the folder that installers use."""
    monkeypatch.setenv("PATH", "")

    def install(version: int) -> None:
        folder = tmp_path / str(version) / "bin"
        folder.mkdir(parents=True)
        (folder / "pg_dump").write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}.4 (Debian {version}.4-1)'\n")
        (folder / "pg_dump").chmod(0o755)

    return install


def find(tmp_path, server_version: int):
    return find_program("pg_dump", server_version, (f"{tmp_path}/*/bin",))


def test_a_program_that_is_not_older_than_the_server_is_taken(tmp_path, installed):
    installed(14)
    installed(16)
    assert read_version(find(tmp_path, 15)) == 16


def test_if_there_is_none_a_sentence_says_what_to_install(tmp_path, installed):
    with pytest.raises(DatabaseProgramMissing, match=r"pg_dump is missing\. Install .* of version 16 or newer"):
        find(tmp_path, 16)


def test_an_older_program_is_reported_with_both_versions(tmp_path, installed):
    installed(14)
    with pytest.raises(DatabaseProgramMissing, match="is older than the server: 14, and the server is 16"):
        find(tmp_path, 16)


def test_the_message_of_a_failed_program_is_reported(tmp_path):
    with pytest.raises(BackupError, match="sh failed: no such table"):
        run_program(["/bin/sh", "-c", "echo 'no such table' >&2; exit 1"], "", threading.Event(), tmp_path)


def test_a_full_disk_is_told_as_such(tmp_path):
    said = "pg_dump: error: could not write to output file: No space left on device"
    with pytest.raises(BackupDiskFull):
        run_program(["/bin/sh", "-c", f"echo '{said}' >&2; exit 1"], "", threading.Event(), tmp_path)


def test_the_password_is_not_among_the_arguments(tmp_path):
    kept = tmp_path / "kept"
    run_program(["/bin/sh", "-c", f'echo "$PGPASSWORD" > {kept}'], "hush", threading.Event(), tmp_path)
    assert kept.read_text() == "hush\n"


def test_a_program_ends_when_asked(tmp_path):
    told = threading.Event()
    told.set()
    with pytest.raises(StopRequested):
        run_program(["/bin/sh", "-c", "exec sleep 600"], "", told, tmp_path)
