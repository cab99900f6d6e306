from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection

from images.edit.bin import bin_image, empty_bin, restore_image
from images.models import Image
from images.tests.at_once import at_once
from images.tests.frames import TAKEN_AT

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)
IMAGES = "/api/v1/images"


@pytest.fixture
def manager(make_user):
    return make_user("mia", "managers")


@pytest.fixture
def stranger(make_user):
    """An operator who did not capture these images."""
    return make_user("eve", "operators")


@pytest.fixture
def images(keep_image) -> list[Image]:
    return [keep_image(taken_at=TAKEN_AT + timedelta(hours=hour)) for hour in range(3)]


@pytest.fixture
def listed(api, viewer):
    """listed("binned=true") returns the numbers of the images that a viewer sees."""
    client = api(viewer)
    return lambda query="": [one["imageId"] for one in client.get(f"{IMAGES}?{query}").json()["results"]]


def test_a_binned_image_leaves_the_list_for_the_bin_and_comes_back(api, operator, listed, archive, images):
    first, second, third = (image.pk for image in images)
    response = api(operator).delete(f"{IMAGES}/{second}")
    assert (response.status_code, response.content) == (204, b"")
    assert (listed(), listed("binned=true"), listed("binned=false")) == ([third, first], [second], [third, first])
    assert archive.path_of(images[1].filename).exists()

    binned = api(operator).get(f"{IMAGES}/{second}").json()
    assert binned["binnedBy"] == "ada" and binned["binnedAt"].endswith("Z")
    restored = api(operator).post(f"{IMAGES}/{second}/restore").json()
    assert (restored["binnedAt"], restored["binnedBy"], restored["imageId"]) == (None, None, second)
    assert (listed(), listed("binned=true")) == ([third, second, first], [])


def test_binning_an_image_twice_changes_nothing(api, operator, manager, images):
    address = f"{IMAGES}/{images[0].pk}"
    api(operator).delete(address)
    before = api(operator).get(address).json()
    assert api(manager).delete(address).status_code == 204
    assert api(operator).get(address).json() == before


def test_restoring_an_image_that_is_not_binned_succeeds(api, operator, images):
    assert api(operator).post(f"{IMAGES}/{images[0].pk}/restore").status_code == 200


def test_someone_elses_image_is_not_ones_own_to_bin_or_restore(api, stranger, operator, images):
    response = api(stranger).delete(f"{IMAGES}/{images[0].pk}")
    assert (response.status_code, response.json()["code"]) == (403, "not_yours")
    bin_image(images[1].pk, operator)
    assert api(stranger).post(f"{IMAGES}/{images[1].pk}/restore").status_code == 403
    assert list(Image.objects.in_bin()) == [images[1]]


def test_a_manager_bins_and_restores_anybodys(api, manager, images):
    assert api(manager).delete(f"{IMAGES}/{images[0].pk}").status_code == 204
    assert api(manager).post(f"{IMAGES}/{images[0].pk}/restore").json()["mayBin"] is True


@pytest.mark.parametrize("method", ["delete", "post"])
@pytest.mark.parametrize("image_id", ["4711", "9" * 30])
def test_an_image_that_is_not_there_is_neither_binned_nor_restored(api, operator, method, image_id):
    address = f"{IMAGES}/{image_id}{'/restore' if method == 'post' else ''}"
    response = getattr(api(operator), method)(address)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_many_are_binned_at_once_and_each_refused_one_is_named(api, operator, stranger, keep_image, images):
    other = keep_image(user=stranger, taken_at=TAKEN_AT + timedelta(days=1))
    wanted = [images[2].pk, other.pk, images[0].pk, 4711, images[0].pk]
    answer = api(operator).post(f"{IMAGES}/bin", {"ids": wanted}, format="json").json()
    assert answer["done"] == [images[2].pk, images[0].pk]
    assert [(one["imageId"], one["code"]) for one in answer["refused"]] == [
        (other.pk, "not_yours"),
        (4711, "not_found"),
    ]
    assert all(one["message"] for one in answer["refused"])
    assert set(Image.objects.in_bin()) == {images[0], images[2]}

    back = api(operator).post(f"{IMAGES}/restore", {"ids": [images[0].pk, other.pk]}, format="json").json()
    assert (back["done"], len(back["refused"])) == ([images[0].pk], 1)
    assert list(Image.objects.in_bin()) == [images[2]]


@pytest.mark.parametrize("verb", ["bin", "restore"])
@pytest.mark.parametrize("body", [{}, {"ids": []}, {"ids": "1"}, {"ids": [0]}, {"ids": [2**63]}, {"ids": ["1"]}])
def test_a_request_for_many_that_makes_no_sense_is_refused(api, operator, verb, body):
    response = api(operator).post(f"{IMAGES}/{verb}", body, format="json")
    assert (response.status_code, list(response.json()["errors"])) == (400, ["ids"])


def test_a_thousand_go_at_once_and_no_more(api, operator):
    client = api(operator)
    answer = client.post(f"{IMAGES}/bin", {"ids": list(range(1, 1001))}, format="json").json()
    assert len(answer["refused"]) == 1000
    assert client.post(f"{IMAGES}/bin", {"ids": list(range(1, 1002))}, format="json").status_code == 400


@pytest.mark.parametrize("address", ["/1/restore", "/bin", "/restore", "/bin/empty"])
def test_viewers_move_nothing(api, viewer, address):
    assert api(viewer).post(f"{IMAGES}{address}", {"ids": [1]}, format="json").status_code == 403
    assert api(viewer).delete(f"{IMAGES}/1").status_code == 403


@committed
def test_emptying_the_bin_removes_rows_and_files_for_good(api, manager, operator, archive, images):
    for image in images[:2]:
        bin_image(image.pk, operator)
    assert api(manager).post(f"{IMAGES}/bin/empty").json() == {"removed": 2}
    assert [archive.path_of(image.filename).exists() for image in images] == [False, False, True]
    assert list(Image.objects.all()) == [images[2]]
    assert api(manager).post(f"{IMAGES}/bin/empty").json() == {"removed": 0}


def test_operators_do_not_empty_the_bin(api, operator, images):
    bin_image(images[0].pk, operator)
    response = api(operator).post(f"{IMAGES}/bin/empty")
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert Image.objects.count() == 3


@committed
@pytest.mark.parametrize(("arguments", "removed"), [([], 1), (["--old"], 0)])
def test_the_command_empties_the_bin(archive, operator, images, capsys, arguments, removed):
    bin_image(images[0].pk, operator)
    call_command("empty_bin", *arguments)
    assert capsys.readouterr().out == f"{removed} images were deleted for good.\n"
    assert archive.path_of(images[0].filename).exists() is not bool(removed)


@committed
def test_two_users_bin_the_same_image_at_once_and_get_the_same_answer(operator, manager, images):
    image_id = images[0].pk
    one, other = at_once(lambda: bin_image(image_id, operator), lambda: bin_image(image_id, manager))
    assert one.binned_at == other.binned_at == Image.objects.get(pk=image_id).binned_at
    assert one.binned_by == other.binned_by


@committed
def test_an_image_restored_while_the_bin_is_emptied_is_there_whole_or_gone_whole(operator, archive, images):
    for image in images:
        bin_image(image.pk, operator)
        at_once(lambda image_id=image.pk: restore_image(image_id, operator), empty_bin)
        is_listed = Image.objects.not_binned().filter(pk=image.pk).exists()
        assert archive.path_of(image.filename).exists() is is_listed
        assert not Image.objects.in_bin().exists()


def test_default_list_and_bin_walk_an_index_of_their_own():
    with connection.cursor() as cursor:
        made = connection.introspection.get_constraints(cursor, "images")
    assert {"images_shown", "images_shown_user", "images_shown_job", "images_in_bin", "images_binned"} <= set(made)
