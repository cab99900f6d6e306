"""Promise 13: a picture is always somewhere, whole. Two instruments and two libraries, as four processes on one
database and a real store, live through a bad week; in the end the store alone gives the whole library again."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from images.store.bucket import Bucket
from images.tests.store.ceph import Cluster, Gateway
from tests.promises.databases import Database, own_database
from tests.promises.server import Client
from tests.promises.several import Node, download, places, soon

pytestmark = [pytest.mark.on_postgresql, pytest.mark.long]

# What no object says: numbers that the database gives, and when a row was made or its object looked at.
OF_THE_DATABASE = {"id", "created_at", "is_adopted", "binned_run_day", "key_run_day", "idempotency_key"}
OF_THE_DATABASE |= {"user_id", "binned_by_id", "job_id", "stored_at", "verified_at", "evicted_at", "wanted_at", "place"}


class Week:
    """The four nodes, and every picture that was ever promised, by its number."""

    def __init__(self, folder: Path, database: Database, bucket: Bucket) -> None:
        self.database = database
        self.bucket = bucket
        self.inverted, self.upright = (self._node(folder / name, "instrument") for name in ("inverted", "upright"))
        self.library, self.other_library = (self._node(folder / name, "library") for name in ("library", "other"))
        self.nodes = [self.inverted, self.upright, self.library, self.other_library]
        self.sums: dict[str, str] = {}

    def _node(self, folder: Path, role: str) -> Node:
        node = Node(folder, self.database, self.bucket, role)
        node.is_to_be_prepared = False
        return node

    def begin(self) -> None:
        for node in self.nodes:
            node.run_node()

    def capture(self, client: Client, **asked: Any) -> dict[str, Any]:
        kept = client.must_capture(**asked)
        self.sums[kept["filename"]] = kept["sha256"]
        return kept

    def ask(self, node: Node) -> Client:
        return node.server.client

    def wait_until_stored(self) -> None:
        library = self.ask(self.library)
        soon(lambda: len(library.images()) == len(self.sums) and "local" not in places(library).values())

    def assert_whole(self, *nodes: Node) -> None:
        """Every picture that was promised comes from each of these nodes, byte for byte."""
        for node in nodes:
            client = self.ask(node)
            found = {one["filename"]: one["imageId"] for one in client.images()}
            assert found.keys() == self.sums.keys()
            for filename, sha256 in self.sums.items():
                assert hashlib.sha256(download(client, found[filename])).hexdigest() == sha256, (node.name, filename)

    def close(self) -> None:
        for node in self.nodes:
            node.close()


@pytest.fixture
def cluster(tmp_path_factory):
    """A cluster of this test's own: its gateway is killed."""
    folder = tmp_path_factory.mktemp("c")
    cluster = Cluster(folder)
    try:
        yield cluster, cluster.start()
    finally:
        cluster.end()


@pytest.fixture
def week(tmp_path, cluster):
    bucket = make_bucket(cluster[1])
    with own_database(tmp_path) as database:
        database.make_tables()
        week = Week(tmp_path, database, bucket)
        try:
            week.begin()
            yield week
        finally:
            week.close()


def make_bucket(gateway: Gateway) -> Bucket:
    from boto3 import client

    keys = {"aws_access_key_id": gateway.access_key, "aws_secret_access_key": gateway.secret_key}
    client("s3", endpoint_url=gateway.endpoint, region_name="us-east-1", **keys).create_bucket(Bucket="microscope")
    return Bucket("microscope", gateway.access_key, gateway.secret_key, gateway.endpoint)


def test_a_bad_week(week, cluster, tmp_path):
    inverted, upright = week.ask(week.inverted), week.ask(week.upright)
    library, other_library = week.ask(week.library), week.ask(week.other_library)
    kept = [
        week.capture(client, format=one, sample="HeLa") for client in (inverted, upright) for one in ("jpg", "tiff")
    ]
    week.wait_until_stored()
    week.assert_whole(week.library, week.other_library, week.upright)

    # The network of one instrument is off. It captures on; nobody waits, and nothing is lost.
    week.inverted.pull_network()
    for _ in range(2):
        answer = inverted.capture(format="tiff")
        assert answer.status == 201 and answer.headers["X-Offline"] == "1", answer.content
        week.sums[answer.body["filename"]] = answer.body["sha256"]
    assert inverted.ask("GET", "/api/v1/images").status == 503
    week.inverted.plug_network()
    week.wait_until_stored()

    # The store is killed and comes back, in the middle of pictures.
    for _ in range(2):
        week.capture(upright, format="tiff")
    cluster[0].restart_gateway()
    week.capture(upright, format="jpg")
    week.wait_until_stored()
    week.assert_whole(week.library)

    # The same note is written at two nodes, by people who both saw the older one.
    first = f"/api/v1/images/{kept[0]['imageId']}"
    assert library.ask("PATCH", first, {"note": "first", "revision": 0}).status == 200
    assert other_library.ask("PATCH", first, {"note": "second", "revision": 0}).body["code"] == "edit_conflict"
    assert inverted.must("PATCH", first, {"note": "third", "revision": 1})["note"] == "third"
    soon(lambda: library.ask("PATCH", first, {"note": "fourth", "revision": 2}).status == 200)

    # One PC dies with pictures that only it has. Its disk comes into the other one.
    week.upright.store_cable.pull_out()
    only_there = [week.capture(upright, format="tiff") for _ in range(2)]
    week.upright.server.kill()
    answer = library.ask("GET", f"/api/v1/images/{only_there[0]['imageId']}/file")
    assert (answer.status, answer.body["code"], answer.body["instrument"]["name"]) == (409, "not_here_yet", "upright")
    # The lease of the dead process ends by itself within half a minute.
    said = week.inverted.manage("adopt", str(week.upright.data_path))
    assert "2 originals sent" in said
    week.wait_until_stored()
    week.assert_whole(week.library, week.inverted)

    # Originals leave the first one's disk, once they were read back, and are read as before.
    week.database.change_beside(
        "UPDATE images SET captured_at = captured_at - interval '90 days', stored_at = stored_at - interval '2 days', "
        "verified_at = now() WHERE instrument_id = (SELECT id FROM instruments WHERE name = 'inverted')"
    )
    week.inverted.server.kill()
    inverted = week.inverted.run_node(KEEP_LOCAL_DAYS="30")
    soon(lambda: inverted.ask("POST", "/api/v1/storage/evict", {"olderThanDays": 30}).status == 200)
    soon(lambda: "store" in places(library).values())
    assert len(week.inverted.originals()) < 4
    week.assert_whole(week.library, week.inverted)

    # In the end, the store alone gives the whole library again.
    before = week.database.table("images")
    with own_database(tmp_path) as empty:
        again = Node(tmp_path / "again", empty, week.bucket, "library")
        again.is_to_be_prepared = False
        empty.make_tables()
        try:
            again.manage("rebuild", "--from-store")
            assert_same(before, empty.table("images"))
            again.run_node()
            week.assert_whole(again)
        finally:
            again.close()


def assert_same(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    """Field by field, record by record, but for what the database itself gives."""
    found, expected = ({row["record_id"]: row for row in rows} for rows in (after, before))
    assert found.keys() == expected.keys()
    for record_id, row in expected.items():
        wanted = {name: value for name, value in row.items() if name not in OF_THE_DATABASE}
        # Its time of capture was set back in the rows, to let it leave the disk.
        wanted.pop("captured_at")
        assert {name: found[record_id][name] for name in wanted} == wanted
