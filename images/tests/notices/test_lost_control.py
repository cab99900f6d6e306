"""Whoever loses control to somebody else is told by e-mail, over a real mail server on this computer."""

from datetime import timedelta

import pytest

from images.control.control import Control, register_control, the_control
from images.control.hand_over import take_over
from images.control.lease import Holder, Kind, Terms
from images.models import Delivery
from images.notices import lost_control
from images.notices.deliverer import Deliverer
from images.tests.clocks import SetClock
from images.tests.conftest import rows_refused
from images.tests.jobs import Bench, time_lapse
from images.tests.notices.letters import look_until, make_deliverer, states
from microscope.models import AuditEntry

pytestmark = pytest.mark.django_db(transaction=True)
CONTROL, SETTINGS = "/api/v1/control", "/api/v1/camera/settings"


@pytest.fixture(autouse=True)
def clock(db):
    clock = SetClock()
    register_control(Control(clock))
    return clock


@pytest.fixture(autouse=True)
def mails_to_users_alone(mails, settings):
    settings.JOB_EMAIL_TO = []


@pytest.fixture
def user(make_user):
    return make_user("ada", "operators", email="ada@home.example", first_name="Ada", last_name="Lovelace")


@pytest.fixture
def ada(camera, archive, api, user):
    return api(user)


@pytest.fixture
def ben(camera, archive, api, make_user):
    return api(make_user("ben", "operators", email="ben@home.example", first_name="Ben", last_name="Osei"))


@pytest.fixture
def grace(camera, archive, api, make_user):
    return api(make_user("grace", "managers", first_name="Grace", last_name="Hopper"))


def keep_control(client, label: str = "night_scan.py") -> None:
    assert client.post(CONTROL, {"label": label, "minutes": 60}, format="json").status_code == 201


def take(client, reason: str = "") -> None:
    assert client.post(f"{CONTROL}/take", {"reason": reason}, format="json").status_code == 201


def deliver(clock) -> None:
    look_until(make_deliverer(clock), lambda: not Delivery.objects.waiting())


def test_who_loses_control_to_a_manager_reads_by_whom_and_why(mails, clock, ada, grace):
    keep_control(ada)
    take(grace, "sample change")
    deliver(clock)
    ((recipients, message),) = mails.mails
    assert recipients == ["ada@home.example"]
    assert message["From"] == "microscope@lab.example"
    assert message["Subject"] == "Grace Hopper took control of the camera: sample change"
    text = message.get_content()
    assert "Your script night_scan.py had it, and must stop." in text
    assert "2026-03-02 09:00:00 UTC" in text
    assert states() == [("delivered", 1)]


def test_who_was_away_when_an_ask_had_no_answer_is_told(mails, clock, ada, ben):
    keep_control(ada)
    ben.post(f"{CONTROL}/ask", {}, format="json")
    for _ in range(2):
        clock.run(timedelta(seconds=61))
        ada.patch(CONTROL, {"label": "night_scan.py"}, format="json")
    clock.run(timedelta(seconds=20))
    take(ben)
    deliver(clock)
    assert [message["Subject"] for _, message in mails.mails] == ["Ben Osei took control of the camera"]


def test_who_changed_nothing_for_long_when_somebody_asks_is_told(mails, clock, client, user, ada, ben):
    client.force_login(user)
    body = {"label": "browser", "minutes": 60}
    assert client.post(CONTROL, body, "application/json").status_code == 201
    for _ in range(8):
        clock.run(timedelta(seconds=80))
        client.get("/api/v1/camera", headers={"X-Page-In-Sight": "1"})
    assert ben.post(f"{CONTROL}/ask", {}, format="json").status_code == 202
    deliver(clock)
    ((recipients, message),) = mails.mails
    assert recipients == ["ada@home.example"]
    assert "You had it on your page." in message.get_content()


@pytest.mark.usefixtures("camera")
def test_who_loses_the_control_of_a_job_reads_what_became_of_it(mails, archive, tmp_path, user, grace):
    bench = Bench(archive, tmp_path, clock := SetClock())
    register_control(Control(clock))
    bench.make(user, time_lapse(6), name="Wound 3")
    bench.run_for(minutes=1, seconds=30)
    take(grace, "sample change")
    bench.run_for(minutes=1)
    deliver(clock)
    ((recipients, message),) = mails.mails
    assert recipients == ["ada@home.example"]
    assert "Your job Wound 3 had it. It is paused, and goes on when you continue it." in message.get_content()
    bench.supervisor._lock.release()


def test_who_lets_control_go_is_told_nothing(clock, ada, ben):
    keep_control(ada)
    ben.post(f"{CONTROL}/ask", {}, format="json")
    ada.post(f"{CONTROL}/answer", {"give": True}, format="json")
    ben.delete(CONTROL)
    ada.patch(SETTINGS, {"exposure": 7}, format="json")
    clock.run(timedelta(seconds=100))
    assert ben.patch(SETTINGS, {"exposure": 8}, format="json").status_code == 200
    assert not Delivery.objects.exists()


def test_who_takes_their_own_back_is_told_nothing(ada):
    keep_control(ada, "night_scan.py")
    take(ada)
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("name", ["EMAIL_HOST", "DEFAULT_FROM_EMAIL"])
def test_without_e_mail_there_are_no_rows(settings, ada, grace, name):
    setattr(settings, name, "")
    keep_control(ada)
    take(grace, "sample change")
    assert not Delivery.objects.exists()


def test_without_an_address_of_the_user_there_are_no_rows(user, ada, grace):
    user.email = ""
    user.save()
    keep_control(ada)
    take(grace, "sample change")
    assert not Delivery.objects.exists()


def test_whoever_is_told_about_jobs_is_told_nothing_of_it(mails, settings, box, clock, ada, grace):
    settings.JOB_EMAIL_TO, settings.JOB_WEBHOOK_URL = ["lab@lab.example"], box.url
    keep_control(ada)
    take(grace, "sample change")
    deliver(clock)
    assert [recipients for recipients, _ in mails.mails] == [["ada@home.example"]]
    assert box.letters == []


def test_a_subject_is_one_line_whatever_it_holds(mails, clock, ada, api, make_user):
    eve = make_user("eve", "managers", first_name="Eve\r\nBcc: all@lab.example", last_name="\u2028Hat")
    keep_control(ada)
    take(api(eve), "<b>now</b>")
    deliver(clock)
    ((recipients, message),) = mails.mails
    assert recipients == ["ada@home.example"]
    assert message["Subject"] == "Eve Bcc: all@lab.example Hat took control of the camera: <b>now</b>"
    assert message["Bcc"] is None


def test_a_mail_server_that_is_not_well_is_asked_again(mails, clock, ada, grace):
    mails.greeting = "554 not today"
    keep_control(ada)
    take(grace, "sample change")
    deliverer = make_deliverer(clock)
    look_until(deliverer, lambda: "not today" in Delivery.objects.get().detail)
    mails.greeting = "220 sink"
    clock.run(timedelta(minutes=1))
    look_until(deliverer, lambda: states() == [("delivered", 2)])


def test_what_waits_is_given_up_once_e_mail_is_not_set_up_any_more(clock, settings, ada, grace):
    keep_control(ada)
    take(grace, "sample change")
    settings.EMAIL_HOST = ""
    make_deliverer(clock).look()
    assert states() == [("given_up", 0)]


def test_its_thread_runs_also_if_nobody_is_told_about_jobs(ada, grace):
    deliverer = Deliverer(lambda: None)
    keep_control(ada)
    take(grace, "sample change")
    deliverer.start()
    assert deliverer._rounds.thread is not None
    deliverer.end(patience_s=20)
    assert states() == [("delivered", 1)]


def test_what_could_not_be_written_down_is_told_later_and_once(mails, clock, user, make_user):
    control, ada, grace = the_control(), as_holder(user), as_holder(make_user("grace", "managers"))
    control.take(ada, Terms(minutes=60))
    with rows_refused("job_deliveries"):
        take_over(control, grace, "sample change", is_manager=True, instead_of=None)
        assert control.current().holder == grace
    assert not Delivery.objects.exists()
    control.renew(grace, note="now the database is back")
    control.release(grace)
    deliver(clock)
    assert [message["Subject"] for _, message in mails.mails] == ["grace took control of the camera: sample change"]


def as_holder(user) -> Holder:
    return Holder(user.pk, user.username, user.display_name, Kind.PERSON, "browser")


def test_control_passes_on_whatever_fails_in_telling_of_it(ada, grace, monkeypatch, caplog):
    monkeypatch.setattr(lost_control, "describe_facts", lambda *_: 1 / 0)
    keep_control(ada)
    take(grace, "sample change")
    assert grace.patch(SETTINGS, {"exposure": 7}, format="json").status_code == 200
    assert "cannot be told who took control" in caplog.text
    assert AuditEntry.objects.filter(what="control_taken_over").exists()
