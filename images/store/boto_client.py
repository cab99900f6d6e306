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
# Many threads may share a client, but only one at a time may make one.
_making = threading.Lock()
SIGNED_SUM, KNOWN_SUM = "X-Amz-Content-SHA256", "x-amz-meta-sha256"


def make_client(bucket: Bucket, endpoint: str, patience: Patience) -> Any:
    """Return a client of S3 that many threads may share. It makes one attempt for each call: whoever asks decides when
    to try again. Raises StoreError."""
    config = Config(
        signature_version="s3v4",
        connect_timeout=patience.connect_s,
        read_timeout=patience.answer_s,
        retries={"total_max_attempts": 1, "mode": "standard"},
        max_pool_connections=MAX_CONNECTIONS,
        # Only AWS has a host name for each bucket everywhere.
        s3={"addressing_style": "path" if endpoint else "auto", "payload_signing_enabled": True},
        # Older stores refuse sums that they do not know. The program names its own.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
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
    # No public setting chooses the class of the connections. The tests with stores that drip hold this.
    client._endpoint.http_session._pool_classes_by_scheme.update(http=_Pool, https=_SecurePool)
    client.meta.events.register("before-send.s3.PutObject", begin_sending)
    return client


@cache
def _the_session() -> Session:
    """Return boto3's session, which remembers what it has read of S3."""
    return Session()


def begin_sending(request: Any, **_: Any) -> None:
    """boto3 has just summed up what it signs. Send nothing if the file holds other bytes than those that were saved."""
    known, signed = (_as_text(request.headers.get(name, "")) for name in (KNOWN_SUM, SIGNED_SUM))
    if known and known != signed:
        raise OriginalChanged(unquote(urlsplit(request.url).path).rpartition("/")[2])
    if isinstance(request.body, FileBody):
        request.body.begin_sending()


def _as_text(value: str | bytes) -> str:
    return value.decode("ascii") if isinstance(value, bytes) else value


class _Watched:
    """A connection that the call of its thread can break off, at each of its steps."""

    sock: Any

    def _new_conn(self) -> socket.socket:
        # As soon as it is there: the handshake of TLS comes after this.
        return _watch(super()._new_conn())  # type: ignore[misc]

    def request(self, *args: Any, **named: Any) -> None:
        if self.sock is not None:  # it has served an earlier call
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
