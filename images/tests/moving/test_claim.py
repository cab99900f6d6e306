"""A PC that was alone on PostgreSQL moves into the library that is this very database."""

from uuid import uuid4

import pytest

from images.calibration.objectives import choose_objective
from images.models import CameraControl, CurrentObjective, Image, Instrument, Job, Removal, Verification
from images.moving.claim import claim_rows, has_rows_of_nobody
from images.moving.errors import NotYourRows
from images.tests.moving.conftest import HERE

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(images, objective, manager, operator):
    choose_objective(objective.pk, manager)
    CameraControl.objects.create(instrument="camera", fence=7)
    Job.objects.create(name="night", user=operator)
    Removal.objects.create(record_id=uuid4(), filename="capture_20250116_080000_000.jpg")
    Verification.objects.create()
    return images


def test_all_rows_become_those_of_the_instrument(archive, rows, be_instrument):
    be_instrument()
    assert has_rows_of_nobody()
    assert claim_rows(archive, HERE)["images"] == len(rows)
    assert not has_rows_of_nobody()
    for model in (Image, Job, Removal, Verification, CurrentObjective):
        assert {row.instrument_id for row in model.objects.all()} == {HERE}
    assert CameraControl.objects.get().fence == 7
    assert CameraControl.objects.get().instrument == str(HERE)


def test_it_can_be_done_again_and_changes_nothing(archive, rows, be_instrument):
    be_instrument()
    claim_rows(archive, HERE)
    assert set(claim_rows(archive, HERE).values()) == {0}


def test_the_rows_of_another_pc_stay_as_they_are(archive, rows, be_instrument):
    be_instrument()
    for image in rows[:4]:
        archive.remove(image.filename)
    with pytest.raises(NotYourRows, match="of 6 that were looked for, 2 are"):
        claim_rows(archive, HERE)
    assert Image.objects.filter(instrument=None).count() == len(rows)


def test_with_some_files_lost_they_are_still_ours(archive, rows, be_instrument):
    be_instrument()
    archive.remove(rows[0].filename)
    claim_rows(archive, HERE)
    assert not has_rows_of_nobody()


def test_where_no_original_is_on_a_disk_other_instruments_make_it_doubtful(archive, images, be_instrument):
    be_instrument()
    Image.objects.update(place="store", store_key="originals/x")
    other = Instrument.objects.create(pk=uuid4(), name="Upright")
    with pytest.raises(NotYourRows, match="nobody can tell whose"):
        claim_rows(archive, HERE)
    other.delete()
    assert claim_rows(archive, HERE)["images"] == len(images)
