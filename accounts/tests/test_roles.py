import pytest
from django.contrib.auth import get_user_model

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
