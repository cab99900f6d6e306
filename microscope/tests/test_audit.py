"""The audit log says who did what. An entry and its change are written together, or not at all."""

from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.throttling import MAX_BY_NAME_AND_ADDRESS
from images.admin.browsing import BoundedPaginator
from images.capture.capture import capture_image
from images.edit.bin import bin_image
from images.events import library_changed
from images.index.adoption import adopt_unlisted
from images.library import the_library
from images.models import Image
from images.run_days import RunDays, register_run_days
from images.tests.clocks import SetClock
from images.tests.conftest import keep_image, keep_original, rows_refused, wait_until  # noqa: F401 (fixtures)
from images.tests.places import path_of
from microscope.audit import KEPT_FOR_DAYS, forget_old_sign_in_events
from microscope.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]
LOGIN = "/api/v1/auth/login"
LOG = "/admin/microscope/auditentry/"


def told(**fields) -> list[tuple[str, str, str]]:
    """Return (who, what, object) of the entries, the oldest first."""
    return list(AuditEntry.objects.filter(**fields).order_by("id").values_list("who", "what", "object"))


@pytest.fixture
def since(operator, administrator):
    """Remove the entries about making these users, because tests do not look at them."""
    AuditEntry.objects.all().delete()


@pytest.fixture
def ask(api, operator):
    client = api(operator)
    fields = {"format": "json", "REMOTE_ADDR": "10.0.0.7"}
    return lambda method, address, body=None: getattr(client, method)(address, body, **fields)


def test_a_capture_and_all_that_happens_to_it(ask, since, operator, administrator, api):
    image_id = ask("post", "/api/v1/camera/capture", {"exposure": 2}).json()["imageId"]
    name = Image.objects.get().filename
    ask("patch", f"/api/v1/images/{image_id}", {"note": "seen"})
    ask("delete", f"/api/v1/images/{image_id}")
    ask("post", f"/api/v1/images/{image_id}/restore")
    ask("post", "/api/v1/images/bin", {"ids": [image_id]})
    api(administrator).post("/api/v1/images/bin/empty")
    verbs = ["captured", "changed", "binned", "restored", "binned"]
    assert told(image_id=image_id) == [*(("ada", verb, name) for verb in verbs), ("root", "removed", name)]
    assert told(what="emptied") == [("root", "emptied", "")]
    first = AuditEntry.objects.filter(image_id=image_id).earliest("id")
    assert (first.user, first.address, first.image_id) == (operator, "10.0.0.7", image_id)
    assert AuditEntry.objects.get(what="changed").details == {"note": {"before": "", "after": "seen"}}


def test_a_refused_change_has_no_entry(ask, since, keep_image, administrator):  # noqa: F811
    image = keep_image(user=administrator)
    AuditEntry.objects.all().delete()
    assert ask("delete", f"/api/v1/images/{image.pk}").status_code == 403
    assert ask("patch", f"/api/v1/images/{image.pk}", {"note": "x"}).status_code == 403
    assert told() == []


def test_an_image_in_the_bin_already_gets_no_second_entry(ask, since):
    image_id = ask("post", "/api/v1/camera/capture", {}).json()["imageId"]
    for _ in range(2):
        ask("delete", f"/api/v1/images/{image_id}")
    assert len(told(what="binned")) == 1


def test_an_act_of_the_program_itself_names_no_user(since, keep_original, archive):  # noqa: F811
    kept, _record = keep_original()
    assert adopt_unlisted(archive) == 1
    assert told() == [("", "adopted", kept.filename)]


@pytest.mark.django_db(transaction=True)
def test_with_the_log_away_a_capture_succeeds_all_the_same(operator, camera):
    with rows_refused("audit"):
        captured = capture_image(by=operator, exposure_ms=2)
    assert captured.image is None and path_of(captured.kept).exists()
    wait_until(lambda: the_library().backfiller.pending_count == 0)
    assert Image.objects.get().sha256 == captured.kept.sha256
    assert told(image_id=Image.objects.get().pk) == [("", "adopted", captured.kept.filename)]


@contextmanager
def log_refused():
    """Within the block no entry can be written, so the change fails."""

    def refuse(**_):
        raise OSError("the log is full")

    library_changed.connect(refuse)
    try:
        with pytest.raises(OSError, match="the log is full"):
            yield
    finally:
        library_changed.disconnect(refuse)


def test_with_the_log_refusing_nothing_happens_that_it_does_not_tell(since, keep_image, operator):  # noqa: F811
    image = keep_image()
    with log_refused():
        bin_image(image.pk, operator)
    image.refresh_from_db()
    assert image.binned_at is None
    assert told(what="binned") == []


@pytest.mark.parametrize("door", [LOGIN, "/sign-in", "/admin/login/"])
def test_coming_in_failing_to_and_going(client, since, administrator, door):
    content_type = {"content_type": "application/json"} if door == LOGIN else {}
    client.post(door, {"username": "root", "password": "wrong"}, REMOTE_ADDR="10.0.0.9", **content_type)
    pair = client.post(door, {"username": "root", "password": "root-password"}, **content_type)
    if door == LOGIN:
        tokens = pair.json()
        header = f"Bearer {tokens['access']}"
        client.post("/api/v1/auth/logout", {"refresh": tokens["refresh"]}, HTTP_AUTHORIZATION=header, **content_type)
    else:
        client.post("/sign-out")
    assert told() == [("root", "sign_in_failed", "root"), ("root", "signed_in", "root"), ("root", "signed_out", "root")]
    assert AuditEntry.objects.earliest("id").address == "10.0.0.9"


def test_a_name_made_to_break_the_log_is_shortened(client, since):
    client.post("/sign-in", {"username": "x" * 140 + "\n<b>", "password": "wrong"})
    client.post(LOGIN, {"username": "y" * 5000, "password": "wrong"}, content_type="application/json")
    assert [who[:1] + str(len(who)) for who, *_ in told()] == ["x144", "y150"]


def test_attempts_that_only_wait_fill_no_log(client, since):
    for _ in range(3 * MAX_BY_NAME_AND_ADDRESS):
        client.post(LOGIN, {"username": "ada", "password": "wrong"}, content_type="application/json")
    assert len(told()) == MAX_BY_NAME_AND_ADDRESS


def test_a_changed_password_has_an_entry_that_shows_no_password(client, since, operator):
    client.force_login(operator)
    AuditEntry.objects.all().delete()
    new = "a-much-better-one-7"
    client.post("/profile/password", {"old_password": "ada-password", "new_password1": new, "new_password2": new})
    assert told() == [("ada", "password_changed", "ada")]
    assert AuditEntry.objects.get().details == {}


def test_a_change_of_a_user_in_the_admin_has_an_entry(client, since, administrator, operator):
    client.force_login(administrator)
    AuditEntry.objects.all().delete()
    new = {"username": "grace", "usable_password": "true", "password1": "a-better-one-7", "password2": "a-better-one-7"}
    client.post("/admin/accounts/user/add/", new)
    grace = get_user_model().objects.get(username="grace")
    managers = Group.objects.get(name="managers")
    form = {"username": "grace", "is_active": "on", "is_staff": "on", "groups": [managers.pk]}
    address = f"/admin/accounts/user/{grace.pk}/change/"
    form["seen_values"] = client.get(address).context["adminform"].form.seen_values
    assert client.post(address, form).status_code == 302
    client.post("/admin/accounts/user/", {"action": "delete_selected", "_selected_action": [grace.pk], "post": "yes"})
    assert told()[0] == ("root", "user_added", "grace")
    assert told()[-1] == ("root", "user_deleted", "grace")
    changes = [entry.details for entry in AuditEntry.objects.filter(what="user_changed")]
    assert {"groups": {"add": ["managers"]}} in changes
    assert any(change.get("is_staff") == {"before": False, "after": True} for change in changes)
    assert not [change for change in changes if "password" in change]


def test_who_is_gone_stays_in_the_log_by_name(since, ask, make_user):
    nemo = make_user("nemo")
    Client().post(LOGIN, {"username": "nemo", "password": "nemo-password"}, content_type="application/json")
    nemo.delete()
    entry = AuditEntry.objects.get(what="signed_in")
    assert (entry.user, entry.who) == (None, "nemo")


def test_comings_and_goings_are_forgotten_after_a_year_of_running_and_deeds_never(since, ask):
    everything = ("signed_in", "sign_in_failed", "signed_out", "captured", "removed", "user_deleted")
    for what in everything:
        AuditEntry.objects.create(what=what)
    assert forget_old_sign_in_events(7) == 0
    for what in everything:
        AuditEntry.objects.create(what=what)
    assert forget_old_sign_in_events(7 + KEPT_FOR_DAYS) == 0
    assert forget_old_sign_in_events(8 + KEPT_FOR_DAYS) == 3
    assert AuditEntry.objects.count() == 9


def test_no_clock_makes_comings_and_goings_old(since, ask):
    AuditEntry.objects.create(what="signed_in", at=timezone.now() - timedelta(days=4000))
    for _ in range(3):
        assert forget_old_sign_in_events(400) == 0
    assert AuditEntry.objects.count() == 1


def test_a_confirmed_clock_has_an_entry_with_the_user_and_its_time(client, since, make_user, administrator):
    clock = SetClock()
    run_days = register_run_days(RunDays(clock))
    run_days.tick()
    client.force_login(make_user("mary", "managers"))
    AuditEntry.objects.all().delete()
    client.post("/clock/confirm", REMOTE_ADDR="10.0.0.7")
    assert told() == [], "of a clock that nobody doubts there is nothing to confirm"

    clock.jump(timedelta(days=400))
    client.post("/clock/confirm", REMOTE_ADDR="10.0.0.7")
    entry = AuditEntry.objects.get()
    assert (entry.who, entry.what, entry.address) == ("mary", "clock_confirmed", "10.0.0.7")
    assert entry.details == {"shown": "2027-04-06T09:00:00+00:00", "expected": "2026-03-02T09:00:00+00:00"}
    client.force_login(administrator)
    assert "Confirmed the clock" in client.get(LOG).content.decode()


def test_a_clock_is_not_confirmed_if_the_log_fails(since, administrator):
    run_days = RunDays(clock := SetClock())
    run_days.tick()
    clock.jump(timedelta(days=400))
    with log_refused():
        run_days.confirm_clock(administrator)
    assert run_days.doubt


class TestAdmin:
    def test_who_may_reads_it_and_others_do_not(self, client, since, administrator, make_user):
        AuditEntry.objects.create(who="<b>eve</b>", what="captured", object="capture_1.jpg", details={"a": 1})
        entry = AuditEntry.objects.get()
        client.force_login(administrator)
        page = client.get(LOG).content.decode()
        assert "capture_1.jpg" in page and "<b>eve" not in page
        assert client.get(f"{LOG}{entry.pk}/change/").status_code == 200
        client.force_login(make_user("grace", "managers", is_staff=True))
        assert client.get(LOG).status_code == 403

    def test_nobody_writes_changes_or_deletes_there(self, client, since, administrator):
        entry = AuditEntry.objects.create(who="eve", what="captured")
        client.force_login(administrator)
        AuditEntry.objects.exclude(pk=entry.pk).delete()
        assert client.get(f"{LOG}add/").status_code == 403
        assert client.post(f"{LOG}add/", {"who": "x"}).status_code == 403
        assert client.post(f"{LOG}{entry.pk}/change/", {"who": "x"}).status_code == 403
        assert client.post(f"{LOG}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
        client.post(LOG, {"action": "delete_selected", "_selected_action": [entry.pk], "post": "yes"})
        assert told() == [("eve", "captured", "")]

    def test_the_list_counts_no_further_than_it_must(self, client, since, administrator):
        AuditEntry.objects.bulk_create(AuditEntry(who="eve", what="captured") for _ in range(250))
        client.force_login(administrator)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(LOG, {"what__exact": "captured"}).status_code == 200
        counts = [query["sql"] for query in queries if "COUNT(" in query["sql"] and '"audit"' in query["sql"]]
        assert counts and all(f"LIMIT {BoundedPaginator.MOST + 1}" in sql for sql in counts)
