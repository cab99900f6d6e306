"""Invites the person at this PC to set the program up: prints the address, and opens the browser on it."""

import os
import sys
import threading
import webbrowser
from collections.abc import Callable, Mapping

from django.conf import settings

from microscope.setup.door import START, the_door
from microscope.setup.steps import the_steps

Say = Callable[[str], None]


class Invitation:
    """Used by a start that a person watches. `say` prints a line. `open_browser` opens an address, and returns at
    once."""

    def __init__(self, root: str, say: Say, open_browser: Callable[[str], None]) -> None:
        """`root` is the address of the program on this PC, without a slash at its end."""
        self._root = root
        self._say = say
        self._open_browser = open_browser
        self.is_sent = False

    def invite(self) -> None:
        """Shut the door, and show the one-time link. Called in place of making the first administrator."""
        address = f"{self._root}{START}{the_door().shut()}"
        self._say("The program is new. Open this link on this PC to choose the administrator's password:")
        self._say(address)
        self._say("It works until the password is set. Until then nobody else gets in.")
        self._send(address)

    def go_on(self, open_anyway: bool) -> None:
        """If the set-up was interrupted, show the link to its step. `open_anyway`: otherwise open the live page."""
        if self.is_sent:
            return
        if the_steps().is_under_way:
            address = f"{self._root}/setup/"
            self._say(f"The set-up is not finished. It goes on at {address}")
            self._send(address)
        elif open_anyway:
            self._send(f"{self._root}/")

    def _send(self, address: str) -> None:
        self.is_sent = True
        self._open_browser(address)


def may_invite(wants_browser: bool | None, has_terminal: bool) -> bool:
    """Return True if a person watches this start, and can open the link. `wants_browser`: what the command line says of
    the browser; None if nothing."""
    # With HTTPS only, a browser on this PC would be refused, and keep no session.
    return not settings.ADMIN_PASSWORD and not settings.HTTPS and (wants_browser is not None or has_terminal)


def has_desktop(environment: Mapping[str, str]) -> bool:
    """Return True if a browser opened now would be seen by whoever started the program."""
    if "SSH_CONNECTION" in environment or "SSH_TTY" in environment:
        return False
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY"))


def open_if_there_is_a_desktop(address: str) -> None:
    """Open the browser in the background. Does nothing if there is none, or only one that would use the terminal."""
    if has_desktop(os.environ):
        threading.Thread(target=_open, args=(address,), name="opens the browser", daemon=True).start()


def open_nothing(_address: str) -> None:
    """For --no-browser."""


def _open(address: str) -> None:
    try:
        browser = webbrowser.get()
        # Exactly this class is for lynx, w3m and the like, which take over the terminal.
        if type(browser) is not webbrowser.GenericBrowser:
            browser.open(address)
    except (webbrowser.Error, OSError):
        return  # the link is printed, too
