import pytest
from django.contrib.auth import authenticate, get_user_model

from accounts.first_administrator import make_first_administrator

pytestmark = pytest.mark.django_db


def test_without_an_administrator_one_is_made_with_a_random_password():
    first = make_first_administrator("admin", "")
    assert len(first) >= 16
    administrator = authenticate(username="admin", password=first)
    assert administrator.is_superuser and administrator.is_staff
    assert [group.name for group in administrator.groups.all()] == ["managers"]


def test_two_installations_get_different_passwords():
    first = make_first_administrator("admin", "")
    get_user_model().objects.all().delete()
    assert make_first_administrator("admin", "") != first


def test_a_given_password_is_taken():
    assert make_first_administrator("root", "a given password") == "a given password"
    assert authenticate(username="root", password="a given password").is_superuser


def test_an_existing_administrator_stays_unchanged(administrator):
    assert make_first_administrator("admin", "a given password") is None
    assert authenticate(username="root", password="root-password") == administrator
    assert not get_user_model().objects.filter(username="admin").exists()


def test_an_ordinary_account_of_that_name_is_made_the_administrators(make_user):
    make_user("admin", "viewers", is_active=False)
    password = make_first_administrator("admin", "")
    assert authenticate(username="admin", password=password).is_superuser
