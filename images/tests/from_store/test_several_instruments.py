"""What several instruments have put into one store comes back with the instrument that captured it."""

from uuid import UUID

import pytest
from django.db import connection

from images.models import Image, Instrument
from images.spool.identity import FILE
from images.spool.upload import key_of
from images.tests.from_store.conftest import (
    evict_all,
    lose_rows,
    run,
)
from images.tests.spool.conftest import INSTRUMENT
from images.tests.test_rebuild import every_row, library, lose_the_database  # noqa: F401

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("camera")]
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
