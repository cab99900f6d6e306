"""A small durable file has its old content or its new content, no matter what fails."""

import contextlib
import os
import resource
import sys
import threading
import time

import pytest

from camera.durable_files import PRIVATE, create_file, replace_file, sweep_temporaries


def test_a_file_is_replaced_whole(tmp_path):
    replace_file(tmp_path / "note", b"first")
    replace_file(tmp_path / "note", b"second")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("note", b"second")]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no call that makes names durable")
@pytest.mark.parametrize(("keep", "publish"), [(replace_file, os.replace), (create_file, os.link)])
def test_content_is_forced_to_disk_before_it_gets_its_name_and_the_name_after_that(tmp_path, keep, publish):
    watched = {os.fsync: "fsync", publish: "publish"}
    calls = []

    def watch(_frame, event, called) -> None:
        if event == "c_call" and called in watched:
            calls.append(watched[called])

    sys.setprofile(watch)
    try:
        keep(tmp_path / "note", b"content")
    finally:
        sys.setprofile(None)
    assert calls == ["fsync", "publish", "fsync"]


@pytest.mark.parametrize("limit_bytes", [0, 1, 99])
def test_a_disk_that_refuses_the_write_leaves_what_was_there_and_nothing_else(tmp_path, limit_bytes):
    replace_file(tmp_path / "note", b"first")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, before[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            replace_file(tmp_path / "note", bytes(100))
        with pytest.raises(OSError, match="too large"):
            create_file(tmp_path / "other", bytes(100))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("note", b"first")]


def test_of_many_that_create_a_file_at_once_one_succeeds_and_all_read_its_content(tmp_path):
    contents = [bytes([number]) * 50 for number in range(8)]
    start = threading.Barrier(len(contents))
    read = []

    def create(content: bytes) -> None:
        start.wait()
        with contextlib.suppress(FileExistsError):
            create_file(tmp_path / "key", content)
        read.append((tmp_path / "key").read_bytes())

    threads = [threading.Thread(target=create, args=[content]) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read) == len(contents)
    assert len(set(read)) == 1 and read[0] in contents
    assert os.listdir(tmp_path) == ["key"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_a_private_file_is_readable_by_its_owner_alone(tmp_path):
    create_file(tmp_path / "key", b"secret", PRIVATE)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("name", "age_s", "is_swept"),
    [
        (".secret-key.4711-0a1b2c3d.part", 7200, True),
        ("..microscope-archive.1-0a1b2c3d.part", 7200, True),
        (".try-0123456789abcdef.part", 7200, True),
        (".secret-key.4711-0a1b2c3d.part", -7200, True),
        (".secret-key.4711-0a1b2c3d.part", 60, False),
        (".secret-key.4711-0a1b2c3d.part", -60, False),
        (".download.part", 7200, False),
        ("film.4711-0a1b2c3d.part", 7200, False),
        (".secret-key.4711-0a1b2c3d.part.txt", 7200, False),
    ],
)
def test_only_what_a_dead_process_of_this_program_left_is_swept(tmp_path, name, age_s, is_swept):
    path = tmp_path / name
    path.write_text("half")
    os.utime(path, (time.time() - age_s,) * 2)
    assert sweep_temporaries(tmp_path) == is_swept
    assert path.exists() != is_swept


def test_a_folder_called_like_a_temporary_file_stays(tmp_path):
    folder = tmp_path / ".secret-key.4711-0a1b2c3d.part"
    folder.mkdir()
    os.utime(folder, (0, 0))
    assert sweep_temporaries(tmp_path) == 0
    assert folder.exists()
