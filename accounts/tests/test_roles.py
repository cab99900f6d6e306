import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

pytestmark = pytest.mark.django_db
PERMISSIONS = ["view_image", "capture_image", "change_image", "delete_image"]


@pytest.mark.parametrize(
    ("role", "allowed"),
    [("viewers", PERMISSIONS[:1]), ("operators", PERMISSIONS[:2]), ("managers", PERMISSIONS), (None, [])],
)
def test_what_a_role_may_do(make_user, role, allowed):
    user = make_user("ada", *([role] if role else []))
    assert [name for name in PERMISSIONS if user.has_perm(f"images.{name}")] == allowed


def test_a_manager_cannot_make_themselves_more_than_that(make_user):
    manager = make_user("grace", "managers", is_staff=True)
    assert not manager.has_perm("accounts.change_user")


def test_the_program_has_a_user_model_of_its_own():
    assert get_user_model()._meta.label == "accounts.User"


def again(user):
    """Return the user as the next request reads them."""
    return get_user_model().objects.get(pk=user.pk)


def test_a_user_has_own_permissions_and_those_of_all_their_groups(make_user):
    user = make_user("ada", "viewers", "operators")
    user.user_permissions.add(Permission.objects.get(codename="add_session"))
    make_user("grace", "managers").user_permissions.add(Permission.objects.get(codename="delete_session"))
    with CaptureQueriesContext(connection) as queries:
        found = user.get_all_permissions()
    assert len(queries) == 1
    # Django asks for each kind by itself.
    read_anew = again(user)
    assert found == read_anew.get_user_permissions() | read_anew.get_group_permissions()
    assert {"sessions.add_session", "images.view_image", "images.capture_image"} <= found


def test_who_may_do_nothing_has_no_permission(make_user):
    assert make_user("ada").get_all_permissions() == set()
    assert make_user("grace", "managers", is_active=False).get_all_permissions() == set()
    assert make_user("mary", "managers").get_all_permissions(object()) == set()


def test_a_superuser_has_every_permission(administrator):
    assert len(administrator.get_all_permissions()) == Permission.objects.count()


def test_what_is_taken_away_counts_at_once(api, operator):
    client = api(operator)
    assert client.get("/api/v1/jobs").status_code == 200
    Group.objects.get(name="operators").permissions.clear()
    assert client.get("/api/v1/jobs").status_code == 403
    operator.user_permissions.add(Permission.objects.get(codename="view_image"))
    assert client.get("/api/v1/jobs").status_code == 200
    operator.user_permissions.clear()
    assert client.get("/api/v1/jobs").status_code == 403
