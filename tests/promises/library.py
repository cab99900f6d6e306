"""A library that uses every column of every table, built through the API, and functions to compare two states of it."""

import json
from dataclasses import dataclass
from typing import Any

from tests.promises.bench import Bench
from tests.promises.databases import Database
from tests.promises.server import PASSWORD, Answer, Client, Server

CAMERA = {"SIMULATED_CAMERA": "mono-small-12bit", "DEFAULT_EXPOSURE": "2"}
OPERATOR, OTHER_OPERATOR, MANAGER = "\u5f20\u4f1f", "Jos\u00e9.N\u00fa\u00f1ez", "bj\u00f6rn@lab"
JOB = "\u00b5 \u4e2d: wound healing, 2\u00aa"
KEY = "picture-7-of-the-plate"
ASKED_UNDER_KEY = {"format": "png", "sample": "asked under a key"}
# The API makes no users, and no job with a chosen number: a shell does.
MAKE_PEOPLE = f"""
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
for name, role in [({OPERATOR!r}, "operators"), ({OTHER_OPERATOR!r}, "operators"), ({MANAGER!r}, "managers")]:
    user, _ = get_user_model().objects.get_or_create(username=name)
    user.is_active = True
    user.set_password({PASSWORD!r})
    user.save()
    user.groups.set(Group.objects.filter(name=role))
"""
MAKE_JOB = f"""
from images.models import Job
print(Job.objects.create(id=41, name={JOB!r}, user=get_user_model().objects.get(username={OPERATOR!r})).pk)
"""

# Columns that no file holds, by table. The database numbers images and users itself; users are compared by lasting id.
NOT_IN_FILES = {
    "images": {"id", "created_at", "is_adopted", "binned_run_day"},
    "jobs": {"created_at", "kind", "state"},
    "objectives": {"created_at", "is_retired"},
    "calibrations": set(),
}
# If a new administrator has the name of a restored user, that user gets another name and keeps the lasting id.
OF_ITS_DATABASE = {"imageId", "user", "userId", "binnedBy", "adopted", "url", "thumbnailUrl", "mayEdit", "mayBin"}
PEOPLE = {"user_id", "binned_by_id", "made_by_id"}

Row = dict[str, Any]


@dataclass
class Library:
    """The users of the library, each with a client of the same server."""

    bench: Bench
    administrator: Client
    operator: Client
    other_operator: Client
    manager: Client

    def capture(self, by: Client, key: str | None = None, **asked: Any) -> Row:
        answer = by.ask("POST", "/api/v1/camera/capture", asked, key=key)
        by.ask("DELETE", "/api/v1/control")  # the next one is somebody else's
        assert answer.status == 201, answer.content
        self.bench.note(answer.body)
        return answer.body

    def fill(self, job_id: int) -> None:
        """Capture in every format, without and with a scale, and make every later change that the program offers."""
        images = self._capture_with_all_that_can_be_said(job_id)
        self._remove_for_good(images.pop())
        self._change(images)
        self._calibrate_and_capture()
        self.capture(self.operator, KEY, **ASKED_UNDER_KEY)

    def _capture_with_all_that_can_be_said(self, job_id: int) -> list[Row]:
        kept = []
        for number, image_format in enumerate(("jpg", "png", "tiff", "jpg", "png", "tiff")):
            by = (self.operator, self.other_operator, self.administrator)[number // 2]
            said = {"sample": "\u00b5-slide \u7d30\u80de", "note": f'5 \u00b5m "beads"\n\u00e9\u00df\u2603 <{number}>'}
            where = {"xPosition": number * 1.25, "yPosition": -3, "zPosition": 0.001}
            asked = {**said, **where, "jobId": job_id} if number % 2 else {}
            kept.append(self.capture(by, format=image_format, exposure=2 + number, gain=number / 2, **asked))
        return kept

    def _remove_for_good(self, image: Row) -> None:
        self.administrator.must("POST", "/api/v1/images/bin", {"ids": [image["imageId"]]})
        self.administrator.must("POST", "/api/v1/images/bin/empty")
        self.bench.given_up.add(image["filename"])

    def _change(self, images: list[Row]) -> None:
        """Change images, some as their owner and some as a manager who never captured."""
        addresses = [f"/api/v1/images/{image['imageId']}" for image in images]
        self.operator.must("PATCH", addresses[0], {"sample": "foie \u809d\u81d3", "note": "said later \U0001f52c"})
        self.operator.must("PATCH", addresses[0], {"xPosition": 12.5, "zPosition": -7})
        self.manager.must("PATCH", addresses[1], {"note": "", "xPosition": None})
        self.manager.must("POST", "/api/v1/images/bin", {"ids": [image["imageId"] for image in images[2:4]]})
        self.other_operator.must("POST", f"{addresses[3]}/restore")

    def _calibrate_and_capture(self) -> None:
        """Capture through an objective without a calibration, and through one that is calibrated twice."""
        uncalibrated = self.add_objective("4x", magnification=4)
        self.choose(uncalibrated)
        self.capture(self.operator, format="tiff")
        calibrated = self.add_objective("Plan Apo \u03bb 20\u00d7", magnification=20, numericalAperture=0.75)
        self.choose(calibrated)
        micrometer = self.capture(self.other_operator, format="png", note="stage micrometer")
        self.calibrate(calibrated, micrometer, 100.0)
        for image_format in ("jpg", "tiff"):
            self.capture(self.operator, format=image_format)
        self.calibrate(calibrated, micrometer, 101.5)
        for image_format in ("png", "tiff"):
            self.capture(self.other_operator, format=image_format)

    def add_objective(self, name: str, **fields: float) -> str:
        return self.manager.must("POST", "/api/v1/objectives", {"name": name, **fields})["id"]

    def choose(self, objective: str | None) -> None:
        self.operator.must("PATCH", "/api/v1/camera/settings", {"objective": objective})
        self.operator.must("DELETE", "/api/v1/control")

    def calibrate(self, objective: str, image: Row, length_um: float) -> None:
        line = {"x1": 10, "y1": 20, "x2": 310, "y2": 21, "lengthUm": length_um}
        address = f"/api/v1/objectives/{objective}/calibrations"
        self.manager.must("POST", address, {"imageId": image["imageId"], **line})


def build_library(bench: Bench, server: Server) -> Library:
    """Build the library on a server where the administrator is signed in."""
    made = bench.manage("shell", "--verbosity=0", "-c", MAKE_PEOPLE + MAKE_JOB)
    clients = [Client(server.port).log_in(name) for name in (OPERATOR, OTHER_OPERATOR, MANAGER)]
    library = Library(bench, server.client, *clients)
    library.fill(int(made))
    return library


def bring_people_back(bench: Bench) -> None:
    """Activate the restored users, as an administrator does in the admin after a rebuild."""
    bench.manage("shell", "--verbosity=0", "-c", MAKE_PEOPLE)


def ask_again(server: Server) -> Answer:
    """Repeat the captures under their keys, like a client that lost the answer."""
    return Client(server.port).log_in(OPERATOR).ask("POST", "/api/v1/camera/capture", ASKED_UNDER_KEY, key=KEY)


def rows_in(database: Database) -> dict[str, list[Row]]:
    """Return every column of the library's rows that files hold too."""
    people = {row["id"]: str(row["lasting_id"]).replace("-", "") for row in database.table("accounts_user")}
    images = {row["id"]: row["filename"] for row in database.table("images")}
    found = {name: [tell(row, name, people, images) for row in database.table(name)] for name in NOT_IN_FILES}
    return {name: sorted(rows, key=lambda row: str(row.get("filename", row.get("id")))) for name, rows in found.items()}


def tell(row: Row, table: str, people: dict[int, str], images: dict[int, str]) -> Row:
    told = {name: value for name, value in row.items() if name not in NOT_IN_FILES[table]}
    told |= {name: people.get(told[name]) for name in PEOPLE & set(told)}
    if table == "calibrations":
        told["image_id"] = images.get(row["image_id"])
    if isinstance(told.get("metadata"), str):
        told["metadata"] = json.loads(told["metadata"])
    return told


def told_by(client: Client) -> dict[str, Row]:
    """Return every image and calibration as the API describes them."""
    images = client.images() + client.images("&binned=true")
    told = {image["filename"]: without(image, OF_ITS_DATABASE) for image in images}
    for image in told.values():
        image["calibration"] = image["calibration"] and without(image["calibration"], {"imageId", "madeBy"})
    for objective in client.get("/api/v1/objectives")["results"]:
        calibrations = client.get(f"/api/v1/objectives/{objective['id']}/calibrations")["results"]
        told |= {one["id"]: without(one, {"imageId", "madeBy"}) for one in calibrations}
    return told


def without(row: Row, names: set[str]) -> Row:
    return {name: value for name, value in row.items() if name not in names}
