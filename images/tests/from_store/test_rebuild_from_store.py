"""`manage.py rebuild --from-store`: database and disk are lost, and the store is there."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.core.management import CommandError
from django.db import DatabaseError

from images.archive.staging import Staging
from images.edit.edit import edit_image
from images.index.opening import open_original
from images.index.rebuild.from_store.rebuild import rebuild_from_store
from images.jobs.control import stop_job
from images.models import Image, Job
from images.spool.rows import find_next
from images.store.errors import StoreBusy
from images.tests.conftest import rows_refused
from images.tests.from_store.conftest import (
    ONLY_ROWS_KNOW,
    evict_all,
    lose_rows,
    lose_the_disk,
    run,
    use,
)
from images.tests.jobs import assert_accounted_for, gaps_of, time_lapse
from images.tests.spool.conftest import INSTRUMENT
from images.tests.test_jobs_rebuild import rows_of_jobs
from images.tests.test_rebuild import every_row, library, lose_the_database  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("camera")]
LONG_S = 300


def every_row_but(columns: set[str]) -> dict[str, list]:
    rows = every_row()
    rows["images"] = [{name: row[name] for name in row.keys() - columns} for row in rows["images"]]
    return rows


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
    assert [one.pk for one in find_next([])] == [images[3].pk]


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
