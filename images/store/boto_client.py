"""Makes boto3's client. Importing this module takes half a second, so only `connection` does, at its first call."""

import socket
import threading
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from boto3.session import Session
from botocore.awsrequest import AWSHTTPConnection, AWSHTTPConnectionPool, AWSHTTPSConnection, AWSHTTPSConnectionPool
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from images.errors import OriginalChanged
from images.store.body import FileBody
from images.store.bucket import Bucket
from images.store.errors import StoreError
from images.store.patience import Patience, current_call

MAX_CONNECTIONS = 10
# boto3 allows many threads to share a client, but its session may be used by only one thread at a time.
_making = threading.Lock()
SIGNED_SUM, KNOWN_SUM = "X-Amz-Content-SHA256", "x-amz-meta-sha256"


def make_client(bucket: Bucket, endpoint: str, patience: Patience) -> Any:
    """Return a client of S3 that many threads may share. It makes one attempt for each call: the caller decides when to
    try again. Raises StoreError."""
    config = Config(
        signature_version="s3v4",
        connect_timeout=patience.connect_s,
        read_timeout=patience.answer_s,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=MAX_CONNECTIONS,
        # Other stores often have no DNS name for each bucket, so the bucket is in the path.
        s3={"addressing_style": "path" if endpoint else "auto", "payload_signing_enabled": True},
        # Newer versions of boto3 add a CRC32 to every request, and older stores refuse it. The program adds its own
        # SHA-256 instead.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        # Otherwise AWS_ENDPOINT_URL in the environment would win over the settings of the program.
        ignore_configured_endpoint_urls=True,
    )
    try:
        with _making:
            client = _the_session().client(
                "s3",
                region_name=bucket.region,
                endpoint_url=endpoint or None,
                aws_access_key_id=bucket.access_key,
                aws_secret_access_key=bucket.secret_key,
                config=config,
            )
    except (BotoCoreError, ValueError) as problem:
        todo = "Correct the settings S3_…, and the variables AWS_… of the environment."
        raise StoreError(f"The store cannot be asked: {type(problem).__name__}.", todo) from problem
    # boto3 has no public setting for the class of its connections. If an upgrade moves this, the tests with stores that
    # send one byte now and then fail.
    client._endpoint.http_session._pool_classes_by_scheme.update(http=_Pool, https=_SecurePool)
    client.meta.events.register("before-send.s3.PutObject", begin_sending)
    return client


@cache
def _the_session() -> Session:
    """Return boto3's session. It keeps the description of S3 that it has read, which takes the half second."""
    return Session()


def begin_sending(request: Any, **_: Any) -> None:
    """Called by boto3 after it has signed a put, before it sends a byte. Raises OriginalChanged if the file holds other
    bytes than those that were saved: then nothing is sent."""
    # boto3 read the whole file for the signature, so this comparison costs no second reading.
    known, signed = (_as_text(request.headers.get(name, "")) for name in (KNOWN_SUM, SIGNED_SUM))
    if known and known != signed:
        raise OriginalChanged(unquote(urlsplit(request.url).path).rpartition("/")[2])
    if isinstance(request.body, FileBody):
        request.body.begin_sending()


def _as_text(value: str | bytes) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else value


class _Watched:
    """A connection that can be broken off by the Call that runs on its thread, also during the TLS handshake."""

    sock: Any

    def _new_conn(self) -> socket.socket:
        # Watch it from here on: the TLS handshake follows, and a store may hang in it too.
        return _watch(super()._new_conn())  # type: ignore[misc]

    def request(self, *args: Any, **named: Any) -> None:
        if self.sock is not None:  # a connection out of the pool: an earlier call has opened it
            _watch(self.sock)
        super().request(*args, **named)  # type: ignore[misc]


def _watch(connected: socket.socket) -> socket.socket:
    if call := current_call():
        call.watch(connected)
    return connected


class _Connection(_Watched, AWSHTTPConnection):
    pass


class _SecureConnection(_Watched, AWSHTTPSConnection):
    pass


class _Pool(AWSHTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(AWSHTTPSConnectionPool):
    ConnectionCls = _SecureConnection
