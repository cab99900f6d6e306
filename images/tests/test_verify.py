"""`manage.py verify` names what is missing, changed, unknown, orphaned or stray, and its exit code says the kinds."""

import os
import threading
import time

import pytest
from django.core.management import CommandError

from images.archive.folder import lock
from images.archive.paced_reader import PacedReader, StopRequested
from images.models import Finding, Verification
from images.tests.places import sidecar_path_of
from images.tests.spoiled import (
    CHANGED,
    FINDINGS,
    MISSING,
    ORPHANED,
    STRAY,
    UNKNOWN,
    age,
    found,
    run,
)
from images.verification.run import KEPT_OF_A_KIND

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_data_folder")]


def test_a_library_in_order_has_no_findings(archive, images):
    age(archive)
    assert run()[0] == 0
    verification = Verification.objects.get()
    assert (verification.state, verification.image_count, verification.file_count) == ("finished", 6, 7)
    assert verification.byte_count == sum(image.file_size for image in images)
    assert (verification.counts, verification.findings.count()) == ({}, 0)
    assert verification.finished_at and verification.started_by


@pytest.mark.parametrize("bit", FINDINGS)
def test_each_kind_of_finding_is_named_and_sets_its_bit_of_the_exit_code(archive, images, bit):
    spoil, expected = FINDINGS[bit]
    spoil(archive, images)
    age(archive)
    before = {path: path.read_bytes() for path in archive.root.rglob("*") if path.is_file()}
    code, printed = run()
    assert (code, found()) == (bit, expected)
    assert all(place in printed for _kind, place in expected)
    assert {path: path.read_bytes() for path in archive.root.rglob("*") if path.is_file()} == before


def test_the_exit_code_of_several_kinds_is_their_sum(archive, images):
    for spoil, _expected in FINDINGS.values():
        spoil(archive, images)
    age(archive)
    assert run()[0] == MISSING | CHANGED | UNKNOWN | ORPHANED | STRAY
    assert Finding.objects.get(kind="missing").image == images[1]
    assert Finding.objects.get(kind="changed").detail.startswith(f"Its SHA-256 was {images[2].sha256} and is ")


def test_a_file_that_is_being_written_is_no_finding(archive, images):
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


def test_what_a_dead_process_left_of_a_small_file_is_stray_once_it_is_old(archive, images):
    left = archive.root / "..microscope-archive.4711-0a1b2c3d.part"
    left.write_text("half")
    assert (run()[0], found()) == (0, set())
    os.utime(left, (time.time() - 7200,) * 2)
    assert (run()[0], found()) == (STRAY, {("stray", left.name)})


def test_all_findings_of_a_kind_are_counted_and_the_first_are_kept(archive, images):
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


def test_a_long_read_stops_when_asked(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(3_000_000))
    told = threading.Event()
    threading.Timer(0.1, told.set).start()
    with path.open("rb") as file, pytest.raises(StopRequested):
        PacedReader(told, bytes_per_s=1000).measure(file)


@pytest.mark.parametrize("rate", ["0", "-1", "nan", "inf", "fast"])
def test_an_invalid_rate_is_refused(rate):
    with pytest.raises(CommandError, match="rate"):
        run("--rate", rate)


def test_a_calibration_beside_its_picture_is_no_finding(archive, calibrated, micrometer):
    assert sidecar_path_of(micrometer.filename).exists()
    age(archive)
    assert (run()[0], found()) == (0, set())
