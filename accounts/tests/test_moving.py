"""People come into another library with their password and their lasting id, and nobody gains a right by it."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group

from accounts.moving import bring_people
from images.moving.other_database import opened
from microscope.tests.migrated import fill_file

pytestmark = pytest.mark.django_db
USERS = get_user_model().objects


@pytest.fixture
def old(tmp_path):
    fill_file(tmp_path / "old.sqlite3")
    with opened(tmp_path / "old.sqlite3") as alias:
        yield alias


def make(alias: str, name: str, *groups: str, **fields):
    person = get_user_model()(username=name, **fields)
    person.set_password(f"{name}-password")
    person.save(using=alias)
    for group in groups:
        Group.objects.using(alias).get_or_create(name=group)
    person.groups.set(Group.objects.using(alias).filter(name__in=groups))
    return person


def groups_of(name: str) -> set[str]:
    return set(USERS.get(username=name).groups.values_list("name", flat=True))


def test_people_come_as_they_are(old):
    grace = make(old, "grace", "operators", first_name="Grace", email="grace@example.org")
    grace.former_names.using(old).create(username="hopper", user=grace)
    make(old, "gone", "viewers", is_active=False)
    told = bring_people(old)
    assert told.brought == ["grace", "gone"]
    brought = USERS.get(username="grace")
    assert brought.check_password("grace-password") and brought.lasting_id == grace.lasting_id
    assert (brought.first_name, brought.email) == ("Grace", "grace@example.org")
    assert groups_of("grace") == {"operators"}
    assert [one.username for one in brought.former_names.all()] == ["hopper"]
    assert not USERS.get(username="gone").is_active


def test_administrators_managers_and_groups_made_by_hand_come_with_no_more_than_their_own_pictures(old):
    make(old, "root", is_superuser=True, is_staff=True)
    make(old, "mary", "managers")
    make(old, "tom", "viewers", "night shift")
    Group.objects.create(name="night shift")
    assert bring_people(old).lowered == ["root", "mary", "tom"]
    for name in ("root", "mary", "tom"):
        brought = USERS.get(username=name)
        assert not brought.is_superuser and not brought.is_staff
        assert groups_of(name) == ({"viewers"} if name == "tom" else {"operators"})


def test_to_a_pc_alone_people_come_with_all_their_rights(old):
    USERS.create_superuser("root", password="root-password")
    assert bring_people("default", old, keeps_rights=True).brought == ["root"]
    assert USERS.using(old).get(username="root").is_superuser


def test_whoever_is_there_stays_as_they_are(old):
    known = USERS.create_user("ada", password="shared")
    make(old, "ada2", "managers", lasting_id=known.lasting_id)
    make(old, "ADA", "managers")
    told = bring_people(old)
    assert (told.known, told.taken) == (["ada2"], ["ADA"])
    known.refresh_from_db()
    assert known.username == "ada" and known.check_password("shared") and not known.groups.exists()
    assert USERS.count() == 1


def test_it_can_be_repeated(old):
    make(old, "grace", "operators")
    bring_people(old)
    told = bring_people(old)
    assert (told.brought, told.known) == ([], ["grace"])
