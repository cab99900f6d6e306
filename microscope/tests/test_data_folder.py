"""The data folder at a start: all starts get one key, and a sentence says if the folder or the key cannot be used."""

import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from microscope.start.data_folder import read_or_make_key
from microscope.tests.starting import ROOT, assert_one_sentence, run_command

NOBODY = 65534


def check(folder: Path, **options):
    return run_command("check", DATA_PATH=str(folder), SECRET_KEY="", **options)


def run_with_no_room_for_files(folder: Path) -> subprocess.CompletedProcess[str]:
    def allow_empty_files_only() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

    environment = {**os.environ, "DATA_PATH": str(folder), "SECRET_KEY": "", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=allow_empty_files_only,
    )


def test_a_disk_that_refuses_the_first_write_of_the_key_leaves_none_and_the_next_start_makes_one(tmp_path):
    refused = run_with_no_room_for_files(tmp_path)
    assert_one_sentence(refused, f"The secret key {tmp_path / 'secret-key'} cannot be read or made")
    assert list(tmp_path.iterdir()) == []
    assert check(tmp_path).returncode == 0
    assert len((tmp_path / "secret-key").read_text()) > 60


@pytest.mark.parametrize("content", [b"", b"\n", bytes(86)])
def test_an_empty_key_is_none_and_the_new_one_is_told(tmp_path, content):
    (tmp_path / "secret-key").write_bytes(content)
    result = check(tmp_path)
    assert result.returncode == 0
    assert f"{tmp_path / 'secret-key'} was empty. A new one was made." in result.stderr
    key = (tmp_path / "secret-key").read_text()
    assert len(key) > 60
    assert "secret key" not in check(tmp_path).stderr
    assert (tmp_path / "secret-key").read_text() == key
    if os.name != "nt":
        assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"too short", b"\xff" * 86, b"a" * 40 + bytes(46)])
def test_a_damaged_key_stops_the_start_with_its_file_and_the_cure(tmp_path, content):
    (tmp_path / "secret-key").write_bytes(content)
    assert_one_sentence(check(tmp_path), f"The secret key {tmp_path / 'secret-key'} is damaged", "remove it")
    assert (tmp_path / "secret-key").read_bytes() == content


@pytest.mark.parametrize("before", [None, b""])
def test_two_starts_at_once_get_the_same_key(tmp_path, before):
    for number in range(20):
        path = tmp_path / f"key-{number}"
        if before is not None:
            path.write_bytes(before)
        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(read_or_make_key, [path] * 8))
        assert keys == {path.read_text()}


def test_a_folder_in_the_place_of_the_key_is_told(tmp_path):
    (tmp_path / "secret-key").mkdir()
    with pytest.raises(ImproperlyConfigured, match="secret-key cannot be read"):
        read_or_make_key(tmp_path / "secret-key")


def test_a_file_in_the_place_of_the_data_folder_is_told(tmp_path):
    (tmp_path / "data").write_text("mine")
    assert_one_sentence(check(tmp_path / "data"), f"The data folder {tmp_path / 'data'} cannot be used: it is a file")
    assert_one_sentence(check(tmp_path / "data" / "below"), "cannot be used: Not a directory")
