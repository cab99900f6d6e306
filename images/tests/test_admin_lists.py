"""An action on "all" takes exactly the rows that the page counted, or nothing."""

import re
from datetime import timedelta

import pytest
from django.contrib import admin

from images.admin import images as images_admin
from images.admin.browsing import BoundedPaginator
from images.admin.lists import SealedLists
from images.models import Image, Job
from images.tests.frames import TAKEN_AT

pytestmark = pytest.mark.django_db
LIST = "/admin/images/image/"
OFFER = "select the objects across all pages"
PER_PAGE = images_admin.ImageAdmin.list_per_page


@pytest.fixture
def images(keep_image) -> list[Image]:
    """Two images more than one page holds."""
    return [keep_image(taken_at=TAKEN_AT + timedelta(minutes=number)) for number in range(PER_PAGE + 2)]


@pytest.fixture
def count_few(monkeypatch):
    """The list counts one row more than a page, and no further."""
    monkeypatch.setattr(BoundedPaginator, "MOST", PER_PAGE + 1)


def form_of(page: str) -> dict[str, str]:
    """Return what the form of actions sends if all rows are selected."""
    names = re.findall(r'name="_selected_action" value="([^"]+)"', page)
    sealed = re.findall(r'name="all_shown" value="([^"]+)"', page)
    return {
        "_selected_action": names,
        "select_across": "1",
        "index": "0",
        **({"all_shown": sealed[0]} if sealed else {}),
    }


def said_after(response) -> str:
    """Return the message on the page after an action."""
    return " ".join(map(str, response.context["messages"]))


def act(browser, form: dict, query: str = "", action: str = "move_to_bin", address: str = LIST) -> str:
    return said_after(browser.post(f"{address}?{query}", {**form, "action": action}, follow=True))


def test_an_action_on_all_takes_all_that_were_shown(browser, images):
    page = browser.get(LIST).content.decode()
    assert OFFER in page
    assert f"Select all {PER_PAGE + 2} images" in page
    assert f"{PER_PAGE + 2} images are in the bin" in act(browser, form_of(page))
    assert Image.objects.in_bin().count() == PER_PAGE + 2


def test_an_action_on_all_leaves_rows_that_came_later(browser, images, keep_image):
    form = form_of(browser.get(LIST).content.decode())
    keep_image(taken_at=TAKEN_AT + timedelta(days=1))
    said = act(browser, form)
    assert "Nothing was done: the list of images has changed" in said and f"now has {PER_PAGE + 3} rows" in said
    assert not Image.objects.in_bin().exists()


def test_a_list_of_as_many_other_images_is_another_list(browser, images, keep_image):
    form = form_of(browser.get(f"{LIST}?binned=no").content.decode())
    newer = keep_image(taken_at=TAKEN_AT + timedelta(days=1))
    act(browser, {"_selected_action": [images[0].pk], "index": "0"})
    assert "Nothing was done" in act(browser, form, "binned=no")
    assert list(Image.objects.in_bin()) == [images[0]]
    assert Image.objects.not_binned().filter(pk=newer.pk).exists()


@pytest.mark.parametrize("sealed", [{}, {"all_shown": ""}, {"all_shown": "0" * 64}])
def test_a_form_that_does_not_say_what_it_showed_takes_nothing(browser, images, sealed):
    form = {"_selected_action": [images[0].pk], "select_across": "true", "index": "0", **sealed}
    assert "Nothing was done" in act(browser, form)
    assert not Image.objects.in_bin().exists()


@pytest.mark.usefixtures("count_few")
def test_if_the_count_is_cut_the_list_offers_no_action_on_all(browser, images):
    page = browser.get(LIST).content.decode()
    assert f"more than {PER_PAGE + 1} images" in page
    assert OFFER not in page and "all_shown" not in page
    assert f"narrow the list: there are more than {PER_PAGE + 1}" in page
    assert "too many for one action" in act(browser, form_of(page))
    assert not Image.objects.in_bin().exists()


@pytest.mark.usefixtures("count_few")
def test_an_action_takes_ticked_rows_also_if_the_count_is_cut(browser, images):
    chosen = [image.pk for image in images[:3]]
    assert "3 images are in the bin" in act(browser, {"_selected_action": chosen, "select_across": "0", "index": "0"})
    assert set(Image.objects.in_bin().values_list("pk", flat=True)) == set(chosen)


def test_a_search_that_finds_more_than_it_shows_says_so_and_takes_none_of_the_rest(browser, images, monkeypatch):
    monkeypatch.setattr(images_admin, "MAX_SEARCHED", PER_PAGE + 1)
    page = browser.get(f"{LIST}?q=capture").content.decode()
    assert f"more than {PER_PAGE + 1} results" in page and OFFER not in page
    assert "too many for one action" in act(browser, form_of(page), "q=capture")
    assert not Image.objects.in_bin().exists()


def test_a_search_that_shows_all_it_found_takes_these(browser, images):
    page = browser.get(f"{LIST}?q=capture").content.decode()
    assert f"{PER_PAGE + 2} results" in page
    assert f"{PER_PAGE + 2} images are in the bin" in act(browser, form_of(page), "q=capture")


def test_jobs_that_came_meanwhile_are_not_deleted_with_all(browser, operator):
    Job.objects.bulk_create(Job(name=f"job {number}", user=operator) for number in range(101))
    page = browser.get("/admin/images/job/").content.decode()
    Job.objects.create(name="just begun", user=operator)
    said = act(browser, {**form_of(page), "post": "yes"}, action="delete_selected", address="/admin/images/job/")
    assert "the list of jobs has changed" in said
    assert Job.objects.count() == 102


def test_every_list_of_the_admin_is_sealed():
    lists = admin.site._registry.values()
    assert [one for one in lists if not isinstance(one, SealedLists)] == []


def test_tokens_of_sign_ins_are_neither_shown_nor_deleted(browser):
    """Personal tokens are listed, without their secrets: see microscope/tests/test_token_admin.py."""
    page = browser.get("/admin/").content.decode().lower()
    for word in ("csrfmiddlewaretoken", "personaltoken", "personal token"):
        page = page.replace(word, "")
    assert "token" not in page
    for model in ("blacklistedtoken", "outstandingtoken"):
        assert browser.get(f"/admin/token_blacklist/{model}/").status_code == 404
