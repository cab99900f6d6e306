"""The server that browsers of the tests come to, and what tests do to it beside the browser."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from microscope.tests.browser.serve_bench import PASSWORD
from microscope.tests.server_process import ROOT, ServerProcess

EXPOSURE_MS, GAIN_DB = 10, 0
MOST_WATCHERS = 4


class Bench(ServerProcess):
    """`serve` with a camera that can be unplugged, and ada, linus, mary (operators), vera (viewer), grace (manager)."""

    program = ("-m", "microscope.tests.browser.serve_bench")

    def __init__(self, data_path: Path, **environment: str) -> None:
        quiet = {"LIVE_MAX_FPS": "5", "LIVE_MAX_WATCHERS": str(MOST_WATCHERS), "SIMULATED_CAMERA": "colour-2mp"}
        super().__init__(data_path, ADMIN_PASSWORD=PASSWORD, **{**quiet, **environment})
        self.data_path = data_path
        self._environment = {**os.environ, "DATA_PATH": str(data_path), **environment}
        self._tokens: dict[str, str] = {}

    def token(self, person: str = "ada") -> str:
        if person not in self._tokens:
            self._tokens[person] = self.log_in(person, PASSWORD)
        return self._tokens[person]

    def camera(self) -> dict[str, Any]:
        return self.ask("GET", "/api/v1/camera", token=self.token())[1]

    def set_camera(self, **settings: Any) -> None:
        status, answer = self.ask("PATCH", "/api/v1/camera/settings", settings, self.token())
        assert status == 200, answer

    def capture(self, person: str = "ada", **wanted: Any) -> dict[str, Any]:
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

    def manage(self, *command: str) -> str:
        """What a command of manage.py says that runs beside the server; its exit code does not matter."""
        called = [sys.executable, "manage.py", *command]
        return subprocess.run(called, cwd=ROOT, env=self._environment, capture_output=True, text=True).stdout

    def unplug(self) -> None:
        self.tell("unplug")

    def replug(self) -> None:
        self.tell("replug")
