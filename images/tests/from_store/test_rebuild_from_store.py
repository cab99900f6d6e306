"""`manage.py rebuild --from-store`: database and disk are lost, and the store is there."""

import os
import signal
import sqlite3
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.core.management import CommandError
from django.db import DatabaseError, connection

from images.archive.staging import Staging
from images.edit.edit import edit_image
from images.index.opening import open_original
from images.index.rebuild.from_store.rebuild import rebuild_from_store
from images.jobs.control import stop_job
from images.models import Image, Instrument, Job
from images.spool.identity import FILE
from images.spool.rows import find_next
from images.spool.upload import key_of
from images.store.errors import StoreBusy
from images.tests.commands import start_command
from images.tests.conftest import rows_refused
from images.tests.frames import TAKEN_AT
from images.tests.from_store.conftest import (
    INTERRUPTED,
    ONLY_ROWS_KNOW,
    lose_rows,
    lose_the_disk,
    run,
    use,
)
from images.tests.jobs import assert_accounted_for, gaps_of, time_lapse
from images.tests.spool.conftest import DAY_LATER, INSTRUMENT
from images.tests.test_jobs_rebuild import rows_of_jobs
from images.tests.test_rebuild import every_row, library, lose_the_database  # noqa: F401
from microscope.tests.migrated import fill_file

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("camera")]
LONG_S = 300


def every_row_but(columns: set[str]) -> dict[str, list]:
    rows = every_row()
    rows["images"] = [{name: row[name] for name in row.keys() - columns} for row in rows["images"]]
    return rows


def evict_all(bench) -> None:
    use(bench)
    bench.go_on(most=1000)
    bench.clock.run(DAY_LATER)
    bench.go_on(most=1000)
    while bench.evictor.make_room():
        pass


def test_every_column_of_every_row_comes_back_and_every_sum_is_right(real, library, archive):  # noqa: F811
    evict_all(real)
    before = every_row_but(ONLY_ROWS_KNOW)
    assert len(before["images"]) > 20 and {row["stored_revision"] for row in before["images"]} == {None, 1, 2}
    lose_the_database()
    lose_the_disk(archive)
    began_at = datetime.now(UTC)

    code, printed = run()
    assert code == 0, printed
    assert f"{len(before['images'])} images listed" in printed
    assert every_row_but(ONLY_ROWS_KNOW) == before
    for image in Image.objects.all():
        assert image.place == "store" and began_at - timedelta(minutes=10) < image.stored_at < began_at
        assert began_at < image.verified_at < datetime.now(UTC)
        open_original(image, archive).close()  # fetches it, and compares the sum
    assert not (settings.DATA_PATH / "rebuilding").exists()


def test_a_second_run_reads_no_original_and_changes_nothing(lying, liar, images, archive):
    evict_all(lying)
    lose_rows()
    run()
    before, liar.seen[:] = list(Image.objects.order_by("pk").values()), []
    code, printed = run()
    assert (code, "6 objects looked at: 0 images listed, 0 brought up to date" in printed) == (0, True), printed
    assert list(Image.objects.order_by("pk").values()) == before
    assert [name for name in liar.seen if "originals/" in name] == []


def test_jobs_come_back_with_slots_and_gaps(lying, bench, operator, archive):
    first = bench.make(operator, time_lapse(6), "Wound 3")
    bench.run_for(minutes=1, seconds=30)
    bench.die(minutes=2)
    bench.run_for(minutes=20)
    second = bench.make(operator, time_lapse(5))
    bench.run_for(minutes=1, seconds=30)
    stop_job(second.pk, operator)
    bench.run_for(minutes=3)
    use(lying)
    lying.go_on(most=100)
    Job.objects.update(is_file_stored=True)  # as an hour after their end
    before = rows_of_jobs()
    assert gaps_of(first) and all(job["stored_bytes"] for job in before[0])
    lose_rows()
    lose_the_disk(archive)
    assert run()[0] == 0
    assert rows_of_jobs() == before
    assert assert_accounted_for(first).user == operator
    assert run()[0] == 0 and rows_of_jobs() == before


def test_what_a_newer_change_says_comes_to_rows_that_were_listed_before(lying, images, operator, archive):
    evict_all(lying)
    edit_image(images[0].pk, operator, note="said later")
    edit_image(images[1].pk, operator, note="mine", sample="liver")
    lying.go_on()
    Image.objects.filter(pk=images[0].pk).update(revision=1, note="seen", stored_revision=1)
    Image.objects.filter(pk=images[1].pk).update(revision=None, note="", sample="", stored_revision=None)
    code, printed = run()
    assert (code, "2 brought up to date" in printed) == (0, True), printed
    said = list(Image.objects.order_by("pk").values_list("note", "sample", "revision", "stored_revision")[:2])
    assert said == [("said later", images[0].sample, 2, 2), ("mine", "liver", 1, 1)]


def test_what_is_on_this_disk_too_is_in_both_places(lying, images, archive):
    evict_all(lying)
    lying.evictor = None
    on_disk = Image.objects.filter(pk=images[2].pk)
    original = lying.fetched.find(images[2].sha256) or open_original(on_disk.get(), archive).file
    content = original.read()
    archive.path_of(images[2].filename).parent.mkdir(exist_ok=True)
    archive.path_of(images[2].filename).write_bytes(content)
    on_disk.update(place=None, store_key=None, stored_at=None, verified_at=None, evicted_at=None)
    Image.objects.filter(pk=images[3].pk).update(place=None, store_key=None, sha256="0" * 64)
    code, printed = run()
    assert code == 16 and "has other bytes than the row of this picture says" in printed
    found = on_disk.get()
    assert (found.place, found.is_adopted) == ("both", False) and found.store_key and found.verified_at
    assert Image.objects.get(pk=images[3].pk).place is None, "a row that disagrees is left alone"
    assert find_next([]).pk == images[3].pk


def test_a_node_without_a_store_says_so():
    with pytest.raises(CommandError, match="No store is set"):
        run()


def rebuild_soon_tired(bench, tmp_path) -> None:
    """Do what the command does, and try again sooner."""
    for _ in rebuild_from_store(
        bench.store, Staging(tmp_path / "staging"), INSTRUMENT, pytest.fail, waits_s=(0.01, 0.01)
    ):
        pass


@pytest.mark.long
def test_a_store_that_is_away_ends_it_and_the_next_run_does_the_rest(lying, liar, images, tmp_path):
    evict_all(lying)
    lose_rows()
    key = max(key for key in liar.objects if key.startswith("originals/"))
    liar.lie = lambda handler: handler.key == key and handler.refuse(503, "SlowDown")
    with pytest.raises(StoreBusy):
        rebuild_soon_tired(lying, tmp_path)
    assert Image.objects.count() < 6 and not (tmp_path / "staging").exists()
    liar.lie = lambda handler: False
    assert run()[0] == 0 and Image.objects.count() == 6


def test_the_command_says_what_to_do_if_the_store_refuses(lying, liar, image):
    use(lying)
    liar.fail("GET", 403, "AccessDenied")
    with pytest.raises(CommandError, match=r"Correct S3_ACCESS_KEY.*Run it again to continue"):
        run()


def test_a_store_that_stumbles_is_asked_again(lying, liar, images, tmp_path):
    evict_all(lying)
    lose_rows()
    stumbled = set()

    def stumble(handler) -> bool:
        if handler.command != "GET" or not handler.key or handler.key in stumbled:
            return False
        stumbled.add(handler.key)
        return handler.cut()

    liar.lie = stumble
    rebuild_soon_tired(lying, tmp_path)
    assert Image.objects.count() == 6 and len(stumbled) >= 6


def test_after_a_fault_of_the_database_it_can_be_run_again(lying, image):
    evict_all(lying)
    lose_rows()
    with rows_refused(), pytest.raises(DatabaseError):
        run()
    assert run()[0] == 0 and Image.objects.get().sha256 == image.sha256


# Of several instruments

OTHER = UUID("7a2e0000-0000-4000-8000-0000000000bb")


def rename_instrument(liar, keys: list[str]) -> None:
    """As if another PC had put these."""
    for key in keys:
        renamed = key.replace(str(INSTRUMENT), str(OTHER))
        liar.objects[renamed] = liar.objects.pop(key)


def test_what_another_pc_put_there_gets_a_row_of_that_instrument(lying, liar, images):
    evict_all(lying)
    rename_instrument(liar, sorted(key for key in liar.objects if key.startswith("originals/"))[:2])
    lose_rows()
    assert run()[0] == 0
    other = Instrument.objects.get()
    assert (other.pk, other.name) == (OTHER, "Instrument 7a2e0000")
    assert Image.objects.filter(instrument=other).count() == 2 and Image.objects.filter(instrument=None).count() == 4
    Instrument.objects.update(name="Left bench")
    lose_rows()
    assert run()[0] == 0 and Instrument.objects.get().name == "Left bench"


def test_two_instruments_may_have_the_same_name_and_one_may_not(lying, liar, keep_image, tmp_path):
    kept = [keep_image(), keep_image()]
    evict_all(lying)
    keys = [key_of(image, INSTRUMENT) for image in kept]
    name = min(image.filename for image in kept)
    for key in keys:
        liar.objects[f"{key.rpartition('/')[0]}/{name}"] = liar.objects.pop(key)
    lose_rows()
    assert run()[0] == 0
    names = sorted(Image.objects.values_list("filename", flat=True))
    assert names == sorted(image.filename for image in kept), "the second gets the next free name"
    rename_instrument(liar, [key for key in liar.objects if str(kept[0].record_id) in key])
    lose_rows()
    assert run()[0] == 0
    if connection.vendor == "postgresql":  # SQLite keeps the names of all apart
        names = [name, name]
    assert sorted(Image.objects.values_list("filename", flat=True)) == names
    assert {image.instrument_id for image in Image.objects.all()} == {None, OTHER}


def test_a_node_that_never_captured_makes_no_id_for_itself(lying, images, data_folder):
    evict_all(lying)
    lose_rows()
    (data_folder / FILE).unlink()
    assert run()[0] == 0
    assert {image.instrument_id for image in Image.objects.all()} == {INSTRUMENT}
    assert not (data_folder / FILE).exists()


# Killed


def count_rows(database) -> int:
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=LONG_S) as connection:
        return connection.execute("SELECT count(*) FROM images").fetchone()[0]


@pytest.mark.long
def test_it_is_killed_again_and_again_and_the_last_run_has_it_all(
    real, keep_image, operator, tmp_path, bucket, monkeypatch
):
    kept = [keep_image(taken_at=TAKEN_AT + timedelta(seconds=number)) for number in range(40)]
    edit_image(kept[5].pk, operator, note="seen")
    use(real)
    real.go_on(most=200)
    for name, value in {
        "S3_ENDPOINT": bucket.endpoint,
        "S3_BUCKET": bucket.name,
        "S3_ACCESS_KEY": bucket.access_key,
        "S3_SECRET_KEY": bucket.secret_key,
        # 25 kB a second: it takes long enough to be killed in the middle.
        "S3_MAX_MBPS": "0.2",
    }.items():
        monkeypatch.setenv(name, value)
    database = tmp_path / "node" / "microscope.sqlite3"
    database.parent.mkdir()
    (database.parent / FILE).write_text(f"{INSTRUMENT}\n")
    fill_file(database)
    counts = [0]
    for _ in range(2):
        with start_command(database.parent, "rebuild", "--from-store") as killed:
            while killed.poll() is None and count_rows(database) == counts[-1]:
                pass
            killed.send_signal(signal.SIGKILL)
            assert killed.wait(LONG_S) == -signal.SIGKILL, killed.stdout.read()
        counts.append(count_rows(database))
    assert 0 < counts[1] <= counts[2] < 40, "killed in the middle"
    monkeypatch.setenv("S3_MAX_MBPS", "0")
    with start_command(database.parent, "rebuild", "--from-store") as last:
        printed = last.communicate(timeout=LONG_S)[0]
    assert last.returncode == 0, printed
    with sqlite3.connect(database) as connection:
        found = connection.execute("SELECT filename, sha256, place, note FROM images ORDER BY filename").fetchall()
    assert found == [(one.filename, one.sha256, "store", "seen" if one == kept[5] else "") for one in kept]
    assert not (database.parent / "rebuilding").exists()


def test_it_is_interrupted_and_says_so(lying, liar, images):
    evict_all(lying)
    lose_rows()

    def press_ctrl_c(handler) -> bool:
        if handler.key.startswith("originals/"):
            os.kill(os.getpid(), signal.SIGINT)
        return False

    liar.lie = press_ctrl_c
    code, printed = run()
    assert code == INTERRUPTED and "Run it again to continue" in printed
    liar.lie = lambda handler: False
    assert run()[0] == 0 and Image.objects.count() == 6
