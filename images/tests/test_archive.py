import errno
import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta, timezone
from pathlib import Path

import pytest

from images.archive.archive import Archive, StoredFile
from images.archive.names import name_for
from images.errors import NotAnOriginal, OriginalMissing
from images.formats import FORMATS
from images.tests.frames import TAKEN_AT
from images.tests.other_process import open_archive

ROOT = Path(__file__).resolve().parents[2]


def start(what: str, folder: Path, count: int, **streams) -> subprocess.Popen:
    command = [sys.executable, "-m", "images.tests.other_process", what, str(folder), str(count)]
    return subprocess.Popen(command, cwd=ROOT, **streams)


def names_in(archive: Archive) -> list[str]:
    return sorted(name for day in archive.days() for name in archive.names_of(day))


def keep(archive: Archive, text: str = "pixels", extension: str = ".jpg"):
    return archive.keep(TAKEN_AT, extension, lambda file: file.write(text.encode()))


def refuse_to_link(source: Path, target: Path) -> None:
    raise OSError(errno.EOPNOTSUPP, "no hard links here")


@pytest.fixture(params=["hard links", "no hard links"])
def any_archive(request, tmp_path):
    link = {"hard links": os.link, "no hard links": refuse_to_link}[request.param]
    return Archive(tmp_path / "images", reserve_bytes=0, memory=tmp_path / "folder.txt", link=link)


def read_text(archive: Archive, kept: StoredFile) -> str:
    return archive.path_at(kept.location).read_text()


def test_an_original_lies_in_the_folder_of_its_utc_day_under_its_utc_time(archive):
    east = timezone(timedelta(hours=14))
    kept = archive.keep(TAKEN_AT.astimezone(east), ".jpg", lambda file: file.write(b"pixels"))
    assert str(kept.location) == "2025-01-16/capture_20250116_103045_123.jpg"
    assert archive.path_of(kept.filename) == archive.root / str(kept.location)


def test_size_and_sum_are_those_of_the_bytes_on_disk(any_archive):
    kept = keep(any_archive, "some pixels")
    assert read_text(any_archive, kept) == "some pixels"
    assert (kept.size_bytes, kept.sha256) == (11, hashlib.sha256(b"some pixels").hexdigest())


def test_only_the_published_file_remains(any_archive):
    kept = keep(any_archive)
    assert names_in(any_archive) == [kept.filename]
    assert any_archive.path_at(kept.location).stat().st_nlink == 1


def test_two_captures_in_one_millisecond_get_two_names(any_archive):
    assert [keep(any_archive, text).filename for text in "abc"] == [
        "capture_20250116_103045_123.jpg",
        "capture_20250116_103045_123_2.jpg",
        "capture_20250116_103045_123_3.jpg",
    ]


def test_nothing_is_overwritten_when_the_clock_was_set_back(any_archive):
    first, second = keep(any_archive, "first"), keep(any_archive, "second")
    assert (read_text(any_archive, first), read_text(any_archive, second)) == ("first", "second")


def test_threads_that_capture_in_one_millisecond_get_a_name_each(any_archive):
    texts = [f"picture {number}" for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda text: keep(any_archive, text), texts))
    assert [read_text(any_archive, one) for one in kept] == texts
    assert names_in(any_archive) == sorted(one.filename for one in kept)


def test_processes_that_capture_in_one_millisecond_get_a_name_each(tmp_path):
    processes = [start("keep-in-one-millisecond", tmp_path, 40) for _ in range(2)]
    assert [process.wait(60) for process in processes] == [0, 0]
    texts = [path.read_text() for path in (tmp_path / "images" / "2025-01-16").iterdir()]
    assert len(texts) == len(set(texts)) == 80


def test_a_file_that_a_stranger_slips_in_while_ours_is_written_is_not_overwritten(any_archive):
    stranger = any_archive.path_of("capture_20250116_103045_123.jpg")

    with pytest.raises(Exception, match="The folder for images cannot be used"):
        any_archive.keep(TAKEN_AT, ".jpg", lambda file: stranger.write_text("a stranger's"))
    assert stranger.read_text() == "a stranger's"
    assert names_in(any_archive) == [stranger.name]


def test_what_goes_wrong_while_writing_leaves_nothing_and_is_told(archive):
    def write(file):
        file.write(b"half a pic")
        raise ValueError("the encoder gave up")

    with pytest.raises(ValueError, match="the encoder gave up"):
        archive.keep(TAKEN_AT, ".jpg", write)
    assert names_in(archive) == []
    assert keep(archive).filename == "capture_20250116_103045_123.jpg"


def test_nothing_is_visible_under_a_name_of_ours_until_it_is_whole(archive):
    seen = []

    def write(file):
        file.write(b"half")
        file.flush()
        seen.extend(names_in(archive))

    archive.keep(TAKEN_AT, ".jpg", write)
    assert seen == [".capture_20250116_103045_123.part"]


def test_after_kills_at_any_moment_there_are_whole_images_and_nothing_else(tmp_path):
    assert start("be-killed-while-keeping", tmp_path, 60).wait(60) == 0
    archive = open_archive(tmp_path)
    archive.remove_orphaned_temporaries()

    [day] = archive.days()
    originals = [archive.root / day / name for name in archive.names_of(day)]
    assert len(originals) > 5
    records = [FORMATS["jpg"].read_record(path) for path in originals]  # raises for half an image
    assert len(records) == len(originals)
    assert {path.stat().st_nlink for path in originals} == {1}


def test_what_another_process_is_still_writing_is_left_alone(tmp_path):
    with start("write-until-told", tmp_path, 1, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline() == "writing\n"
        assert open_archive(tmp_path).remove_orphaned_temporaries() == 0
        writer.communicate("go on\n", timeout=30)
    assert writer.returncode == 0
    assert open_archive(tmp_path).open("capture_20250116_103045_123.jpg").read() == b"the first half, the second half"


def test_what_a_dead_process_left_is_removed(tmp_path):
    with start("write-until-told", tmp_path, 1, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        writer.stdout.readline()
        writer.kill()
    archive = open_archive(tmp_path)
    assert archive.remove_orphaned_temporaries() == 1
    assert names_in(archive) == []


def test_renaming_to_a_free_name_keeps_the_bytes_and_overwrites_nothing(any_archive):
    first, second = keep(any_archive, "first"), keep(any_archive, "second")
    renamed = any_archive.rename_to_free(first.location, TAKEN_AT)
    assert renamed.name == "capture_20250116_103045_123_3.jpg"
    assert (any_archive.path_at(renamed).read_text(), read_text(any_archive, second)) == ("first", "second")
    assert not any_archive.has(first.location)


def test_a_renaming_that_was_cut_short_is_finished_by_the_next(archive):
    kept = keep(archive)
    path = archive.path_at(kept.location)
    os.link(path, path.with_name("capture_20250116_103045_123_2.jpg"))
    assert archive.rename_to_free(kept.location, TAKEN_AT).name == "capture_20250116_103045_123_2.jpg"
    assert names_in(archive) == ["capture_20250116_103045_123_2.jpg"]


def test_removing_twice_is_as_good_as_once(archive):
    kept = keep(archive)
    archive.remove(kept.filename)
    archive.remove(kept.filename)
    assert names_in(archive) == []


def test_opening_what_is_not_there_says_that_it_is_missing(archive):
    keep(archive)
    with pytest.raises(OriginalMissing, match=r"capture_20200101_000000_000\.jpg is missing"):
        archive.open("capture_20200101_000000_000.jpg")


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "capture_.jpg",
        "capture_20250116_103045_123.jpg/..",
        "x",
        "",
        "capture_20250116_103045_123.ome.jpg",
    ],
)
def test_no_other_name_leads_out_of_the_archive(archive, name):
    with pytest.raises(NotAnOriginal):
        archive.path_of(name)


def test_folders_that_are_no_days_are_passed_over(archive):
    keep(archive)
    for name in ("abcd-ef-gh", "2025-13-01", "notes"):
        (archive.root / name).mkdir()
    assert archive.days() == ["2025-01-16"]


def test_names_are_cut_to_milliseconds_and_counted_on():
    assert name_for(TAKEN_AT.replace(microsecond=999_999)) == "capture_20250116_103045_999"
    assert name_for(TAKEN_AT, 12) == "capture_20250116_103045_123_12"
