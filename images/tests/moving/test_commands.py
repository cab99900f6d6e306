"""`manage.py join`, `adopt` and `leave` as processes on PostgreSQL, killed at any place, and run again."""

import hashlib
import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from images.archive.archive import Archive
from images.formats import FORMATS
from images.instruments.lease import LEASE
from images.tests.conftest import wait_until
from images.tests.frames import TAKEN_AT, make_frame, make_record_of
from images.tests.moving.programs import shared_library
from images.tests.store.conftest import liar  # noqa: F401
from microscope.tests.migrated import fill_file

# Their library is always on PostgreSQL.
pytestmark = pytest.mark.long
DEAD = UUID("6f1f8a5e-0000-4000-8000-0000000000dd")
ADA = UUID("6f1f8a5e-0000-4000-8000-0000000000ad")
COUNT = 6


@pytest.fixture
def shared(needs_postgres, liar):  # noqa: F811
    with shared_library(needs_postgres, liar) as library:
        yield library


def write(jpeg, frame, record, file) -> None:
    jpeg.write(file, frame.pixels, record, 95)


@pytest.fixture
def dead(tmp_path):
    """The data folder of a PC, with originals and no rows."""
    folder = tmp_path / "Inverted"
    archive = Archive(folder / "images", 0, folder / "archive-folder.txt")
    archive.check_folder()
    (folder / "instrument-id").write_text(f"{DEAD}\n")
    jpeg = FORMATS["jpg"]
    for number in range(COUNT):
        taken_at = TAKEN_AT + timedelta(hours=number * 7)
        frame = make_frame(taken_at=taken_at)
        record = make_record_of(frame, "jpg", "ada", user_id=str(ADA))
        archive.keep(
            taken_at, ".jpg", lambda file, frame=frame, record=record: jpeg.write(file, frame.pixels, record, 95)
        )
    return folder


def sums_on(folder) -> set[str]:
    return {hashlib.sha256(path.read_bytes()).hexdigest() for path in (folder / "images").glob("*/*.jpg")}


def sums_in(liar) -> set[str]:  # noqa: F811
    originals = (content for key, content in liar.objects.items() if key.startswith("originals/"))
    return {hashlib.sha256(content).hexdigest() for content in originals}


def make_old_library(folder) -> None:
    """A PC that was alone: a person, and the images in its folder."""
    fill_file(folder / "microscope.sqlite3")
    with closing(sqlite3.connect(folder / "microscope.sqlite3")) as connection, connection:
        connection.execute(
            "INSERT INTO accounts_user (username, folded_name, lasting_id, password, first_name, last_name, email, "
            "is_superuser, is_staff, is_active, date_joined) "
            f"VALUES ('ada', 'ada', '{ADA.hex}', 'x', 'Ada', '', '', 0, 0, 1, '2026-01-01 00:00:00')"
        )


def test_adopt_killed_at_any_request_goes_on_until_all_is_in_the_store(shared, dead, tmp_path, liar):  # noqa: F811
    for request in (1, 3, 8, 14):
        process = shared.start(tmp_path / "other", "adopt", str(dead), "--name", "Inverted")
        seen = iter(range(1, request))

        def kill_at(_handler, process=process, seen=seen):
            if next(seen, None) is None:
                process.kill()
            return False

        liar.lie = kill_at
        output, _ = process.communicate(timeout=120)
        assert process.returncode == -9, output
        shared.let_leases_end()
    liar.lie = lambda _handler: False
    code, output = shared.run(tmp_path / "other", "adopt", str(dead), "--retire")
    assert code == 0, output
    assert "Inverted is retired" in output and "0 originals are not in the store" in output
    assert sums_in(liar) == sums_on(dead)
    rows = shared.ask("SELECT sha256, place, verified_at IS NULL, instrument_id FROM images")
    assert {row[0] for row in rows} == sums_on(dead)
    assert {row[1:] for row in rows} == {("store", False, DEAD)} and len(rows) == COUNT
    code, output = shared.run(tmp_path / "other", "adopt", str(dead))
    assert code == 0 and "Inverted is retired" in output, "it stays so, whatever its disk says"
    assert set(shared.ask("SELECT place FROM images")) == {("store",)}


def test_the_disk_of_an_instrument_that_lives_is_refused(shared, dead, tmp_path):
    shared.ask(
        f"INSERT INTO instruments (id, name, url, version, lease_id, lease_until, last_seen_at, camera, spool_count, "
        f"spool_bytes) VALUES ('{DEAD}', 'Inverted', '', '', '{uuid4()}', now() + interval '{LEASE.seconds} s', now(), "
        "'{}', 0, 0)"
    )
    is_over = threading.Event()

    def beat():
        while not is_over.wait(0.5):
            shared.ask("UPDATE instruments SET last_seen_at = now(), lease_until = now() + interval '30 s'")

    living = threading.Thread(target=beat)
    living.start()
    try:
        code, output = shared.run(tmp_path / "other", "adopt", str(dead))
    finally:
        is_over.set()
        living.join()
    assert code == 1 and "Inverted works at this moment" in output
    assert shared.ask("SELECT count(*) FROM images") == [(0,)]


def test_a_folder_without_an_id_is_refused(shared, tmp_path):
    code, output = shared.run(tmp_path / "other", "adopt", str(tmp_path))
    assert code == 1 and "Give the data folder of the dead PC" in output


def test_join_killed_in_the_middle_goes_on_until_all_has_moved_in(shared, dead):
    make_old_library(dead)
    content = (dead / "microscope.sqlite3").read_bytes()
    for count in (1, 3):
        process = shared.start(dead, "join")
        wait_until(
            lambda count=count, process=process: (
                process.poll() is not None or shared.ask("SELECT count(*) FROM images")[0][0] >= count
            ),
            within_s=90,
        )
        process.kill()
        process.communicate(timeout=60)
        shared.let_leases_end()
    code, output = shared.run(dead, "join")
    assert code == 0, output
    rows = shared.ask(
        "SELECT i.sha256, i.instrument_id, u.username FROM images i JOIN accounts_user u ON u.id = i.user_id"
    )
    assert {row[0] for row in rows} == sums_on(dead)
    assert {row[1:] for row in rows} == {(DEAD, "ada")} and len(rows) == COUNT
    assert (dead / "microscope.sqlite3").read_bytes() == content
    code, output = shared.run(dead, "join")
    assert code == 0 and "Nothing waits to move in" in output


def test_two_pcs_cannot_join_under_one_name(shared, dead):
    make_old_library(dead)
    shared.ask(
        f"INSERT INTO instruments (id, name, url, version, camera, spool_count, spool_bytes) "
        f"VALUES ('{uuid4()}', 'Inverted', '', '', '{{}}', 0, 0)"
    )
    code, output = shared.run(dead, "join")
    assert code == 1 and "Set INSTRUMENT_NAME to another name" in output
    assert shared.ask("SELECT count(*) FROM accounts_user") == [(0,)]
    assert shared.run(dead, "join", INSTRUMENT_NAME="Upright")[0] == 0


def test_join_wants_the_settings_of_the_shared_library(shared, dead):
    code, output = shared.run(dead, "join", MICROSCOPE_ROLE="")
    assert code == 1 and "Set MICROSCOPE_ROLE=instrument" in output
    code, output = shared.run(dead, "join", DATABASE_URL="")
    assert code == 1 and "PostgreSQL" in output


def move_away(folder) -> None:
    for path in folder.glob("microscope.sqlite3*"):
        path.unlink()


def read_alone(folder, query: str) -> list[tuple]:
    with sqlite3.connect(folder / "microscope.sqlite3") as connection:
        return connection.execute(query).fetchall()


def test_a_pc_that_leaves_has_its_pictures_and_its_people_and_the_shared_library_keeps_them(
    shared,
    dead,
    liar,  # noqa: F811
):
    make_old_library(dead)
    assert shared.run(dead, "join")[0] == 0
    move_away(dead)
    code, output = shared.run(dead, "leave")
    assert code == 1 and f"{COUNT} originals" in output and "--anyway" in output
    assert not (dead / "microscope.sqlite3").exists()
    assert shared.run(dead.parent / "other", "adopt", str(dead))[0] == 0
    # The oldest has left this disk.
    (only_there,) = shared.ask(
        "UPDATE images SET place = 'store' WHERE id = (SELECT min(id) FROM images) RETURNING filename"
    )
    next((dead / "images").glob(f"*/{only_there[0]}")).unlink()
    code, output = shared.run(dead, "leave")
    assert code == 0, output
    assert only_there[0] in output and "Set MICROSCOPE_ROLE= and DATABASE_URL= in .env" in output
    rows = read_alone(
        dead,
        "SELECT i.sha256, i.instrument_id, u.username, u.first_name FROM images i "
        "JOIN accounts_user u ON u.id = i.user_id",
    )
    assert {row[0] for row in rows} == sums_on(dead)
    assert {row[1:] for row in rows} == {(None, "ada", "Ada")} and len(rows) == COUNT - 1
    assert shared.ask("SELECT count(*) FROM images") == [(COUNT,)]
    code, output = shared.run(dead, "leave")
    assert code == 1 and "microscope.sqlite3 exists" in output


def test_a_pc_may_leave_with_pictures_that_the_shared_library_never_gets(shared, dead):
    make_old_library(dead)
    assert shared.run(dead, "join")[0] == 0
    move_away(dead)
    # Beside another file, SQLite would read it as a part of that one.
    (dead / "microscope.sqlite3-wal").write_bytes(b"of before")
    code, output = shared.run(dead, "leave", "--anyway")
    assert code == 1 and "microscope.sqlite3-wal exists" in output
    move_away(dead)
    # Somebody has deleted it, and its file is still there.
    (deleted,) = shared.ask("DELETE FROM images WHERE id = (SELECT max(id) FROM images) RETURNING record_id, filename")
    shared.ask(
        "INSERT INTO image_removals (record_id, filename, instrument_id, decided_at) "
        f"VALUES ('{deleted[0]}', '{deleted[1]}', '{DEAD}', now())"
    )
    code, output = shared.run(dead, "leave", "--anyway")
    assert code == 0 and f"{COUNT - 1} originals are not in the shared store" in output
    assert read_alone(dead, "SELECT count(*) FROM images") == [(COUNT - 1,)]
    assert read_alone(dead, "SELECT filename, instrument_id FROM image_removals") == [(deleted[1], None)]
