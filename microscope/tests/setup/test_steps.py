"""The four steps of the set-up: the password, and the way through, which may be left and gone on with."""

import re

import pytest
from django.contrib.auth import get_user_model

from microscope.setup.door import the_door
from microscope.setup.steps import the_steps
from microscope.tests.setup.conftest import PASSWORD, words


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("username", "password", "sentence"),
    [
        ("admin", "short", "This password is too short."),
        ("admin", "password1", "This password is too common."),
        ("grace-hopper", "grace-hopper", "The password is too similar to the username."),
        ("a b", PASSWORD, "Enter a valid username."),
        ("", PASSWORD, "This field is required."),
    ],
)
def test_a_password_or_name_that_will_not_do_is_told_and_nothing_is_set(
    data_path, camera, client, username, password, sentence
):
    page = client.post(f"/setup/start/{the_door().shut()}", {"username": username, "password": password})
    assert sentence in words(page)
    assert password not in re.search('<input id="id_password".*?>', page.content.decode())[0]
    assert not get_user_model().objects.exists() and the_door().is_shut


def test_the_password_makes_an_administrator_who_is_signed_in(newcomer):
    user = get_user_model().objects.get()
    assert user.is_superuser and user.check_password(PASSWORD)
    assert [group.name for group in user.groups.all()] == ["managers"]
    assert newcomer.get("/profile").status_code == 200
    assert not the_door().is_shut


def test_the_default_name_is_that_of_the_settings(data_path, camera, client, settings, db):
    settings.ADMIN_USERNAME = "grace"
    assert 'value="grace"' in client.get(f"/setup/start/{the_door().shut()}").content.decode()


def test_it_can_be_left_at_each_step_and_goes_on_there_in_another_browser(newcomer, client):
    client.login(username="admin", password=PASSWORD)
    for step, following in (("pictures", "camera"), ("camera", "picture")):
        assert client.get("/setup/")["Location"] == f"/setup/{step}/"
        assert newcomer.post(f"/setup/{step}/")["Location"] == f"/setup/{following}/"
    assert client.get("/setup/")["Location"] == "/setup/picture/"
    assert newcomer.post("/setup/finish")["Location"] == "/"
    assert client.get("/setup/")["Location"] == "/"
    assert not the_steps().is_under_way


@pytest.mark.parametrize("step", ["password", "pictures", "camera", "picture"])
def test_each_step_has_its_number_one_filled_button_and_a_way_back(newcomer, step):
    page = newcomer.get(f"/setup/{step}/")
    number = ["password", "pictures", "camera", "picture"].index(step) + 1
    assert f"First start, step {number} of 4" in words(page)
    main = page.content.decode().partition("<main")[2]
    assert len(re.findall(r'class="(?:button )?primary"', main)) == 1
    assert ("Back" in words(page)) == (step != "password")


def test_a_damaged_note_of_the_step_begins_after_the_password(data_path, newcomer):
    for content in ("{", "[]", '{"step": "nowhere"}', ""):
        (data_path / "first-start.json").write_text(content)
        assert newcomer.get("/setup/")["Location"] == "/setup/pictures/"


def test_an_installation_that_was_set_up_otherwise_is_asked_nothing(data_path, client, administrator):
    client.force_login(administrator)
    assert client.get("/setup/")["Location"] == "/"
