"""Promise 9 in a drill: it says if a backup brings everything back, and leaves no files behind."""

import json

import pytest

from tests.promises.restoring import BackedUp, backed_up, break_row, lie, manifest_of, originals_in

pytestmark = pytest.mark.long

CHANGED, INTERRUPTED = 8, 128


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    with backed_up(tmp_path_factory.mktemp("library")) as found:
        yield found


def drill(library: BackedUp, backup, *arguments: str):
    ended = library.bench.run("drill", str(backup), "--full-speed", *arguments)
    assert not (library.bench.data_path / "drill").exists()
    return ended


def state_of(library: BackedUp):
    return json.loads((library.bench.data_path / "backups.json").read_bytes())


def test_a_whole_backup_brings_everything_back_and_the_date_is_kept(library):
    ended = drill(library, library.backups)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "restores everything" in ended.stdout
    last = state_of(library)["last_good_drill"]
    assert (last["place"], last["result"]) == (str(library.newest), "whole")


def test_a_byte_that_differs_is_found(library, tmp_path):
    backup = library.copy(tmp_path)
    path = originals_in(backup)[0]
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)
    ended = drill(library, backup)
    assert ended.returncode & CHANGED
    assert path.name in ended.stdout
    assert state_of(library)["last_drill"]["result"] == "findings"


def test_a_byte_that_differs_is_found_even_if_list_and_manifest_lie_about_it(library, tmp_path):
    backup = library.copy(tmp_path)
    path = originals_in(backup)[0]
    right = sum_of(path)
    content = bytearray(path.read_bytes())
    content[-10] ^= 1
    path.write_bytes(content)
    day = path.parent.name
    listed = backup / "files" / f"{day}.jsonl"
    listed.write_text(listed.read_text().replace(right, sum_of(path)))
    days = [{**one, "listSha256": sum_of(listed)} if one["day"] == day else one for one in manifest_of(backup)["days"]]
    lie(backup, days=days)
    ended = drill(library, backup)
    assert ended.returncode & CHANGED
    assert path.name in ended.stdout


def test_a_row_that_differs_is_found(library, tmp_path):
    """As if a row was altered before the backup."""
    with library.a_place(tmp_path / "place") as place:
        place.manage("restore", str(library.newest), "--full-speed")
        name = sorted(place.database.rows())[0]
        break_row(place, f"UPDATE images SET exposure_time = exposure_time + 1 WHERE filename = '{name}'")
        place.manage("backup", str(tmp_path / "backups"), "--full-speed")
        ended = place.run("drill", str(tmp_path / "backups"), "--full-speed")
    assert ended.returncode == CHANGED
    assert name in ended.stdout


@pytest.mark.on_sqlite
def test_a_row_that_was_altered_in_the_backup_itself_is_found(library, tmp_path):
    backup = library.copy(tmp_path)
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(backup / "database.sqlite3")) as database, database:
        database.execute("UPDATE images SET note = 'planted' WHERE id = (SELECT MIN(id) FROM images)")
    ended = drill(library, backup)
    assert ended.returncode == 1
    assert "is not what the manifest says" in ended.stdout
    assert state_of(library)["last_drill"]["result"] == "failed"


def test_a_place_that_is_in_use_is_left_alone(library, tmp_path):
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "thesis.txt").write_text("nearly done")
    ended = library.bench.run("drill", str(library.newest), "--place", str(tmp_path / "place"))
    assert ended.returncode == 1
    assert "There is something at" in ended.stderr
    assert (tmp_path / "place" / "thesis.txt").read_text() == "nearly done"


def sum_of(path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()
