"""What the status says of control and of webhooks, to managers and to strangers."""

from datetime import timedelta

import pytest
from django.test import RequestFactory

from images.control.control import Control, register_control, the_control
from images.control.lease import PATIENCE_S, Holder, Kind, Lease, Terms
from images.control.rows import WRITE_EVERY_S
from images.tests.clocks import SetClock
from microscope.events.webhook import Webhook
from microscope.status.groups.control import describe_control, find_lease, read_control
from microscope.status.groups.webhooks import describe_webhooks
from microscope.status.line import FINE, UNKNOWN, WARN, Line
from microscope.status.read import read_status
from microscope.status.report import write_report
from microscope.status.running import Running

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]
ELSEWHERE = Running(is_here=False, health={"status": "ok"})


@pytest.fixture
def clock():
    clock = SetClock()
    register_control(Control(clock))
    yield clock
    register_control(Control())


@pytest.fixture
def ada(make_user):
    user = make_user("ada", "operators", first_name="Ada", last_name="Lovelace")
    return Holder(user.pk, "ada", "Ada Lovelace", Kind.PERSON, "browser")


def read(name: str = "Control") -> Line:
    return {line.name: line for line in read_status(RequestFactory().get("/status/")).lines}[name]


def see_from_outside(clock: SetClock) -> Lease | None:
    return find_lease(ELSEWHERE, clock.now())


def test_it_says_who_controls_the_camera_since_when_until_when_and_what_for(clock, ada):
    assert (read().state, read().now) == ("Free", "Nobody controls the camera")
    since = clock.now()
    the_control().take(ada, Terms(minutes=30, note="focus series"))
    clock.run(timedelta(minutes=1))
    line = read()
    assert (line.level, line.state, line.since) == (FINE, "Held", since)
    assert line.names.startswith("Ada Lovelace controls the camera until ") and line.names.endswith(": focus series.")
    assert line.now.startswith("A person controls the camera until ")
    the_control().release(ada)
    assert read().state == "Free"


def test_without_an_end_it_says_when_it_ends_by_itself(clock, ada):
    the_control().take(ada)
    assert read().now == "A person controls the camera until nothing was changed for 90 s"
    lease = the_control().pass_on(Holder(ada.user_id, "ada", "Ada", Kind.JOB, "job 4", 4), "control_taken", ada)
    assert describe_control(lease).now == "A job controls the camera to the end of its plan"


def test_the_report_says_that_control_is_held_and_names_nobody(clock, ada):
    the_control().take(ada, Terms(minutes=30, note="HeLa of patient 7"))
    report = write_report(read_status(RequestFactory().get("/status/")))
    assert "A person controls the camera until " in report
    assert "Lovelace" not in report and "HeLa" not in report


def test_another_process_reads_what_the_server_wrote_down_and_changes_nothing(clock, ada):
    assert see_from_outside(clock) is None
    the_control().take(ada)
    seen = see_from_outside(clock)
    assert seen and seen.holder.name == "Ada Lovelace"
    # The server writes an end down only when somebody asks.
    clock.run(timedelta(seconds=PATIENCE_S + WRITE_EVERY_S + 1))
    assert see_from_outside(clock) is None
    the_control().take(ada, Terms(minutes=30))
    clock.run(timedelta(minutes=29))
    assert see_from_outside(clock) is not None
    clock.run(timedelta(minutes=2))
    assert see_from_outside(clock) is None


def test_without_a_server_nobody_controls_the_camera(clock, ada):
    the_control().take(ada, Terms(minutes=30))
    (line,) = read_control(Running(is_here=False))
    assert (line.level, line.names) == (UNKNOWN, "")


def make_webhook(name: str, **fields) -> Webhook:
    return Webhook.objects.create(name=name, url="https://lab.example/hook", secret="s" * 32, **fields)


def test_a_webhook_that_fails_is_told_with_since_when_why_and_what_to_do(clock):
    assert (read("Webhooks").level, read("Webhooks").state) == (FINE, "None")
    make_webhook("Notebook")
    assert (read("Webhooks").level, read("Webhooks").now) == (FINE, "Events are delivered to 1 of 1")
    since, problem = clock.now(), "The address answered 500 Internal Server Error."
    make_webhook("Chat", failing_since=since, tries=3, last_problem=problem)
    make_webhook("Mirror", failing_since=since + timedelta(hours=1), last_problem="No answer within 30 s.")
    line = read("Webhooks")
    assert (line.level, line.since) == (WARN, since)
    assert line.now == "Events are delivered to 1 of 3"
    assert line.names == f"Chat: {problem} Mirror: No answer within 30 s."
    assert line.todo.startswith("Look at Webhooks in the admin") and "Nothing is lost" in line.todo
    assert "lab.example" not in line.names


def test_a_webhook_that_is_off_needs_nobody(clock):
    make_webhook("Chat", failing_since=clock.now(), last_problem="No answer.", is_active=False)
    assert describe_webhooks(list(Webhook.objects.active())).level == FINE
