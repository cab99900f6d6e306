"""`manage.py verify`: what is missing, changed, unknown, orphaned or stray is named and told by the exit code."""

import threading
import time

import pytest
from django.core.management import CommandError

from images.changes import path_beside
from images.models import Finding, Image, Verification
from images.pacing import PacedReader, ToldToStop
from images.storage import lock
from images.tests.spoiled import (
    CHANGED,
    FINDINGS,
    MISSING,
    ORPHANED,
    STRAY,
    UNKNOWN,
    age,
    found,
    keep_over_three_days,
    run,
)
from images.verification import KEPT_OF_A_KIND

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_data_folder")]


@pytest.fixture
def images(keep_image, operator) -> list[Image]:
    return keep_over_three_days(keep_image, operator)


def test_of_a_library_in_order_there_is_nothing_to_say(archive, images):
    age(archive)
    assert run()[0] == 0
    verification = Verification.objects.get()
    assert (verification.state, verification.image_count, verification.file_count) == ("finished", 6, 7)
    assert verification.byte_count == sum(image.file_size for image in images)
    assert (verification.counts, verification.findings.count()) == ({}, 0)
    assert verification.finished_at and verification.started_by


@pytest.mark.parametrize("bit", FINDINGS)
def test_what_is_not_as_it_should_be_is_found_named_and_told_by_the_exit_code(archive, images, bit):
    spoil, expected = FINDINGS[bit]
    spoil(archive, images)
    age(archive)
    before = {path: path.read_bytes() for path in archive.root.rglob("*") if path.is_file()}
    code, printed = run()
    assert (code, found()) == (bit, expected)
    assert all(place in printed for _kind, place in expected)
    assert {path: path.read_bytes() for path in archive.root.rglob("*") if path.is_file()} == before


def test_all_of_it_together_is_the_sum(archive, images):
    for spoil, _expected in FINDINGS.values():
        spoil(archive, images)
    age(archive)
    assert run()[0] == MISSING | CHANGED | UNKNOWN | ORPHANED | STRAY
    assert Finding.objects.get(kind="missing").image == images[1]
    assert Finding.objects.get(kind="changed").detail.startswith(f"Its SHA-256 was {images[2].sha256} and is ")


def test_a_file_that_is_at_work_just_now_is_no_finding(archive, images):
    FINDINGS[ORPHANED][0](archive, images)
    FINDINGS[STRAY][0](archive, images)
    assert run()[0] == 0


def test_a_temporary_file_that_somebody_writes_is_no_finding(archive, images):
    left = archive.path_of(images[0].filename).with_name(".capture_20250116_000000_001.part")
    left.write_text("half")
    age(archive)
    with left.open("r+b") as writer:
        assert lock(writer)
        assert run()[0] == 0
    assert run()[0] == STRAY


def test_of_one_kind_all_are_counted_and_the_first_are_kept(archive, images):
    folder = archive.path_of(images[0].filename).parent
    for number in range(KEPT_OF_A_KIND + 50):
        (folder / f"stray {number}").touch()
    age(archive)
    assert run()[0] == UNKNOWN
    verification = Verification.objects.get()
    assert verification.counts == {"unknown": KEPT_OF_A_KIND + 50}
    assert verification.findings.count() == KEPT_OF_A_KIND


def test_the_pace_is_kept(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(3_000_000))
    began_s = time.monotonic()
    with path.open("rb") as file:
        assert PacedReader(threading.Event(), bytes_per_s=10_000_000).measure(file)[0] == 3_000_000
    assert time.monotonic() - began_s >= 0.29


def test_a_long_read_ends_as_soon_as_it_is_told(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(3_000_000))
    told = threading.Event()
    threading.Timer(0.1, told.set).start()
    with path.open("rb") as file, pytest.raises(ToldToStop):
        PacedReader(told, bytes_per_s=1000).measure(file)


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf", "fast"])
def test_a_rate_that_makes_no_sense_is_refused(rate):
    with pytest.raises(CommandError, match="rate"):
        run("--rate", rate)


def test_a_calibration_beside_its_picture_is_no_finding(archive, calibrated, micrometer):
    assert path_beside(archive.path_of(micrometer.filename)).exists()
    age(archive)
    assert (run()[0], found()) == (0, set())
