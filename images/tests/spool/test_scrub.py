"""`manage.py scrub`: what lies in the store is read back, and the rows say what was found."""

import io
import os
import signal
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from filelock import FileLock

from images.models import Image
from images.spool.scrub import scrub
from images.spool.scrub_state import FILE, ScrubOutcome, read_scrub
from images.spool.upload import key_of
from images.store.errors import StoreBusy
from images.store.watch import StoreWatch, register_store_watch
from images.tests.spool.conftest import INSTRUMENT, place_of
from microscope.status.groups.store import describe_scrub

pytestmark = pytest.mark.django_db(transaction=True)
LOST, CHANGED, INTERRUPTED = 4, 8, 128


@pytest.fixture(autouse=True)
def data_folder(settings, tmp_path):
    settings.DATA_PATH = tmp_path / "data"
    yield settings.DATA_PATH
    register_store_watch(None)


@pytest.fixture
def stored(lying, images):
    """The first three originals are only in the little store, the others are in both places."""
    Image.objects.filter(pk__in=[image.pk for image in images[:3]]).update(captured_at=datetime(2020, 1, 1, tzinfo=UTC))
    register_store_watch(StoreWatch(lying.store))
    lying.store_and_look_again()
    while len(Image.objects.filter(place="store")) < 3 and lying.evictor.make_room():
        pass
    Image.objects.filter(pk__in=[image.pk for image in images[3:]]).update(place="both")
    Image.objects.update(verified_at=datetime(2026, 1, 1, tzinfo=UTC))
    return lying


def run(*arguments: str) -> tuple[int, str]:
    """Return the exit code and the output."""
    printed = io.StringIO()
    try:
        call_command("scrub", "--full-speed", *arguments, stdout=printed)
    except SystemExit as ended:
        return ended.code, printed.getvalue()
    return 0, printed.getvalue()


def key(image: Image) -> str:
    return key_of(image, INSTRUMENT)


def read_back(liar) -> set[str]:
    return {name.removeprefix("GET ") for name in liar.seen if name.startswith("GET originals/")}


def test_all_are_read_back_and_found_whole_in_a_real_store(real, images):
    register_store_watch(StoreWatch(real.store))
    real.evict_all()
    began_at = datetime.now(UTC)
    Image.objects.update(verified_at=None)
    code, printed = run("--all")
    assert (code, "6 objects read back" in printed) == (0, True), printed
    assert all(began_at < at < datetime.now(UTC) for at in Image.objects.values_list("verified_at", flat=True))


def test_what_is_lost_or_changed_is_named_and_the_rows_say_so(stored, liar, images, data_folder):
    for image in (images[0], images[3]):
        del liar.objects[key(image)]
    for image in (images[1], images[4]):
        liar.objects[key(image)] = liar.objects[key(image)][:-1] + b"\0"
    code, printed = run("--all")
    assert code == LOST | CHANGED
    assert all(f"Lost: the store has no {key(image)}" in printed for image in (images[0], images[3]))
    assert all(f"Changed: the store has other bytes under {key(image)}" in printed for image in (images[1], images[4]))
    # The original of the fourth is still here: it is sent again.
    assert [place_of(image) for image in images] == ["lost", "conflict", "store", None, "conflict", "both"]
    last = read_scrub(data_folder)
    assert (last.looked_at, last.lost, last.changed, last.is_interrupted) == (6, 2, 2, False)
    assert run("--all")[0] == 0, "they are not found again"


def test_a_sample_reads_those_first_that_wait_longest(stored, liar, images):
    Image.objects.filter(pk=images[4].pk).update(verified_at=None)
    Image.objects.filter(pk=images[2].pk).update(verified_at=datetime(2025, 1, 1, tzinfo=UTC))
    liar.seen.clear()
    assert run("--sample", "20")[0] == 0
    assert read_back(liar) == {key(images[4]), key(images[2])}
    liar.seen.clear()
    assert run("--sample", "60")[0] == 0
    assert len(read_back(liar)) == 4 and read_back(liar).isdisjoint({key(images[4]), key(images[2])})


def test_it_is_interrupted_and_the_next_reads_the_rest(stored, liar, images, data_folder):
    def press_ctrl_c(handler) -> bool:
        if handler.command == "GET" and len(read_back(liar)) == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return False

    liar.seen.clear()
    liar.lie = press_ctrl_c
    code, printed = run("--all")
    assert code == INTERRUPTED and "Run it again to continue" in printed
    read_first = Image.objects.filter(verified_at__gt=datetime.now(UTC) - timedelta(hours=1)).count()
    assert read_first < 6 and read_scrub(data_folder).unfinished_since
    liar.lie = lambda handler: False
    liar.seen.clear()
    code, printed = run("--all")
    assert (code, "Continuing what began at" in printed, len(read_back(liar))) == (0, True, 6 - read_first)
    assert not read_scrub(data_folder).unfinished_since
    liar.seen.clear()
    assert run("--all")[0] == 0 and len(read_back(liar)) == 6


def test_a_store_that_is_away_says_nothing_about_any_picture(stored, liar):
    liar.fail("GET", 503, "SlowDown")
    with pytest.raises(StoreBusy):
        list(scrub(stored.store, 6, datetime.now(UTC), pytest.fail, waits_s=(0.01,)))
    assert sorted(Image.objects.values_list("place", flat=True)) == ["both"] * 3 + ["store"] * 3


def test_the_command_says_what_to_do_if_the_store_refuses(stored, liar):
    liar.fail("GET", 403, "AccessDenied")
    with pytest.raises(CommandError, match=r"Correct S3_ACCESS_KEY.*Run it again"):
        run("--all")


def test_wrong_words_another_scrub_and_no_store_are_told(stored, data_folder):
    for wrong in ([], ["--sample", "0"], ["--sample", "101"], ["--sample", "few"], ["--sample", "1", "--all"]):
        with pytest.raises(CommandError):
            run(*wrong)
    data_folder.mkdir(exist_ok=True)
    with FileLock(data_folder / "scrub.lock"), pytest.raises(CommandError, match="Another manage"):
        run("--all")
    register_store_watch(None)
    with pytest.raises(CommandError, match="No store is set"):
        run("--all")


def test_the_status_page_says_when_it_ended_and_what_it_found():
    outcome = ScrubOutcome("2026-11-29T10:00:00+00:00", 1200, 7_400_000_000, 0, 0, False)
    whole = describe_scrub(outcome)
    assert (whole.name, whole.now) == ("Last scrub", "1,200 pictures (7.4 GB) read back, all whole")
    assert whole.since == datetime(2026, 11, 29, 10, tzinfo=UTC)
    found = describe_scrub(ScrubOutcome("2026-11-29T10:00:00+00:00", 2, 10, 1, 1, True))
    assert "1 lost by the store, 1 with other bytes" in found.now and found.todo


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"ended_at": "never"}'])
def test_a_damaged_state_is_no_state(data_folder, content):
    data_folder.mkdir()
    (data_folder / FILE).write_bytes(content)
    assert read_scrub(data_folder) is None
