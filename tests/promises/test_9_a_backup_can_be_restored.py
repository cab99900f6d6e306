"""Promise 9 for backups: a backup that was made while people worked brings the whole library back. A backup that cannot
is refused before anything is written."""

import pytest

from tests.promises.bench import IS_LONG
from tests.promises.library import CAMERA
from tests.promises.restoring import BackedUp, all_tables, backed_up, lie, manifest_of, originals_in

pytestmark = pytest.mark.long

MISSING, CHANGED, INTERRUPTED = 4, 8, 128
# The restore is killed just before this line of that function runs for the nth time.
MOMENTS = [
    ("_restore_file", "Copier.copy: os.replace", 1),
    ("_restore_file", "Copier.copy: os.replace", 7),
    ("handle", "Restore.steps: self._archive.check_folder()", 1),
    ("handle", "Restore.steps: restore_database(", 1),
    ("handle", "Restore.steps: self._place.finish()", 1),
]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    with backed_up(tmp_path_factory.mktemp("library")) as found:
        yield found


@pytest.fixture
def place(library, tmp_path):
    with library.a_place(tmp_path / "place") as bench:
        yield bench


def test_the_newest_backup_brings_every_row_and_every_byte_back(library: BackedUp, place):
    place.manage("restore", str(library.backups), "--full-speed")
    assert all_tables(place) == all_tables(library.bench)
    assert {name: path.read_bytes() for name, path in place.originals().items()} == {
        name: path.read_bytes() for name, path in library.bench.originals().items()
    }
    place.manage("verify", "--full-speed")


def test_a_backup_that_was_made_amid_work_has_an_original_for_every_row(library: BackedUp, place):
    first = sorted(library.backups.glob("backup_*"))[0]
    place.manage("restore", str(first), "--full-speed")
    assert set(place.database.rows()) - set(place.originals()) == set()
    server = place.serve(**CAMERA)
    server.wait_until(place.is_in_order)
    place.assert_promises_kept()
    server.client.must_capture()


@pytest.mark.parametrize(("within", "where", "time"), MOMENTS)
def test_a_restore_that_was_killed_goes_on_and_the_program_does_not_start_before(library, place, within, where, time):
    plan = {"command": "restore", "arguments": [str(library.backups)], "within": within}
    killed = place.start({**plan, "kill_at": where, "kill_at_time": time})
    killed.wait_until_dead()
    assert "Killed at " in killed.log()
    started = place.run("serve")
    assert started.returncode == 1
    assert "is not finished" in started.stderr and "manage.py restore again" in started.stderr
    place.manage("restore", str(library.backups), "--full-speed")
    assert all_tables(place) == all_tables(library.bench)
    place.manage("verify", "--full-speed")


def test_a_restore_of_another_backup_does_not_go_on_with_a_killed_one(library, place):
    plan = {"command": "restore", "arguments": [str(library.newest)], "within": "handle"}
    place.start({**plan, "kill_at": "Restore.steps: restore_database("}).wait_until_dead()
    first = sorted(library.backups.glob("backup_*"))[0]
    refused = place.run("restore", str(first))
    assert refused.returncode == 1
    assert f"A restore of {library.newest.name} was begun here" in refused.stderr


def test_a_living_library_is_never_restored_over(library):
    before = all_tables(library.bench), library.bench.originals()
    refused = library.bench.run("restore", str(library.backups))
    assert refused.returncode == 1
    assert "only to an empty place" in refused.stderr
    assert (all_tables(library.bench), library.bench.originals()) == before


def test_a_database_alone_is_a_living_library_too(library, place):
    place.manage("migrate", "-v0")
    refused = place.run("restore", str(library.backups))
    assert refused.returncode == 1
    assert "There is a database already" in refused.stderr
    assert place.database.rows() == {}


def cut_manifest(backup):
    path = backup / "manifest.json"
    path.write_bytes(path.read_bytes()[:-200])
    return "is damaged"


def alter_manifest(backup):
    path = backup / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"startedAt": "2', b'"startedAt": "1'))
    return "was altered or is damaged"


def remove_manifest(backup):
    (backup / "manifest.json").unlink()
    return "holds no finished backup"


def cut_list(backup):
    path = sorted((backup / "files").glob("*.jsonl"))[0]
    path.write_bytes(path.read_bytes()[:-30])
    return "is not the one of the manifest"


def remove_list(backup):
    sorted((backup / "files").glob("*.jsonl"))[0].unlink()
    return "is missing"


def alter_database(backup):
    (path,) = backup.glob("database.*")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    return "is not what the manifest says"


def lie_about_the_future(backup):
    database = manifest_of(backup)["database"]
    lie(backup, database={**database, "migrations": [["images", "9999_of_next_year"]]})
    return "made by a newer version"


def lie_about_the_format(backup):
    lie(backup, version=2)
    return "newer version"


def lie_about_the_kind(backup):
    lie(backup, database={**manifest_of(backup)["database"], "kind": "oracle"})
    return "holds a database of oracle"


def lead_elsewhere(backup):
    lie(backup, others=[{"name": "../../secret-key", "size": 1, "sha256": ""}])
    return "is not the name of a file"


BROKEN = [
    *(cut_manifest, alter_manifest, remove_manifest, cut_list, remove_list, alter_database, lie_about_the_future),
    *(lie_about_the_format, lie_about_the_kind, lead_elsewhere),
]


@pytest.mark.parametrize("spoil", BROKEN)
def test_a_backup_that_cannot_be_used_is_refused_before_anything_is_written(library, place, tmp_path, spoil):
    backup = library.copy(tmp_path)
    sentence = spoil(backup)
    refused = place.run("restore", str(backup))
    assert refused.returncode == 1
    assert sentence in refused.stderr and "Traceback" not in refused.stderr
    assert not place.images_path.exists()
    assert place.run("restore", str(library.newest)).returncode == 0


def test_a_manifest_that_lies_about_the_rows_is_found_and_nothing_starts_on_it(library, place, tmp_path):
    backup = library.copy(tmp_path)
    database = manifest_of(backup)["database"]
    rows = {**database["rows"], "images": database["rows"]["images"] + 1}
    lie(backup, database={**database, "rows": rows})
    refused = place.run("restore", str(backup))
    assert refused.returncode == 1
    assert f"images has {rows['images'] - 1} rows, and should have {rows['images']}" in refused.stderr
    assert place.run("serve").returncode == 1


def test_damaged_and_missing_files_are_named_and_the_rest_is_restored(library, place, tmp_path):
    backup = library.copy(tmp_path)
    damaged, missing, *rest = originals_in(backup)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"x")
    missing.unlink()
    ended = place.run("restore", str(backup), "--full-speed")
    assert ended.returncode == MISSING | CHANGED
    assert f"damaged in the backup: {damaged.parent.name}/{damaged.name}" in ended.stdout
    assert f"missing in the backup: {missing.parent.name}/{missing.name}" in ended.stdout
    assert set(place.originals()) == {path.name for path in rest}
    assert place.run("verify", "--full-speed").returncode & MISSING


def test_there_is_nothing_to_restore_in_an_empty_folder(place, tmp_path):
    (tmp_path / "usb").mkdir()
    refused = place.run("restore", str(tmp_path / "usb"))
    assert refused.returncode == 1
    assert "There is no finished backup in" in refused.stderr


@pytest.mark.parametrize("time", range(1, 60, 4) if IS_LONG else [9])
def test_wherever_a_restore_is_killed(library, place, time):
    plan = {"command": "restore", "arguments": [str(library.backups)], "within": "handle", "kill_at": " "}
    place.start({**plan, "kill_at_time": time * 40}).wait_until_dead()
    place.manage("restore", str(library.backups), "--full-speed")
    assert all_tables(place) == all_tables(library.bench)
