"""Stores for the tests: a real one, and one that lies."""

import json
import os
import uuid
from dataclasses import replace

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


@pytest.fixture
def careful_bucket(bucket, gateway, everything) -> Bucket:
    """The bucket in the real store, for an account that may put, read and list, and delete nothing."""
    account = f"u{uuid.uuid4().hex[:8]}"
    gateway.administer(
        *("user", "create", f"--uid={account}", "--display-name=Lab", f"--access-key={account}"),
        "--secret-key=secret-of-the-lab",
    )
    allowed = ["s3:PutObject", "s3:GetObject", "s3:ListBucket"]
    everywhere = [f"arn:aws:s3:::{bucket.name}", f"arn:aws:s3:::{bucket.name}/*"]
    may = {"Effect": "Allow", "Principal": {"AWS": [f"arn:aws:iam:::user/{account}"]}}
    policy = {"Version": "2012-10-17", "Statement": [{**may, "Action": allowed, "Resource": everywhere}]}
    everything.put_bucket_policy(Bucket=bucket.name, Policy=json.dumps(policy))
    return replace(bucket, access_key=account, secret_key="secret-of-the-lab")
