import pytest
from django.core.checks import run_checks
from django.test import Client

from accounts.first_administrator import check_administrator_password

pytestmark = pytest.mark.django_db
WEAK = ["password", "12345678901", "short", "administrator"]


@pytest.mark.parametrize("password", WEAK)
def test_a_first_administrator_with_a_weak_password_stops_the_start(settings, password):
    settings.ADMIN_USERNAME, settings.ADMIN_PASSWORD = "administrator", password
    told = [problem for problem in run_checks() if problem.id == "accounts.E001"]
    assert len(told) == 1 and "ADMIN_PASSWORD is too easy to guess" in told[0].msg


@pytest.mark.parametrize("password", ["", "a-long-secret-word"])
def test_a_good_one_and_none_are_fine(settings, password):
    settings.ADMIN_PASSWORD = password
    assert check_administrator_password() == []


@pytest.mark.parametrize("password", WEAK)
def test_the_admin_makes_no_user_with_a_weak_password(administrator, password):
    client = Client()
    client.force_login(administrator)
    form = {"username": "administrator2", "usable_password": "true", "password1": password, "password2": password}
    assert client.post("/admin/accounts/user/add/", form).status_code == 200
    change = {"usable_password": "true", "password1": password, "password2": password}
    assert client.post(f"/admin/accounts/user/{administrator.pk}/password/", change).status_code == 200
    administrator.refresh_from_db()
    assert administrator.check_password("root-password")
    assert type(administrator).objects.count() == 1
