"""Originals that become safe together: all of them, or none."""

import errno
import hashlib
import os
import resource
import shutil
from datetime import timedelta

import pytest

from images.archive.group import GroupWriter, WrittenFile
from images.errors import StorageMissing, StorageUnavailable
from images.formats.guarded_reading import write_whole
from images.tests.frames import TAKEN_AT
from images.tests.test_storage import limited

PARTS = (b"head", memoryview(b"pixels" * 1000), b"tail")


def write_group(writer: GroupWriter, count: int = 5) -> list[WrittenFile]:
    """Each holds its number."""
    return [
        writer.write(TAKEN_AT + timedelta(milliseconds=n), ".jpg", lambda file, n=n: file.write(b"%d" % n) and None)
        for n in range(count)
    ]


def names_in(archive) -> list[str]:
    return sorted(name for day in archive.days() for name in archive.names_of(day))


def test_each_file_of_a_group_is_forced_to_disk_once_and_has_its_name_and_sum(archive):
    forced = []

    def force(descriptor: int) -> None:
        forced.append(os.fstat(descriptor).st_ino)
        assert not [name for name in names_in(archive) if not name.startswith(".")]

    writer = GroupWriter(archive, force)
    writer.check()
    kept = writer.commit(write_group(writer))
    paths = [archive.path_at(one.location) for one in kept]
    assert sorted(forced) == sorted(path.stat().st_ino for path in paths)
    assert [path.read_bytes() for path in paths] == [b"0", b"1", b"2", b"3", b"4"]
    assert [one.sha256 for one in kept] == [hashlib.sha256(path.read_bytes()).hexdigest() for path in paths]
    assert names_in(archive) == sorted(path.name for path in paths)


@pytest.mark.parametrize("failing", range(5))
def test_if_one_file_cannot_be_forced_to_disk_none_of_its_group_is_left(archive, failing):
    left = list(range(5))

    def force(descriptor: int) -> None:
        if left.pop() == failing:
            raise OSError(errno.EIO, "Input/output error")

    writer = GroupWriter(archive, force)
    writer.check()
    group = write_group(writer)
    with pytest.raises(StorageUnavailable):
        writer.commit(group)
    assert names_in(archive) == []


def test_if_the_drive_goes_while_a_group_is_written_nothing_is_said_to_be_safe(archive, tmp_path):
    writer = GroupWriter(archive)
    writer.check()
    archive.root.rename(tmp_path / "unplugged")
    archive.root.mkdir()
    group = write_group(writer)
    with pytest.raises(StorageMissing):
        writer.commit(group)
    assert names_in(archive) == []
    shutil.rmtree(archive.root)


def test_a_file_is_written_whole(tmp_path):
    with (tmp_path / "file").open("x+b") as file:
        write_whole(file, *PARTS)
        assert file.seek(0, os.SEEK_END) == sum(map(len, PARTS))
        file.seek(0)
        assert file.read() == b"".join(PARTS)


@pytest.mark.parametrize("limit_bytes", [2, 4, 5000, 6007])
def test_a_file_of_which_the_disk_took_only_a_part_is_an_error(tmp_path, limit_bytes):
    with (
        (tmp_path / "file").open("x+b") as file,
        limited(resource.RLIMIT_FSIZE, limit_bytes),
        pytest.raises(OSError, match="only a part"),
    ):
        write_whole(file, *PARTS)
