"""If the disk or the database refuses a change, neither sidecar nor row changes."""

import os
import resource
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, connections

from images.archive.archive import Archive
from images.edit.bin import bin_image, bin_many
from images.edit.edit import edit_image
from images.models import Image
from images.tests.conftest import wait_until
from images.tests.frames import TAKEN_AT
from images.tests.sidecars import file_of, read, row
from images.tests.test_storage import limited, without_privileges

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)
IMAGES = "/api/v1/images"


@pytest.fixture
def open_archive(archive, tmp_path) -> Archive:
    """An archive that every user of the computer can reach."""
    for folder in [tmp_path, *list(tmp_path.parents)[:2]]:
        folder.chmod(0o755)
    return archive


@pytest.mark.parametrize("limit_bytes", [0, 1, 100])
def test_a_disk_that_fills_up_is_told_and_changes_nothing(api, operator, image, limit_bytes):
    edit_image(image.pk, operator, note="first")
    before = file_of(image).read_bytes()
    client, address = api(operator), f"{IMAGES}/{image.pk}"
    with limited(resource.RLIMIT_FSIZE, limit_bytes):
        responses = [client.patch(address, {"note": "second"}, format="json"), client.delete(address)]
        responses.append(client.post(f"{IMAGES}/bin", {"ids": [image.pk]}, format="json"))
    assert [response.status_code for response in responses] == [507, 507, 507]
    assert (row(image)[0], row(image)[3]) == ("first", None)
    assert file_of(image).read_bytes() == before
    assert sorted(os.listdir(file_of(image).parent)) == [image.filename, file_of(image).name]
    assert client.patch(address, {"note": "second"}, format="json").status_code == 200


def test_a_folder_that_cannot_be_written_is_told_and_changes_nothing(open_archive, operator, keep_image, api):
    image = keep_image()
    client = api(operator)
    file_of(image).parent.chmod(0o555)
    with without_privileges():
        response = client.patch(f"{IMAGES}/{image.pk}", {"note": "seen"}, format="json")
    assert (response.status_code, response.json()["code"]) == (507, "storage_not_writable")
    assert row(image)[0] == ""


def test_a_drive_that_is_away_is_told_and_changes_nothing(api, operator, archive, image, tmp_path):
    archive.root.rename(tmp_path / "drive")
    response = api(operator).patch(f"{IMAGES}/{image.pk}", {"note": "seen"}, format="json")
    assert (response.status_code, response.json()["code"]) == (507, "storage_missing")
    assert (row(image)[0], archive.root.exists()) == ("", False)


def test_an_image_whose_original_is_lost_can_still_be_binned(archive, image, operator):
    archive.path_of(image.filename).unlink()
    archive.path_of(image.filename).parent.rmdir()
    assert bin_image(image.pk, operator).binned_at
    assert read(image)["values"]["binnedBy"] == "ada"


def test_if_the_disk_fills_up_during_many_changes_the_rest_is_refused_with_the_cause(keep_image, operator, archive):
    images = [keep_image(taken_at=TAKEN_AT + timedelta(days=number // 50)) for number in range(60)]
    blocked = archive.path_of(images[-1].filename).parent
    moved = blocked.rename(blocked.with_name("away"))
    blocked.write_text("no folder")
    outcome = bin_many([image.pk for image in images], operator)
    assert outcome.done == [image.pk for image in images[:50]]
    assert {one.image_id for one in outcome.refused} == {image.pk for image in images[50:]}
    assert {one.problem.code for one in outcome.refused} <= {"storage_missing", "storage_not_writable"}
    assert set(Image.objects.in_bin()) == set(images[:50])
    blocked.unlink()
    moved.rename(blocked)
    assert bin_many([image.pk for image in images], operator).refused == []


@committed
def test_a_row_that_is_refused_at_the_last_moment_follows_by_itself(impatient_backfiller, keep_image, operator, api):
    image = keep_image()

    def refuse(execute, sql, params, many, context):
        if sql.startswith('UPDATE "images"'):
            raise OperationalError("the connection is lost")
        return execute(sql, params, many, context)

    client = api(operator)
    with connection.execute_wrapper(refuse):
        assert client.patch(f"{IMAGES}/{image.pk}", {"note": "seen"}, format="json").status_code == 503
    wait_until(lambda: impatient_backfiller.pending_count == 0)
    connections.close_all()
    assert (row(image)[0], row(image)[-1], read(image)["revision"]) == ("seen", 1, 1)
