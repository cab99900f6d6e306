"""Stores for the tests: a real one, and one that lies."""

import os
import uuid

import boto3
import pytest
from botocore.config import Config

from images.store.bucket import Bucket
from images.store.client import Store
from images.store.patience import Patience
from images.tests.store.ceph import Gateway, join_cluster, missing_programs
from images.tests.store.lying_store import lying_store

LYING_KEYS = ("liar", "secret-of-the-liar")


@pytest.fixture(scope="session")
def gateway() -> Gateway:
    """The gateway of a real Ceph cluster, one for each run. Skips the test where its programs are absent, unless the
    environment demands them."""
    missing = missing_programs()
    if missing and not os.environ.get("REQUIRE_STORE"):
        pytest.skip(f"Ceph is not installed: no {', '.join(missing)}")
    run_id = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    connection, gateway = join_cluster(run_id)
    with connection:
        yield gateway


@pytest.fixture(scope="session")
def everything(gateway):
    """boto3's own client, for what no part of the program may do."""
    return boto3.client(
        "s3",
        endpoint_url=gateway.endpoint,
        aws_access_key_id=gateway.access_key,
        aws_secret_access_key=gateway.secret_key,
        region_name="us-east-1",
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=20),
    )


@pytest.fixture
def bucket(gateway, everything) -> Bucket:
    """A new bucket in the real store."""
    name = f"b{uuid.uuid4().hex}"
    everything.create_bucket(Bucket=name)
    return Bucket(name, gateway.access_key, gateway.secret_key, gateway.endpoint)


@pytest.fixture
def store(bucket) -> Store:
    return Store(bucket)


@pytest.fixture
def liar():
    with lying_store() as liar:
        yield liar
        assert not liar.was_outwaited


@pytest.fixture
def lying_bucket(liar) -> Bucket:
    return Bucket("pictures", *LYING_KEYS, liar.endpoint)


@pytest.fixture
def make_store(lying_bucket):
    """make_store(patience) returns a store that does not look before it puts, so that the lie is about the put."""

    def make(patience: Patience | None = None) -> Store:
        store = Store(lying_bucket, patience)
        store.looks_first = False
        return store

    return make
