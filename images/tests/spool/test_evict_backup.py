"""A backup keeps what it had of originals that have left this disk, and says what only the store has."""

import os

import pytest

from images.tests.backups import back_up, backups_in, manifest_of, originals_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_data_folder")]


def test_a_backup_keeps_what_the_one_before_it_had(lying, images, disk):
    back_up(disk)
    lying.evict_all()
    code, printed = back_up(disk)
    first, second = backups_in(disk)
    assert code == 0 and originals_in(second) == originals_in(first)
    name = f"{images[0].captured_at:%Y-%m-%d}/{images[0].filename}"
    assert os.path.samefile(first / "images" / name, second / "images" / name)
    assert manifest_of(disk).in_store_count == 0 and "only in the store" not in printed


def test_a_first_backup_says_what_only_the_store_has(lying, images, disk):
    lying.evict_all()
    code, printed = back_up(disk)
    assert code == 0 and "6 originals are only in the store, and not in this backup" in printed
    manifest = manifest_of(disk)
    assert manifest.in_store_count == 6 and sorted(manifest.in_store) == [image.filename for image in images]
    assert manifest.missing == []
