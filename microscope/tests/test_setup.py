"""The first minutes: who is invited how, what the four steps show and do, and how the set-up goes on later."""

import os
import re
import threading
import webbrowser
from collections import namedtuple
from html import unescape
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from images.models import Image
from images.pages.display_fields import DASH
from images.tests.conftest import wait_until
from microscope.setup import disks, invitation, places
from microscope.setup.disks import Disk, measure, read_mounts
from microscope.setup.door import the_door
from microscope.setup.invitation import Invitation, has_desktop, may_invite
from microscope.setup.steps import the_steps
from microscope.start.startup import Startup

PASSWORD = "a-long-secret-word"


@pytest.fixture
def data_path(settings, tmp_path) -> Path:
    settings.DATA_PATH = tmp_path
    settings.IMAGE_SAVE_PATH = tmp_path / "images"
    yield tmp_path
    the_door().open()


@pytest.fixture
def invite(data_path):
    """An invitation whose lines and opened addresses are lists."""
    lines, opened = [], []
    made = Invitation("http://localhost:3000", lines.append, opened.append)
    return namedtuple("Invited", "invitation lines opened")(made, lines, opened)


@pytest.fixture
def newcomer(data_path, archive, camera, db) -> Client:
    """A browser that has come in by the link and has set the password."""
    client = Client()
    client.post(f"/setup/start/{the_door().shut()}", {"username": "admin", "password": PASSWORD})
    return client


def words(response) -> str:
    """Return the text of the page without markup."""
    main = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


# The invitation


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


# The password


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


# The way through


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


# Where pictures go


def test_the_page_says_where_pictures_go_and_how_many_fit(newcomer, data_path, monkeypatch):
    monkeypatch.setattr(places, "list_disks", list)
    shown = words(newcomer.get("/setup/pictures/"))
    assert f"{data_path / 'images'}" in shown
    assert re.search(r"[\d.]+ [MGT]B free", shown) and re.search(r"[\d.]+ [kMG]B/s, [\d,]+ pictures", shown)
    assert "a test picture of the simulated camera, which was not kept" in shown
    assert list((data_path / "images").glob(".try-*")) == [] and not Image.objects.exists()


def test_other_disks_show_the_line_of_env_or_why_not(newcomer, tmp_path, monkeypatch, settings):
    settings.MINIMUM_FREE_MB = 1
    monkeypatch.setattr(places, "_holds", lambda root, folder: False)
    other = tmp_path / "second disk"
    other.mkdir()
    found = [Disk(other), Disk(Path("/mnt/nas"), is_network=True), Disk(tmp_path / "gone")]
    monkeypatch.setattr(places, "list_disks", lambda: found)
    page = newcomer.get("/setup/pictures/")
    assert f"IMAGE_SAVE_PATH={other / 'Microscope'}" in words(page)
    assert "On the network: it can vanish while a picture is written." in words(page)
    assert "It cannot be written: No such file or directory." in words(page)
    assert list(other.iterdir()) == []


def test_a_disk_that_is_too_small_says_why(tmp_path):
    assert measure(tmp_path, reserve_bytes=10**15).why_not.startswith("Too small: ")


def test_a_disk_that_gives_back_something_else_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(disks, "MAX_BLOCKS", 1)
    monkeypatch.setattr(disks.os, "fsync", lambda number: os.lseek(number, 0, 0) or os.write(number, b"another"))
    assert "gives back something else" in measure(tmp_path, 0).why_not
    assert list(tmp_path.iterdir()) == []


def test_how_many_pictures_fit_is_unknown_without_a_camera(newcomer, drivers, monkeypatch, camera):
    camera.close()
    monkeypatch.setattr(places, "list_disks", list)
    assert f"{DASH} pictures" in words(newcomer.get("/setup/pictures/"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such file")
def test_disks_are_read_from_the_list_of_mounts(tmp_path):
    spaced = tmp_path / "my disk"
    spaced.mkdir()
    place = str(spaced).replace(" ", "\\040")
    text = (
        f"/dev/sda1 {tmp_path} ext4 rw 0 0\n/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 {place} ext4 rw,nosuid 0 0\n"
        f"/dev/loop3 {tmp_path} squashfs rw 0 0\n/dev/sr0 {tmp_path} iso9660 ro 0 0\ntmpfs /run tmpfs rw 0 0\n"
        f"nas:/lab {tmp_path} nfs4 rw 0 0\n/dev/sdc1 {tmp_path / 'no folder'} ext4 rw 0 0\n"
    )
    assert list(read_mounts(text)) == [Disk(tmp_path), Disk(spaced), Disk(tmp_path, is_network=True)]


# The camera


def test_the_page_names_the_simulated_camera_and_says_why(newcomer, camera):
    camera.limits()
    shown = words(newcomer.get("/setup/camera/"))
    assert "No camera was found The settings ask for the simulated camera." in shown
    assert "Simulated camera SIMULATED" in shown


def test_the_page_reads_again_while_no_camera_answers(newcomer, drivers, camera):
    camera.limits()
    drivers[-1].unplug()
    wait_until(lambda: camera.status().cause is not None)
    page = newcomer.get("/setup/camera/")
    assert 'data-waiting="true"' in page.content.decode()
    assert "No camera answers" in words(page) and "this list reads again every 2 s" in words(page)
    assert "Go on without a camera" in words(page) and "Use this camera" not in words(page)


# The first picture


def test_the_first_picture_is_taken_by_the_usual_way_and_read_again(newcomer):
    assert "Take the first picture" in words(newcomer.get("/setup/picture/"))
    assert newcomer.post("/setup/picture/")["Location"] == "/setup/picture/"
    shown = words(newcomer.get("/setup/picture/"))
    image = Image.objects.get()
    assert "The first picture is safe" in shown and "Written, read again, unchanged." in shown
    assert image.filename in shown and re.search(r"Took [\d.]+ s", shown)


def test_a_picture_that_differs_on_disk_is_not_called_safe(newcomer, archive):
    newcomer.post("/setup/picture/")
    path = archive.path_of(Image.objects.get().filename)
    path.write_bytes(path.read_bytes()[:-2] + b"!!")
    shown = words(newcomer.get("/setup/picture/"))
    assert "The picture differs" in shown and "safe" not in shown


def test_a_picture_that_is_gone_is_told(newcomer, archive):
    newcomer.post("/setup/picture/")
    archive.path_of(Image.objects.get().filename).unlink()
    shown = words(newcomer.get("/setup/picture/"))
    assert "is missing from the archive" in shown and "safe" not in shown


def test_a_picture_that_cannot_be_taken_is_told_on_the_page(newcomer, camera):
    camera.close()
    page = newcomer.post("/setup/picture/")
    assert page.status_code == 503
    assert "The program is ending." in words(page) and "Take the picture" in words(page)


def test_looking_again_opens_the_camera_anew_and_comes_back_to_the_page(newcomer, camera, drivers):
    camera.limits()
    assert newcomer.post("/setup/camera/look")["Location"] == "/setup/camera/"
    wait_until(lambda: len(drivers) == 2)
