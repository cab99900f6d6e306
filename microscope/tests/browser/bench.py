"""The server for the browser tests, and what tests do to it without the browser."""

import json
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from microscope.tests.browser.serve_bench import PASSWORD
from microscope.tests.server_process import ServerProcess

EXPOSURE_MS, GAIN_DB = 10, 0
# The settings of a newly opened camera, without exposure and gain.
UPRIGHT = {
    "roi": None,
    "binning": {"x": 1, "y": 1, "mode": "average"},
    "flipHorizontal": False,
    "flipVertical": False,
    "rotation": 0,
    "gamma": 1.0,
    "whiteBalance": {"red": 1, "green": 1, "blue": 1},
}
MAX_WATCHERS = 4
# Their passwords stay what they are.
TAKERS = ("ada", "linus", "grace")
TOKEN_USED_FOR_S = 300
STOPPED_JOB_S = 15


class Bench(ServerProcess):
    """`serve` with a camera that can be unplugged. Users: ada, linus, mary, olga (operators), vera (viewer), grace
    (manager)."""

    program = ("-m", "microscope.tests.browser.serve_bench")

    def __init__(self, data_path: Path, **environment: str) -> None:
        quiet = {"LIVE_MAX_FPS": "2", "LIVE_MAX_WATCHERS": str(MAX_WATCHERS), "SIMULATED_CAMERA": "colour-2mp"}
        super().__init__(data_path, ADMIN_PASSWORD=PASSWORD, **{**quiet, **environment})
        self.data_path = data_path
        self._tokens: dict[str, tuple[str, float]] = {}

    def token(self, person: str = "ada") -> str:
        """Return a token that is valid for some minutes more: the tests take longer than a token lives."""
        token, since_s = self._tokens.get(person, ("", float("-inf")))
        if time.monotonic() - since_s > TOKEN_USED_FOR_S:
            token, since_s = self._tokens[person] = self.log_in(person, PASSWORD), time.monotonic()
        return token

    def camera(self) -> dict[str, Any]:
        return self.ask("GET", "/api/v1/camera", token=self.token())[1]

    def set_camera(self, **settings: Any) -> None:
        status, answer = self.ask("PATCH", "/api/v1/camera/settings", settings, self.token())
        assert status == 200, answer

    def is_steady(self) -> bool:
        """Return whether the camera works, has the settings of the tests and is free, and ada is told of nothing."""
        camera = self.camera()
        settings, control = camera["settings"] or {}, camera["control"]
        in_force = settings.get("exposure"), settings.get("gain")
        has_settings = camera["cause"] is None and in_force == (EXPOSURE_MS, GAIN_DB)
        return has_settings and control["state"] == "free" and control["notice"] is None

    def free_camera(self) -> None:
        """Take control away from whoever has it. A job that was stopped gives it back soon; one that runs keeps it."""
        held, until_s = self.camera()["control"], time.monotonic() + STOPPED_JOB_S
        while held["kind"] == "job" and time.monotonic() < until_s:
            time.sleep(0.1)
            held = self.camera()["control"]
        if held["state"] == "free" or held["kind"] == "job":
            return
        # Whoever holds it takes it back, so that nobody is told of it; else a manager takes it.
        person = held["holder"]["name"] if held["holder"]["name"] in TAKERS else "grace"
        token = self.token(person)
        self.ask("POST", "/api/v1/control/take", {"reason": "the next test"}, token)
        with suppress(json.JSONDecodeError):  # the answer is empty
            self.ask("DELETE", "/api/v1/control", token=token)

    def capture(self, person: str = "ada", **wanted: Any) -> dict[str, Any]:
        status, answer = self.ask("POST", "/api/v1/camera/capture", wanted, self.token(person))
        if status == 409:  # somebody of an earlier test may have control still
            self.free_camera()
            status, answer = self.ask("POST", "/api/v1/camera/capture", wanted, self.token(person))
        assert status == 201, answer
        return answer

    def add_objective(self, name: str) -> dict[str, Any]:
        asked = {"name": name, "magnification": 20}
        status, objective = self.ask("POST", "/api/v1/objectives", asked, self.token("grace"))
        assert status == 201, objective
        return objective

    def calibrate(self, objective_id: str, image_id: int, um_per_pixel: float) -> None:
        asked = {"imageId": image_id, "x1": 100, "y1": 200, "x2": 1100, "y2": 200, "lengthUm": 1000 * um_per_pixel}
        address = f"/api/v1/objectives/{objective_id}/calibrations"
        status, calibration = self.ask("POST", address, asked, self.token("grace"))
        assert status == 201, calibration

    def image(self, image_id: int) -> dict[str, Any]:
        return self.ask("GET", f"/api/v1/images/{image_id}", token=self.token())[1]

    def unplug(self) -> None:
        self.tell("unplug")

    def replug(self) -> None:
        self.tell("replug")

    def share(self) -> None:
        """From soon on the server shares its library with other PCs, until `be_alone`."""
        self.tell("share")

    def be_alone(self) -> None:
        self.tell("be-alone")
