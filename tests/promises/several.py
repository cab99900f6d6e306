"""Several nodes on one database and one store: instruments with a stand-in camera, and libraries. Each is a process."""

import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from images.store.bucket import Bucket
from microscope.tests.relay import Relay
from tests.promises.bench import Bench
from tests.promises.databases import Database
from tests.promises.server import Client, Server

SECRET = "one-secret-key-for-all-nodes-of-this-library-0123456789"
FRAME = {"width": 640, "height": 480}


class Node(Bench):
    """One node: its own data folder, and its own cables to the database and to the store."""

    def __init__(self, folder: Path, database: Database, bucket: Bucket, role: str) -> None:
        folder.mkdir()
        super().__init__(folder, database)
        self.name = folder.name
        self.role = role
        self.database_cable = Relay(urlsplit(database.url).port or 5432)
        self.store_cable = Relay(urlsplit(bucket.endpoint).port or 80)
        self._settings = {
            "MICROSCOPE_ROLE": role,
            "INSTRUMENT_NAME": self.name if role == "instrument" else "",
            "CAMERA_DRIVER": "pixelink" if role == "instrument" else "",
            "SECRET_KEY": SECRET,
            "DATABASE_URL": _through(database.url, self.database_cable),
            "S3_ENDPOINT": f"http://127.0.0.1:{self.store_cable.port}",
            "S3_BUCKET": bucket.name,
            "S3_ACCESS_KEY": bucket.access_key,
            "S3_SECRET_KEY": bucket.secret_key,
        }

    def run_node(self, **more: str) -> Client:
        """Start the program, and sign in. Returns who asks it."""
        plan: dict[str, Any] | None = {"standin": {}} if self.role == "instrument" else None
        server = self.start(plan, **self._settings, **more)
        server.wait_until(lambda: server.client.health()["checks"]["database"] == "ok")
        return self.sign_in(server).client

    @property
    def server(self) -> Server:
        return self.servers[-1]

    def pull_network(self) -> None:
        self.database_cable.pull_out()
        self.store_cable.pull_out()

    def plug_network(self) -> None:
        self.database_cable.plug_in()
        self.store_cable.plug_in()

    def close(self) -> None:
        super().close()
        self.database_cable.close()
        self.store_cable.close()


def places(client: Client) -> dict[int, str]:
    """Return where each picture is, by its id, as this node says."""
    return {image["imageId"]: image["place"] for image in client.images()}


def download(client: Client, image_id: int) -> bytes:
    answer = client.ask("GET", f"/api/v1/images/{image_id}/file")
    assert answer.status == 200, answer.content[:500]
    return answer.content


def soon(is_so: Any, within_s: float = 240.0) -> None:
    until_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < until_s, "it did not come to be"
        time.sleep(0.05)


def _through(url: str, cable: Relay) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.username}@127.0.0.1:{cable.port}").geturl()
