"""A long walk through the folders can be stopped at every file, not only at the end of a folder."""

from pathlib import Path

import pytest

from images.archive.folder import measure
from images.archive.paced_reader import StopRequested
from images.index.rebuild.rebuild import rebuild
from images.models import Finding, Verification
from images.tests.spoiled import UNKNOWN, age, found, keep_over_three_days, run
from images.verification.run import Verifier, begin_verification

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_data_folder")]
FILES = 40


class EndAfter:
    """Says "go on" so many times, and then "stop"."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise StopRequested


@pytest.fixture
def full_folders(archive, keep_image, operator) -> list[Path]:
    """A day folder and a foreign folder, each with many files that are no originals."""
    images = keep_over_three_days(keep_image, operator)
    folders = [archive.path_of(images[0].filename).parent, archive.root / "holidays"]
    folders[1].mkdir()
    for folder in folders:
        for number in range(FILES):
            (folder / f"foreign {number:02}.txt").touch()
    age(archive)
    return folders


def verifier_of(archive, go_on) -> Verifier:
    return Verifier(archive, begin_verification("ada"), measure, lambda one: None, go_on)


@pytest.mark.parametrize("times", [0, 10, FILES + 30, 2 * FILES + 20])
def test_verify_ends_within_a_folder_and_the_next_run_finds_all_once(archive, full_folders, times):
    verifier = verifier_of(archive, EndAfter(times))
    with pytest.raises(StopRequested):
        list(verifier.steps())
    verifier.save(Verification.State.INTERRUPTED)
    assert run()[0] == UNKNOWN
    expected = {("unknown", f"2025-01-16/foreign {number:02}.txt") for number in range(FILES)} | {
        ("unknown", "holidays")
    }
    assert found() == expected and Finding.objects.count() == len(expected)


def test_both_are_asked_at_every_file(archive, full_folders):
    asked = EndAfter(1_000_000)
    list(verifier_of(archive, asked).steps())
    assert 1_000_000 - asked.left >= 2 * FILES
    asked = EndAfter(1_000_000)
    list(rebuild(archive, lambda problem: None, asked))
    assert 1_000_000 - asked.left >= 3 * FILES


@pytest.mark.parametrize("times", [0, 5, 20, FILES + 20, 2 * FILES + 20])
def test_rebuild_ends_within_a_folder_too(archive, full_folders, times):
    with pytest.raises(StopRequested):
        list(rebuild(archive, lambda problem: None, EndAfter(times)))
