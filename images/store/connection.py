"""The connection to the store: boto3, with a deadline for each call, and errors named by cause."""

import importlib.util
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from images.archive.paced_reader import StopRequested
from images.store.bucket import Bucket
from images.store.errors import StoreNotInstalled
from images.store.patience import Call, Patience

PACKAGE = "boto3"


def is_installed() -> bool:
    """Return True if boto3 is installed. Does not import it."""
    return importlib.util.find_spec(PACKAGE) is not None


class Connection:
    """Makes requests to the store. Opens and imports nothing before the first one. Any thread may call it."""

    def __init__(self, bucket: Bucket, patience: Patience) -> None:
        self.bucket = bucket
        self.patience = patience
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._clients: dict[str, Any] = {}

    def close(self) -> None:
        """Break off every call, also those to come: they raise StopRequested."""
        self._closing.set()

    def ask(self, operation: str, key: str = "", **more: Any) -> dict[str, Any]:
        """Like `asking`, for an answer without a body."""
        with self.asking(operation, key, **more) as answer:
            return answer

    @contextmanager
    def asking(
        self,
        operation: str,
        key: str = "",
        size_bytes: int = 0,
        stop: threading.Event | None = None,
        client: Any = None,
        **parameters: Any,
    ) -> Iterator[dict[str, Any]]:
        """Ask for an operation of S3, by boto3's name for it. Within the block the body of the answer can be read.
        `size_bytes`: how many bytes travel, which the deadline allows for. Blocks at most as long as the patience
        allows. Raises StoreError, and StopRequested once `stop` is set."""
        client = client or self.find_client(self.bucket.endpoint)
        from images.store.causes import NamedBody, errors_named

        named = {"Key": key} if key else {}
        with Call(self.patience.whole_s(size_bytes), stop, self._closing) as call:
            if call.is_stopped:
                raise StopRequested
            with errors_named(call, key, "ObjectLockMode" in parameters):
                answer = getattr(client, operation)(Bucket=self.bucket.name, **named, **parameters)
            if "Body" in answer:
                answer["Body"] = NamedBody(answer["Body"], call, key)
            yield answer

    def presign(self, key: str, seconds: int, **parameters: Any) -> str:
        """Return an address at which anybody gets the object for so many seconds. Makes no request."""
        client = self.find_client(self.bucket.public_url or self.bucket.endpoint)
        asked = {"Bucket": self.bucket.name, "Key": key, **parameters}
        return client.generate_presigned_url("get_object", asked, ExpiresIn=seconds)

    def find_client(self, endpoint: str) -> Any:
        """Return the client for this address, made once. Raises StoreError."""
        with self._lock:
            if endpoint not in self._clients:
                self._clients[endpoint] = self.make_client(endpoint)
            return self._clients[endpoint]

    def make_client(self, endpoint: str) -> Any:
        if not is_installed():
            raise StoreNotInstalled
        # It imports boto3, which takes half a second and some memory. A PC without a store never gets here.
        from images.store.boto_client import make_client

        return make_client(self.bucket, endpoint, self.patience)
