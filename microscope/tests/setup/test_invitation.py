"""The first minutes: who is invited how, and how the set-up goes on at a later start."""

import os
import re
import threading
import webbrowser
from collections import namedtuple

import pytest
from django.contrib.auth import get_user_model

from images.tests.conftest import wait_until
from microscope.setup import invitation
from microscope.setup.door import the_door
from microscope.setup.invitation import Invitation, has_desktop, may_invite
from microscope.setup.steps import the_steps
from microscope.start.startup import Startup
from microscope.tests.setup.conftest import PASSWORD


@pytest.fixture
def invite(data_path):
    """An invitation whose lines and opened addresses are lists."""
    lines, opened = [], []
    made = Invitation("http://localhost:3000", lines.append, opened.append)
    return namedtuple("Invited", "invitation lines opened")(made, lines, opened)


@pytest.mark.parametrize(
    ("wants_browser", "has_terminal", "password", "https", "is_invited"),
    [
        (None, True, "", False, True),
        (None, False, "", False, False),
        (False, False, "", False, True),
        (True, False, "", False, True),
        (True, True, PASSWORD, False, False),
        (True, True, "", True, False),
    ],
)
def test_only_a_start_that_somebody_watches_invites(settings, wants_browser, has_terminal, password, https, is_invited):
    settings.ADMIN_PASSWORD, settings.HTTPS = password, https
    assert may_invite(wants_browser, has_terminal) is is_invited


@pytest.mark.skipif(os.name == "nt", reason="Windows always has a desktop")
@pytest.mark.parametrize(
    ("environment", "is_there"),
    [
        ({}, False),
        ({"DISPLAY": ":0"}, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, True),
        ({"DISPLAY": ":10", "SSH_CONNECTION": "192.0.2.7 1 192.0.2.8 22"}, False),
    ],
)
def test_the_browser_opens_only_where_there_is_a_desktop(environment, is_there):
    assert has_desktop(environment) is is_there


@pytest.mark.parametrize(("kind", "count"), [(webbrowser.BackgroundBrowser, 1), (webbrowser.GenericBrowser, 0)])
def test_a_browser_that_would_take_over_the_terminal_is_not_opened(monkeypatch, kind, count):
    opened = []
    browser = kind("a-browser")
    monkeypatch.setattr(kind, "open", lambda self, address: opened.append(address))
    monkeypatch.setattr(webbrowser, "get", lambda: browser)
    monkeypatch.setattr(invitation, "has_desktop", lambda environment: True)
    invitation.open_if_there_is_a_desktop("http://localhost:3000/")
    wait_until(lambda: len(opened) == count)


def test_the_link_is_printed_and_opened(invite):
    invite.invitation.invite()
    address = invite.lines[1]
    assert re.fullmatch(r"http://localhost:3000/setup/start/[\w-]{43}", address)
    assert invite.opened == [address] and the_door().is_shut
    invite.invitation.go_on(open_anyway=True)
    assert invite.opened == [address], "one page is enough"


def test_a_set_up_that_was_left_goes_on_at_a_later_start(invite):
    invite.invitation.go_on(open_anyway=False)
    assert (invite.lines, invite.opened) == ([], [])
    the_steps().go_to("camera")
    invite.invitation.go_on(open_anyway=False)
    assert invite.lines == ["The set-up is not finished. It goes on at http://localhost:3000/setup/"]
    assert invite.opened == ["http://localhost:3000/setup/"]


def test_whoever_asks_for_the_browser_gets_the_live_page_when_all_is_set_up(invite):
    invite.invitation.go_on(open_anyway=True)
    assert invite.opened == ["http://localhost:3000/"]


def start_and_end(invite) -> None:
    startup = Startup(invite.lines.append, retry_s=0.05, invite=invite.invitation.invite)
    startup.begin()
    startup.end()
    for thread in threading.enumerate():
        if thread.name == "startup":
            thread.join(30)  # it may be counting the run days, and the database is emptied next


@pytest.mark.django_db(transaction=True)
def test_a_start_that_invites_makes_no_administrator_and_the_next_one_invites_again(invite, archive):
    start_and_end(invite)
    start_and_end(invite)
    assert not get_user_model().objects.exists()
    assert len(invite.opened) == 2 and the_door().is_shut
    assert "password" not in invite.lines[-2]


@pytest.mark.django_db(transaction=True)
def test_a_start_with_an_administrator_invites_nobody(invite, archive, administrator):
    start_and_end(invite)
    assert (invite.lines, the_door().is_shut) == ([], False)
