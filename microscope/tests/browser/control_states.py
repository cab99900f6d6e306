"""What the server says of control, so that a page can be shown each state without others who bring it about."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Error, Page, Route

LOOK_AGAIN = "document.dispatchEvent(new Event('visibilitychange'))"


def moment(minutes: float) -> str:
    """Return the time in so many minutes, as the API writes it."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


def holder(name: str = "Ada Lovelace", label: str = "browser") -> dict[str, Any]:
    return {"userId": 3, "name": name, "initials": "AL", "label": label}


def ask(**changes: Any) -> dict[str, Any]:
    asked = {"userId": 5, "name": "Ben Osei", "message": "two pictures", "at": moment(-1), "secondsAgo": 64.0}
    return {**asked, "isMine": False, "place": 1, "inLine": 1, **changes}


def notice(what: str, **changes: Any) -> dict[str, Any]:
    told = {
        "number": 17,
        "what": what,
        "byName": "Grace Hopper",
        "text": "",
        "at": moment(-1),
        "jobId": None,
        "pictureNumber": None,
    }
    return {**told, **changes}


def held(you: dict[str, bool] | None = None, **changes: Any) -> dict[str, Any]:
    """Ada keeps control for 20 minutes, and whoever looks may ask for it. `changes`: what is otherwise."""
    may = {"mayChange": False, "mayAsk": True, "mayTake": False, "mayTakeOver": False, "mayKeepPicture": True}
    state = {
        "state": "held",
        "kind": "person",
        "holder": holder(),
        "isMine": False,
        "isOwn": False,
        "since": moment(-5),
        "until": moment(20),
        "isKept": True,
        "secondsToFree": None,
        "secondsSinceUse": 3.1,
        "isAway": False,
        "note": "focus series",
        "share": True,
        "fence": 7,
        "job": None,
        "ask": None,
        "notice": None,
        "watchers": 3,
        "watcherNames": ["Ada Lovelace", "Ben Osei"],
        "isAlone": False,
        "sentence": "Ada Lovelace controls the camera.",
    }
    return {**state, **changes, "you": {**may, **(you or {})}}


def mine(**changes: Any) -> dict[str, Any]:
    return held({"mayChange": True, "mayAsk": False}, isMine=True, **changes)


def free(**changes: Any) -> dict[str, Any]:
    nobody = {"state": "free", "kind": None, "holder": None, "until": None, "isKept": False, "note": ""}
    return held({"mayChange": True, "mayAsk": False}, **{**nobody, **changes})


class Told:
    """Puts `control` into what the server says of its camera to one page."""

    def __init__(self, page: Page, control: dict[str, Any]) -> None:
        self._page = page
        self._control = control
        page.route("**/api/v1/camera", self._answer)

    def let_be(self, control: dict[str, Any]) -> None:
        """From now on the server says this; the page asks when it likes."""
        self._control = control

    def say(self, control: dict[str, Any]) -> None:
        """From now on the server says this, and the page asks again."""
        self.let_be(control)
        self._page.evaluate(LOOK_AGAIN)

    def _answer(self, route: Route) -> None:
        with suppress(Error):  # the page was closed meanwhile
            answer = route.fetch()
            route.fulfill(response=answer, json={**answer.json(), "control": self._control})


JOB = {"jobId": 41, "name": "Wound 3, HeLa", "state": "running", "secondsToNext": 3600.0}
HELD_BY_JOB = {"kind": "job", "note": "", "job": JOB, "holder": holder(label="job 41")}
UNKEPT = {"isKept": False, "until": None, "note": ""}
