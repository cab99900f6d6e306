import contextlib
import errno
import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from images.archive.archive import Archive
from images.archive.folder import StorageFolder
from images.errors import DiskFull, OriginalMissing, StorageMissing, StorageNotWritable, StorageUnavailable
from images.formats import FORMATS
from images.tests.frames import TAKEN_AT, make_frame, make_pixels, make_record_of

NOBODY = 65534


def keep(archive: Archive):
    frame = make_frame(make_pixels(320, 240))
    record = make_record_of(frame)
    return archive.keep(TAKEN_AT, ".jpg", lambda file: FORMATS["jpg"].write(file, frame.pixels, record, 95))


def files_in(archive: Archive) -> list[Path]:
    return [path for path in archive.root.rglob("*") if path.is_file() and path.name != ".microscope-archive"]


@contextlib.contextmanager
def limited(what: int, soft: int) -> Iterator[None]:
    """Set a limit of the operating system on this process."""
    before = resource.getrlimit(what)
    resource.setrlimit(what, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(what, before)


@contextlib.contextmanager
def without_privileges() -> Iterator[None]:
    """Run the block as `nobody`, because permissions do not bind root."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user can reach, also `nobody`."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("limit_bytes", [0, 1, 5_000, 20_000, 40_000])
def test_a_disk_that_fills_up_while_an_image_is_written_leaves_nothing_half(archive, limit_bytes):
    archive.check()
    with limited(resource.RLIMIT_FSIZE, limit_bytes), pytest.raises(StorageUnavailable):
        keep(archive)
    assert files_in(archive) == []
    assert keep(archive).size_bytes > 40_000


def test_a_full_disk_is_told_as_such(archive):
    def write(file):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(DiskFull, match="The disk is full"):
        archive.keep(TAKEN_AT, ".jpg", write)
    assert files_in(archive) == []


def test_below_the_reserve_nothing_is_begun(tmp_path):
    archive = Archive(tmp_path / "images", reserve_bytes=10**18, memory=tmp_path / "folder.txt")
    with pytest.raises(DiskFull, match="1000000000000 MB are kept in reserve"):
        keep(archive)
    assert files_in(archive) == []


def test_a_folder_that_may_not_be_written_to_is_told_and_used_again_once_it_may(open_folder):
    archive = Archive(open_folder / "images", reserve_bytes=0, memory=open_folder / "folder.txt")
    archive.remove(keep(archive).filename)
    day = archive.root / archive.days()[0]
    day.chmod(0o555)
    with without_privileges(), pytest.raises(StorageNotWritable, match="Permission denied"):
        keep(archive)
    day.chmod(0o755)
    assert archive.has(keep(archive).location)


def test_a_folder_of_the_day_that_somebody_removed_is_made_again(archive):
    shutil.rmtree(archive.root / keep(archive).location.folder)
    assert archive.has(keep(archive).location)


def test_a_folder_that_is_gone_is_never_made_anew(archive, tmp_path):
    kept = keep(archive)
    archive.root.rename(tmp_path / "elsewhere")
    with pytest.raises(StorageMissing, match="Connect or mount its drive"):
        keep(archive)
    assert not archive.root.exists()

    (tmp_path / "elsewhere").rename(archive.root)
    assert keep(archive).filename != kept.filename


def test_many_that_come_first_at_once_set_the_folder_up_together(tmp_path):
    for number in range(30):
        folders = [StorageFolder(tmp_path / f"images-{number}", 0, tmp_path / "memory.txt") for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(StorageFolder.check_marker, folders))  # raises the error of any thread


def test_an_empty_mount_point_is_not_taken_for_the_drive(archive, tmp_path):
    keep(archive)
    archive.root.rename(tmp_path / "drive")
    archive.root.mkdir()
    with pytest.raises(StorageMissing):
        keep(archive)
    assert list(archive.root.iterdir()) == []


def test_a_drive_used_by_an_earlier_installation_is_missed_too(archive, tmp_path):
    keep(archive)
    newcomer = Archive(archive.root, reserve_bytes=0, memory=tmp_path / "new" / "folder.txt")
    newcomer.check()
    archive.root.rename(tmp_path / "drive")
    with pytest.raises(StorageMissing):
        Archive(archive.root, reserve_bytes=0, memory=tmp_path / "new" / "folder.txt").check()


def test_a_folder_used_before_the_last_one_is_missed_too(tmp_path):
    first, second = (Archive(tmp_path / name, reserve_bytes=0, memory=tmp_path / "memory.txt") for name in "ab")
    first.check()
    second.check()
    shutil.rmtree(first.root)
    with pytest.raises(StorageMissing):
        first.check()
    second.check()


def test_an_original_on_a_drive_that_is_away_is_not_said_to_be_lost(archive, tmp_path):
    kept = keep(archive)
    archive.root.rename(tmp_path / "elsewhere")
    with pytest.raises(StorageMissing):
        archive.open(kept.filename)
    with pytest.raises(StorageMissing):
        archive.remove(kept.filename)


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path):
    (tmp_path / "images").write_text("not a folder")
    with pytest.raises(StorageUnavailable):
        keep(Archive(tmp_path / "images", reserve_bytes=0, memory=tmp_path / "folder.txt"))


@pytest.mark.parametrize("free", range(3))
def test_too_few_open_files_are_told_and_leave_nothing(archive, free):
    kept = keep(archive)
    archive.remove(kept.filename)
    taken = []
    with limited(resource.RLIMIT_NOFILE, 256):
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.dup(0))
        for _ in range(free):
            os.close(taken.pop())
        problem = None
        try:
            keep(archive)
        except StorageUnavailable as told:
            problem = told
        for descriptor in taken:
            os.close(descriptor)
    assert isinstance(problem, StorageNotWritable) == (free == 0)
    assert len(files_in(archive)) == (0 if problem else 1)
    assert archive.has(keep(archive).location)


def test_too_few_open_files_do_not_make_an_original_seem_lost(archive):
    kept = keep(archive)
    taken = []
    with limited(resource.RLIMIT_NOFILE, 256):
        with contextlib.suppress(OSError):
            while True:
                taken.append(os.dup(0))
        with pytest.raises(StorageUnavailable, match="Too many open files") as told:
            archive.open(kept.filename)
        for descriptor in taken:
            os.close(descriptor)
    assert not isinstance(told.value, OriginalMissing)


def test_a_marker_that_a_full_disk_left_empty_is_written_anew(archive, tmp_path):
    marker = archive.root / ".microscope-archive"
    kept = keep(archive)
    marker.write_bytes(b"")
    again = Archive(archive.root, reserve_bytes=0, memory=tmp_path / "archive-folder.txt")
    again.check()
    assert marker.stat().st_size > 0
    again.open(kept.filename).close()


@pytest.mark.parametrize("limit_bytes", [0, 10])
def test_a_folder_that_cannot_be_set_up_for_want_of_space_is_set_up_later(tmp_path, limit_bytes):
    archive = Archive(tmp_path / "images", reserve_bytes=0, memory=tmp_path / "folder.txt")
    with limited(resource.RLIMIT_FSIZE, limit_bytes), pytest.raises(StorageUnavailable):
        archive.check()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert archive.has(keep(archive).location)


@pytest.mark.parametrize("name", ["ü ß 日本", "a\x85b\u2028c", os.fsdecode(b"a\xffb")])
def test_a_folder_of_any_name_is_remembered(tmp_path, name):
    memory = tmp_path / "folder.txt"
    Archive(tmp_path / "first", reserve_bytes=0, memory=memory).check()
    Archive(tmp_path / name, reserve_bytes=0, memory=memory).check()
    (tmp_path / name).rename(tmp_path / "drive")
    with pytest.raises(StorageMissing):
        Archive(tmp_path / name, reserve_bytes=0, memory=memory).check()
    Archive(tmp_path / "first", reserve_bytes=0, memory=memory).check()
