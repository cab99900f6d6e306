"""The admin deletes images only from the bin and with their files, and never a row that a file names."""

import re

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from images.admin.deleting import DeletionFromBin, GuardedDeletion
from images.edit.bin import bin_image, bin_many, restore_image
from images.models import Image, Job
from images.tests.frames import TAKEN_AT
from microscope.models import AuditEntry

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)
LIST, USERS, JOBS = "/admin/images/image/", "/admin/accounts/user/", "/admin/images/job/"


@pytest.fixture
def images(keep_image) -> list[Image]:
    return [keep_image(taken_at=TAKEN_AT.replace(minute=minute)) for minute in range(3)]


@pytest.fixture
def has_file(archive):
    return lambda image: archive.path_of(image.filename).exists()


def delete_selected(browser, rows, address: str = LIST, **more):
    chosen = {"action": "delete_selected", "_selected_action": [row.pk for row in rows]}
    return browser.post(address, {**chosen, **more}, follow=True)


def text_of(response) -> str:
    return " ".join(re.sub("<[^>]+>", " ", response.content.decode()).split())


def send_the_form_of(browser, page, address: str = LIST):
    """Press the button of a confirmation page."""
    form = page.content.decode().partition('<form method="post">')[2].partition("</form>")[0]
    sent: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form):
        sent.setdefault(name, []).append(value)
    return browser.post(address, sent, follow=True)


@committed
def test_images_in_the_bin_are_deleted_after_a_confirmation_page(browser, images, has_file, administrator):
    bin_many([image.pk for image in images[:2]], administrator)
    page = delete_selected(browser, images[:2], index="0")
    assert "2 images and the original files will be deleted, for good." in text_of(page)
    assert "Delete 2 files for good" in page.content.decode()
    assert all(map(has_file, images))

    assert "2 images were deleted for good, with their files." in text_of(send_the_form_of(browser, page))
    assert list(Image.objects.all()) == images[2:]
    assert list(map(has_file, images)) == [False, False, True]
    told = AuditEntry.objects.filter(what="removed").order_by("id")
    assert [(one.who, one.object) for one in told] == [("root", image.filename) for image in images[:2]]


@committed
@pytest.mark.parametrize("confirmed", [{"index": "0"}, {"post": "yes"}])
def test_if_one_selected_image_is_not_in_the_bin_none_is_deleted(browser, images, has_file, administrator, confirmed):
    bin_image(images[0].pk, administrator)
    said = text_of(delete_selected(browser, images, **confirmed))
    assert "Nothing was deleted: 2 of them are not in the bin." in said
    assert "Move the image to the bin first" in said
    assert Image.objects.count() == 3 and all(map(has_file, images))


@committed
def test_one_image_is_deleted_only_out_of_the_bin(browser, images, has_file, administrator):
    address = f"{LIST}{images[0].pk}/delete/"
    for response in (browser.get(address), browser.post(address, {"post": "yes"})):
        assert "Only images in the bin can be deleted for good. Move the image to the bin first." in text_of(response)
        assert 'value="yes"' not in response.content.decode()
    assert has_file(images[0])

    bin_image(images[0].pk, administrator)
    page = browser.get(address)
    assert "1 image and its original file will be deleted, for good." in text_of(page)
    send_the_form_of(browser, page, address)
    assert not Image.objects.filter(pk=images[0].pk).exists() and not has_file(images[0])


@committed
def test_an_image_restored_during_the_confirmation_stays(browser, images, has_file, administrator):
    bin_many([image.pk for image in images], administrator)
    page = delete_selected(browser, images, index="0")
    restore_image(images[1].pk, administrator)
    assert "Nothing was deleted: 1 of them is not in the bin." in text_of(send_the_form_of(browser, page))
    assert all(map(has_file, images))


def test_all_of_a_long_bin_are_deleted_although_no_form_could_name_them(browser, cheap_images, administrator):
    count = settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 100
    cheap_images([TAKEN_AT] * count)
    Image.objects.update(binned_at=TAKEN_AT, binned_by=administrator)
    shown = browser.get(f"{LIST}?binned=yes")
    sealed = re.search('name="all_shown" value="([^"]+)"', shown.content.decode())[1]
    chosen = {"action": "delete_selected", "select_across": "1", "all_shown": sealed, "index": "0"}
    chosen["_selected_action"] = [Image.objects.first().pk]
    page = browser.post(f"{LIST}?binned=yes", chosen)
    assert f"{count} images and the original files" in text_of(page)
    said = text_of(send_the_form_of(browser, page, f"{LIST}?binned=yes"))
    assert f"{count} images were deleted for good" in said
    assert not Image.objects.exists()


def test_more_numbers_than_a_form_may_name_are_refused_in_words(browser, images):
    chosen = {"action": "move_to_bin", "_selected_action": [images[0].pk] * 1100, "index": "0"}
    response = browser.post(LIST, chosen)
    assert response.status_code == 400
    assert "More was sent at once than this program takes. Select fewer" in text_of(response)
    assert not Image.objects.in_bin().exists()


def test_a_user_whom_files_name_is_not_deleted_and_the_page_says_what_to_do_instead(
    browser, keep_image, operator, manager, administrator
):
    bin_image(keep_image().pk, manager)
    for user in (operator, manager):
        for page in (
            browser.post(f"{USERS}{user.pk}/delete/", {"post": "yes"}),
            delete_selected(browser, [user], USERS, post="yes"),
        ):
            assert "Images refer to it." in text_of(page)
            assert "Clear the tick at Active" in text_of(page)
        assert get_user_model().objects.filter(pk=user.pk).exists()


def test_a_user_who_changed_something_stays_and_one_who_only_signed_in_can_be_deleted(browser, make_user):
    grace, typo = make_user("grace"), make_user("grcae")
    AuditEntry.objects.create(user=grace, who="grace", what="changed", object="capture.jpg")
    AuditEntry.objects.create(user=typo, who="grcae", what="signed_in", object="grcae")
    page = delete_selected(browser, [grace, typo], USERS, post="yes")
    assert "The audit log and files of images name that user." in text_of(page)
    assert get_user_model().objects.filter(username__in=["grace", "grcae"]).count() == 2
    send_the_form_of(browser, delete_selected(browser, [typo], USERS, index="0"), USERS)
    assert not get_user_model().objects.filter(username="grcae").exists()
    assert AuditEntry.objects.filter(what="user_deleted", object="grcae", who="root").exists()


def test_a_job_that_files_name_stays_and_an_empty_one_goes(browser, keep_image, operator):
    job, empty = (Job.objects.create(name=name, user=operator) for name in ("healing", "empty"))
    image = keep_image(job=job)
    for page in (
        browser.post(f"{JOBS}{job.pk}/delete/", {"post": "yes"}),
        delete_selected(browser, [job, empty], JOBS, post="yes"),
    ):
        assert "Images refer to it." in text_of(page)
    assert Image.objects.get(pk=image.pk).job == job
    delete_selected(browser, [empty], JOBS, post="yes")
    assert list(Job.objects.all()) == [job]
    assert AuditEntry.objects.get(what="job_deleted").object == "empty"


def test_a_role_that_is_deleted_is_told_as_deleted(browser):
    role = Group.objects.create(name="guests")
    browser.post(f"/admin/auth/group/{role.pk}/delete/", {"post": "yes"})
    assert AuditEntry.objects.get(what="role_deleted").object == "guests"


def test_nothing_in_the_admin_deletes_without_a_guard(rf, administrator):
    request = rf.get("/")
    request.user = administrator
    bare = [
        one
        for one in admin.site._registry.values()
        if one.has_delete_permission(request) and not isinstance(one, GuardedDeletion | DeletionFromBin)
    ]
    assert bare == []
