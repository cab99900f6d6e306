"""Of several instruments that share a library, each backs up its own originals, and its id."""

from uuid import uuid4

import pytest
from django.conf import settings

from images.models import Image, Instrument
from images.own_instrument import be_alone, register_own_instrument
from images.tests.backups import back_up, backups_in

HERE, THERE = uuid4(), uuid4()

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def disk(tmp_path):
    return tmp_path / "other-disk"


@pytest.fixture
def here():
    (settings.DATA_PATH / "instrument-id").write_text(f"{HERE}\n")
    register_own_instrument(lambda: HERE)
    yield HERE
    register_own_instrument(be_alone)
    (settings.DATA_PATH / "instrument-id").unlink()


def test_originals_of_other_instruments_are_neither_copied_nor_missed(archive, images, disk, here):
    for pk, name in ((HERE, "Inverted"), (THERE, "Upright")):
        Instrument.objects.create(pk=pk, name=name)
    Image.objects.update(instrument_id=HERE)
    Image.objects.filter(pk=images[0].pk).update(instrument_id=THERE)
    archive.remove(images[0].filename)
    code, said = back_up(disk)
    assert code == 0, said
    [kept] = backups_in(disk)
    assert {path.name for path in kept.rglob("capture_*.jpg")} == {image.filename for image in images[1:]}
    assert (kept / "instrument-id").read_text() == f"{HERE}\n"
