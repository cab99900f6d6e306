import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection, connections
from django.utils import timezone

from images.bin import bin_image, empty_bin, restore_image, sweep_bin
from images.errors import LibraryError
from images.models import Image
from images.tests.frames import TAKEN_AT

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)
IMAGES = "/api/v1/images"


@pytest.fixture
def manager(make_user):
    return make_user("mia", "managers")


@pytest.fixture
def stranger(make_user):
    """An operator whose images these are not."""
    return make_user("eve", "operators")


@pytest.fixture
def images(keep_image) -> list[Image]:
    return [keep_image(taken_at=TAKEN_AT + timedelta(hours=hour)) for hour in range(3)]


@pytest.fixture
def listed(api, viewer):
    """listed("binned=true") are the numbers of the images that a viewer sees."""
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


def test_who_bins_it_again_is_answered_the_same_and_changes_nothing(api, operator, manager, images):
    address = f"{IMAGES}/{images[0].pk}"
    api(operator).delete(address)
    before = api(operator).get(address).json()
    assert api(manager).delete(address).status_code == 204
    assert api(operator).get(address).json() == before


def test_what_is_in_no_bin_is_restored_all_the_same(api, operator, images):
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


def test_many_go_at_once_and_each_that_may_not_is_told(api, operator, stranger, keep_image, images):
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
def test_the_sweep_removes_what_lay_there_for_thirty_days_and_nothing_else(archive, operator, images):
    for image in images[:2]:
        bin_image(image.pk, operator)
    Image.objects.filter(pk=images[0].pk).update(binned_at=timezone.now() - timedelta(days=30, seconds=1))
    assert sweep_bin() == 1
    assert [archive.path_of(image.filename).exists() for image in images] == [False, True, True]
    assert sweep_bin() == 0


@committed
@pytest.mark.parametrize(("arguments", "removed"), [([], 1), (["--old"], 0)])
def test_the_command_empties_the_bin(archive, operator, images, capsys, arguments, removed):
    bin_image(images[0].pk, operator)
    call_command("empty_bin", *arguments)
    assert capsys.readouterr().out == f"{removed} images were removed for good.\n"
    assert archive.path_of(images[0].filename).exists() is not bool(removed)


def insist(verb: Callable[[], object]) -> object:
    """SQLite waits for a lock in a file, but not in the memory that holds the database of a test."""
    while True:
        try:
            return verb()
        except OperationalError as problem:
            if "locked" not in str(problem):
                raise


def at_once(*verbs) -> list[object]:
    """What each of them answers or raises, all begun at the same moment by threads of their own."""
    barrier, answers = threading.Barrier(len(verbs)), [None] * len(verbs)

    def run(place: int) -> None:
        barrier.wait()
        try:
            answers[place] = insist(verbs[place])
        except LibraryError as problem:
            answers[place] = problem
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(verbs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@committed
def test_two_who_bin_the_same_both_succeed_and_one_of_them_did_it(operator, manager, images):
    image_id = images[0].pk
    one, other = at_once(lambda: bin_image(image_id, operator), lambda: bin_image(image_id, manager))
    assert one.binned_at == other.binned_at == Image.objects.get(pk=image_id).binned_at
    assert one.binned_by == other.binned_by


@committed
def test_an_image_restored_while_the_bin_is_emptied_is_there_whole_or_gone_whole(operator, archive, images):
    for image in images:
        bin_image(image.pk, operator)
        at_once(lambda image_id=image.pk: restore_image(image_id, operator), empty_bin)
        is_listed = Image.objects.shown().filter(pk=image.pk).exists()
        assert archive.path_of(image.filename).exists() is is_listed
        assert not Image.objects.in_bin().exists()


def test_default_list_and_bin_walk_an_index_of_their_own():
    with connection.cursor() as cursor:
        made = connection.introspection.get_constraints(cursor, "images")
    assert {"images_shown", "images_shown_user", "images_shown_job", "images_in_bin", "images_binned"} <= set(made)
