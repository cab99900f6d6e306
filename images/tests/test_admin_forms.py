"""Two users have the same form of the admin open: neither overwrites unseen what the other saved."""

import re
from datetime import timedelta

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from images.admin.forms import FreshForms
from images.models import Job

pytestmark = pytest.mark.django_db


@pytest.fixture
def open_form(administrator, make_user):
    """open_form("ada", address) returns the form as ada's browser shows it."""

    def go(person: str, address: str) -> "OpenForm":
        user = get_user_model().objects.filter(username=person).first()
        user = user or make_user(person, is_staff=True, is_superuser=True)
        return OpenForm(user, address)

    return go


class OpenForm:
    """A form in a browser. `values` holds the content of its fields, and is sent unchanged."""

    def __init__(self, user, address: str) -> None:
        self.client, self.address = Client(), address
        self.client.force_login(user)
        self._read(self.client.get(address))

    def save(self, **typed) -> str:
        """Type these values and press Save. Returns the text of the next page."""
        self._response = self.client.post(self.address, {**self.values, **typed}, follow=True)
        if "adminform" in (self._response.context or {}):
            self._read(self._response)
        return " ".join(re.sub("<[^>]+>", " ", self._response.content.decode()).split())

    def _read(self, response) -> None:
        form = response.context["adminform"].form
        self.values = {
            "seen_values": form.seen_values,
            **{name: self._sent(form[name]) for name in form.fields if self._sent(form[name]) not in (None, False)},
        }
        assert f'name="seen_values" value="{form.seen_values.replace(chr(34), "&quot;")}"' in response.content.decode()

    @staticmethod
    def _sent(field):
        """Return what a browser sends for an untouched field."""
        value = field.value()
        if value is True:
            return "on"
        return [getattr(one, "pk", one) for one in value] if isinstance(value, list) else value


@pytest.fixture
def job(operator) -> Job:
    return Job.objects.create(name="healing", kind="series", user=operator)


@pytest.fixture
def address(job) -> str:
    return f"/admin/images/job/{job.pk}/change/"


def test_the_second_save_does_not_undo_the_first_users_field(open_form, job, address):
    first, second = open_form("root", address), open_form("grace", address)
    first.save(state="running")
    said = second.save(name="wound healing")
    assert "Somebody else changed State while this form was open. Nothing was saved." in said
    job.refresh_from_db()
    assert (job.name, job.state) == ("healing", "running")
    # The form shows the values that the other user saved, and keeps the name that was typed.
    assert (second.values["name"], second.values["state"]) == ("wound healing", "running")
    second.save()
    job.refresh_from_db()
    assert (job.name, job.state) == ("wound healing", "running")


def test_both_changed_the_same_field_and_the_second_sees_the_others(open_form, job, address):
    first, second = open_form("root", address), open_form("grace", address)
    first.save(name="theirs")
    assert "Somebody else changed this field too, to: theirs. It shows your value." in second.save(name="mine")
    assert Job.objects.get().name == "theirs"
    second.save()
    assert Job.objects.get().name == "mine"


def test_saving_the_same_form_twice_is_allowed(open_form, job, address):
    form = open_form("root", address)
    sent = {**form.values, "name": "mine"}
    for _ in range(2):
        assert form.client.post(address, sent).status_code == 302
    assert Job.objects.get().name == "mine"


def test_a_form_that_nobody_else_touched_is_saved(open_form, job, address, make_user):
    grace = make_user("grace", is_staff=True)
    open_form("root", address).save(name="  wound healing ", user=grace.pk)
    job.refresh_from_db()
    assert (job.name, job.user) == ("wound healing", grace)


@pytest.mark.parametrize("seen", [None, "", "{", "[]", '"x"'])
def test_a_form_that_does_not_say_what_it_showed_saves_nothing(open_form, job, address, seen):
    form = open_form("root", address)
    form.values = {name: value for name, value in form.values.items() if name != "seen_values"}
    form.values |= {} if seen is None else {"seen_values": seen}
    assert "form has expired. Nothing was saved" in form.save(name="other")
    assert Job.objects.get().name == "healing"
    form.save()
    assert Job.objects.get().name == "other"


def test_an_objectives_name_is_not_restored(open_form, objective):
    address = f"/admin/images/objective/{objective.pk}/change/"
    first, second = open_form("root", address), open_form("grace", address)
    first.save(name="Plan 10x")
    assert "Somebody else changed Name" in second.save()
    objective.refresh_from_db()
    assert objective.name == "Plan 10x"


def test_rights_that_were_taken_away_do_not_come_back_with_a_changed_name(open_form, operator):
    address = f"/admin/accounts/user/{operator.pk}/change/"
    first, second = open_form("root", address), open_form("grace", address)
    viewers = Group.objects.get(name="viewers")
    first.save(groups=[viewers.pk])
    said = second.save(first_name="Ada")
    assert "Somebody else changed Groups" in said
    operator.refresh_from_db()
    assert ([*operator.groups.all()], operator.first_name) == ([viewers], "")
    second.save()
    operator.refresh_from_db()
    assert ([*operator.groups.all()], operator.first_name) == ([viewers], "Ada")


def test_a_form_opened_before_a_sign_in_does_not_write_the_older_one_back(open_form, operator):
    form = open_form("root", f"/admin/accounts/user/{operator.pk}/change/")
    assert "last_login" not in "".join(form.values) and "date_joined" not in "".join(form.values)
    signed_in_at = timezone.now() + timedelta(minutes=5)
    get_user_model().objects.filter(pk=operator.pk).update(last_login=signed_in_at)
    long_ago = {"last_login_0": "2001-01-01", "last_login_1": "10:00:00"}
    form.save(first_name="Ada", **long_ago)
    operator.refresh_from_db()
    assert (operator.first_name, operator.last_login) == ("Ada", signed_in_at)


def test_a_role_keeps_the_rights_that_another_gave_it(open_form):
    role = Group.objects.get(name="viewers")
    address = f"/admin/auth/group/{role.pk}/change/"
    first, second = open_form("root", address), open_form("grace", address)
    first.save(permissions=[])
    assert "Somebody else changed Permissions" in second.save(name="guests")
    assert not Group.objects.get(pk=role.pk).permissions.exists()
    second.save()
    role.refresh_from_db()
    assert role.name == "guests" and not role.permissions.exists()


def test_the_row_is_held_while_the_form_is_compared_and_saved(open_form, job, address):
    form = open_form("root", address)
    with CaptureQueriesContext(connection) as captured:
        form.save(name="held")
    held = [query["sql"] for query in captured.captured_queries if "FOR UPDATE" in query["sql"]]
    assert bool(held) == connection.features.has_select_for_update


def test_every_changing_form_of_the_admin_detects_conflicts(rf, administrator):
    request = rf.get("/")
    request.user = administrator
    changing = [one for one in admin.site._registry.values() if one.has_change_permission(request)]
    assert changing and [one for one in changing if not isinstance(one, FreshForms)] == []
