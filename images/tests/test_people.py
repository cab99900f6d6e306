"""Files hold a user's lasting id beside the name: images stay with their user if the name changes or is reused."""

import json
from uuid import UUID, uuid4

import pytest
from django.contrib.auth import get_user_model

from accounts.first_administrator import make_first_administrator
from images.calibration.calibrate import calibrate
from images.calibration.scale import Line
from images.capture.capture import capture_image
from images.edit.bin import bin_image
from images.edit.edit import edit_image
from images.index.adoption import adopt_unlisted
from images.index.rebuild.rebuild import rebuild
from images.models import Calibration, CurrentObjective, Image, Objective
from images.tests.frames import TAKEN_AT
from images.tests.places import sidecar_path_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("camera")]
User = get_user_model()


@pytest.fixture
def admin(make_user):
    return make_user("admin", "operators")


@pytest.fixture
def reuse_name(make_user):
    """reuse_name(user) renames the user to `anna` and returns a new user who gets the old name."""

    def reuse(user, role: str = "operators"):
        name = user.username
        user.username = "anna"
        user.save()
        return make_user(name, role)

    return reuse


def lose_rows() -> None:
    Image.objects.update(objective=None, calibration=None)
    for model in (CurrentObjective, Calibration, Objective, Image):
        model.objects.all()._raw_delete("default")


def run_rebuild(archive) -> None:
    for _step in rebuild(archive, pytest.fail):
        pass


@pytest.mark.parametrize("is_server", [True, False])
def test_a_picture_stays_with_its_person_when_the_name_goes_to_somebody_else(
    archive, admin, reuse_name, api, is_server
):
    filename = capture_image(by=admin).kept.filename
    newcomer = reuse_name(admin)
    lose_rows()
    if is_server:
        adopt_unlisted(archive)
    else:
        run_rebuild(archive)
    image = Image.objects.get(filename=filename)
    assert image.user == admin and image.user.username == "anna"
    assert api(newcomer).patch(f"/api/v1/images/{image.pk}", {"note": "mine"}, format="json").status_code == 403
    assert api(newcomer).delete(f"/api/v1/images/{image.pk}").status_code == 403
    assert api(admin).patch(f"/api/v1/images/{image.pk}", {"note": "mine"}, format="json").status_code == 200


def test_record_and_changes_file_carry_the_lasting_id_beside_each_name(archive, admin, api):
    image = capture_image(by=admin).image
    edit_image(image.pk, admin, note="seen")
    bin_image(image.pk, admin)
    assert (image.metadata["user"], image.metadata["userId"]) == ("admin", str(admin.lasting_id))
    said = json.loads(sidecar_path_of(image.filename).read_text())
    assert [(one["by"], one["byId"]) for one in said["history"]] == [("admin", str(admin.lasting_id))] * 2
    assert (said["values"]["binnedBy"], said["values"]["binnedById"]) == ("admin", str(admin.lasting_id))


def test_bin_calibrations_and_keys_stay_with_their_person_too(archive, make_user, reuse_name):
    admin = make_user("admin", "managers")
    lens = Objective.objects.create(name="10x", magnification=10)
    image = capture_image(by=admin, idempotency_key="once", request_sha256="0" * 64).image
    calibrate(lens.pk, image.pk, Line(0, 0, 100, 0), 50, by=admin)
    bin_image(image.pk, admin)
    newcomer = reuse_name(admin, "managers")
    lose_rows()
    run_rebuild(archive)
    listed = Image.objects.get()
    assert (listed.user, listed.binned_by, listed.idempotency_key) == (admin, admin, "once")
    assert Calibration.objects.get().made_by == admin
    assert not Image.objects.filter(user=newcomer).exists()


def test_the_administrator_of_a_new_database_gets_nothing_of_somebody_who_had_the_name(archive, admin):
    lasting_id = admin.lasting_id
    image = capture_image(by=admin).image
    bin_image(image.pk, admin)
    lose_rows()
    User.objects.all().delete()
    make_first_administrator("admin", "a-long-secret-word")
    run_rebuild(archive)
    image = Image.objects.get()
    assert (image.user.username, image.user.lasting_id, image.user.is_active) == ("admin-restored", lasting_id, False)
    assert image.binned_by == image.user
    assert not Image.objects.filter(user__username="admin").exists()


def test_the_administrator_who_comes_after_the_rebuild_gets_nothing_either(archive, admin):
    lasting_id = admin.lasting_id
    capture_image(by=admin)
    lose_rows()
    User.objects.all().delete()
    run_rebuild(archive)
    assert (Image.objects.get().user.username, Image.objects.get().user.lasting_id) == ("admin", lasting_id)
    make_first_administrator("admin", "a-long-secret-word")
    owner = Image.objects.get().user
    assert (owner.username, owner.lasting_id, owner.is_active) == ("admin-restored", lasting_id, False)
    assert User.objects.get(username="admin").is_superuser


def test_a_second_rebuild_makes_nobody_twice(archive, admin):
    capture_image(by=admin)
    lose_rows()
    User.objects.all().delete()
    make_first_administrator("admin", "a-long-secret-word")
    for _ in range(2):
        run_rebuild(archive)
    assert sorted(User.objects.values_list("username", flat=True)) == ["admin", "admin-restored"]


def test_a_file_from_before_there_were_ids_is_believed_by_its_name(archive, keep_original, admin):
    keep_original(username="admin")
    run_rebuild(archive)
    assert Image.objects.get().user == admin


def test_a_file_without_an_id_goes_along_when_its_person_is_renamed(archive, keep_original, admin):
    keep_original(username="admin")
    admin.username = "anna"
    admin.save()
    run_rebuild(archive)
    assert Image.objects.get().user == admin


def test_a_file_without_an_id_gets_no_user_if_two_had_the_name(archive, keep_original, admin, reuse_name):
    keep_original(username="admin")
    newcomer = reuse_name(admin)
    run_rebuild(archive)
    owner = Image.objects.get().user
    assert owner not in (admin, newcomer)
    assert (owner.username, owner.is_active) == ("admin-restored", False)


def test_older_and_newer_files_of_one_name_are_one_person_in_a_new_database(archive, keep_original):
    lasting_id = uuid4()
    keep_original(username="ada", taken_at=TAKEN_AT.replace(day=10))
    keep_original(username="ada", taken_at=TAKEN_AT.replace(day=12), user_id=str(lasting_id))
    keep_original(username="ada", taken_at=TAKEN_AT.replace(day=14))
    run_rebuild(archive)
    assert list(User.objects.values_list("username", "lasting_id")) == [("ada", lasting_id)]
    assert Image.objects.filter(user__username="ada").count() == 3


def test_a_record_with_a_damaged_id_is_reported(archive, keep_original, admin):
    keep_original(username="admin", user_id="the boss")
    problems: list[str] = []
    for _step in rebuild(archive, problems.append):
        pass
    assert len(problems) == 1 and "is damaged" in problems[0]
    assert not Image.objects.exists()


def test_the_file_keeps_the_user_who_binned_it_if_this_database_does_not_know_them(archive, keep_image, admin, manager):
    image = keep_image()
    bin_image(image.pk, manager)
    lose_rows()
    User.objects.exclude(username="ada").delete()
    adopt_unlisted(archive)
    image = Image.objects.get()
    assert image.binned_by is None
    edit_image(image.pk, User.objects.get(username="ada"), note="seen")
    values = json.loads(sidecar_path_of(image.filename).read_text())["values"]
    assert (values["binnedBy"], values["binnedById"]) == ("mary", str(manager.lasting_id))


def test_a_page_does_not_take_a_namesake_for_the_person_in_the_file(archive, keep_original, client, administrator):
    keep_original(username="root", user_id=str(uuid4()))
    adopt_unlisted(archive)
    client.force_login(administrator)
    page = client.get(f"/images/{Image.objects.get().pk}/").content.decode()
    assert "root (as written in the file; not a user of this library)" in page


def test_the_lasting_id_is_shown_in_the_admin_and_cannot_be_edited(client, administrator, admin):
    client.force_login(administrator)
    address = f"/admin/accounts/user/{admin.pk}/change/"
    response = client.get(address)
    page = response.content.decode()
    assert str(admin.lasting_id) in page and 'name="lasting_id"' not in page
    other = UUID("00000000-0000-4000-8000-000000000001")
    seen = response.context["adminform"].form.seen_values
    client.post(address, {"seen_values": seen, "username": "anna", "lasting_id": str(other)})
    admin.refresh_from_db()
    assert (admin.username, admin.lasting_id != other) == ("anna", True)
