"""Who did what: told in the log with the deed, and by nobody else than the deed."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.throttling import MOST_BY_NAME_AND_ADDRESS
from images.admin_browsing import BoundedPaginator
from images.bin import bin_image
from images.capture import capture_image
from images.listing import adopt_unlisted, the_registrar
from images.models import Image
from images.signals import library_changed
from images.tests.conftest import keep_image, keep_original, rows_refused, wait_until  # noqa: F401 (fixtures)
from microscope.audit import KEPT_FOR, forget_old_comings_and_goings
from microscope.models import AuditEntry

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]
LOGIN = "/api/v1/auth/login"
LOG = "/admin/microscope/auditentry/"


def told(**facts) -> list[tuple[str, str, str]]:
    """Who, what, to what: oldest first."""
    return list(AuditEntry.objects.filter(**facts).order_by("id").values_list("who", "what", "object"))


@pytest.fixture
def since(operator, administrator):
    """What was told of making these people is not what a test looks at."""
    AuditEntry.objects.all().delete()


@pytest.fixture
def ask(api, operator):
    client = api(operator)
    facts = {"format": "json", "REMOTE_ADDR": "10.0.0.7"}
    return lambda method, address, body=None: getattr(client, method)(address, body, **facts)


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
    first = AuditEntry.objects.earliest("id")
    assert (first.user, first.address, first.image_id) == (operator, "10.0.0.7", image_id)
    assert AuditEntry.objects.get(what="changed").details == {"note": {"before": "", "after": "seen"}}


def test_what_was_refused_is_not_told(ask, since, keep_image, administrator):  # noqa: F811
    image = keep_image(user=administrator)
    AuditEntry.objects.all().delete()
    assert ask("delete", f"/api/v1/images/{image.pk}").status_code == 403
    assert ask("patch", f"/api/v1/images/{image.pk}", {"note": "x"}).status_code == 403
    assert told() == []


def test_what_lies_in_the_bin_already_is_not_told_again(ask, since):
    image_id = ask("post", "/api/v1/camera/capture", {}).json()["imageId"]
    for _ in range(2):
        ask("delete", f"/api/v1/images/{image_id}")
    assert len(told(what="binned")) == 1


def test_what_the_program_does_by_itself_is_nobodys(since, keep_original, archive):  # noqa: F811
    kept, _record = keep_original()
    assert adopt_unlisted(archive) == 1
    assert told() == [("", "adopted", kept.filename)]


@pytest.mark.django_db(transaction=True)
def test_with_the_log_away_a_capture_succeeds_all_the_same(operator, camera):
    with rows_refused("audit"):
        captured = capture_image(by=operator, exposure_ms=2)
    assert captured.image is None and captured.kept.path.exists()
    wait_until(lambda: the_registrar().pending_count == 0)
    assert Image.objects.get().sha256 == captured.kept.sha256
    assert told(image_id=Image.objects.get().pk) == [("", "adopted", captured.kept.filename)]


def test_with_the_log_refusing_nothing_happens_that_it_does_not_tell(since, keep_image, operator):  # noqa: F811
    def refuse(**_):
        raise OSError("the log is full")

    image = keep_image()
    library_changed.connect(refuse)
    try:
        with pytest.raises(OSError, match="the log is full"):
            bin_image(image.pk, operator)
    finally:
        library_changed.disconnect(refuse)
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


def test_a_name_made_to_break_the_log_is_told_cut(client, since):
    client.post("/sign-in", {"username": "x" * 140 + "\n<b>", "password": "wrong"})
    client.post(LOGIN, {"username": "y" * 5000, "password": "wrong"}, content_type="application/json")
    assert [who[:1] + str(len(who)) for who, *_ in told()] == ["x144", "y150"]


def test_attempts_that_only_wait_fill_no_log(client, since):
    for _ in range(3 * MOST_BY_NAME_AND_ADDRESS):
        client.post(LOGIN, {"username": "ada", "password": "wrong"}, content_type="application/json")
    assert len(told()) == MOST_BY_NAME_AND_ADDRESS


def test_a_changed_password_is_told_and_neither_is_shown(client, since, operator):
    client.force_login(operator)
    AuditEntry.objects.all().delete()
    new = "a-much-better-one-7"
    client.post("/profile/password", {"old_password": "ada-password", "new_password1": new, "new_password2": new})
    assert told() == [("ada", "password_changed", "ada")]
    assert AuditEntry.objects.get().details == {}


def test_what_the_admin_does_to_users_is_told(client, since, administrator, operator):
    client.force_login(administrator)
    AuditEntry.objects.all().delete()
    new = {"username": "grace", "usable_password": "true", "password1": "a-better-one-7", "password2": "a-better-one-7"}
    client.post("/admin/accounts/user/add/", new)
    grace = get_user_model().objects.get(username="grace")
    managers = Group.objects.get(name="managers")
    form = {"username": "grace", "is_active": "on", "is_staff": "on", "groups": [managers.pk]}
    form |= {"date_joined_0": "2025-01-16", "date_joined_1": "10:00:00", "initial-date_joined_0": "2025-01-16"}
    assert client.post(f"/admin/accounts/user/{grace.pk}/change/", form).status_code == 302
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


def test_comings_and_goings_are_forgotten_after_a_year_and_deeds_never(since, ask):
    for what in ("signed_in", "sign_in_failed", "signed_out", "captured", "removed", "user_deleted"):
        AuditEntry.objects.create(what=what, at=timezone.now() - KEPT_FOR - timedelta(days=1))
        AuditEntry.objects.create(what=what)
    assert forget_old_comings_and_goings() == 3
    assert AuditEntry.objects.count() == 9


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
        assert counts and all(f"LIMIT {BoundedPaginator.MOST}" in sql for sql in counts)
