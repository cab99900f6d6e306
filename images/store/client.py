"""The requests to the object store: put, look, read, list. None of them overwrites or deletes anything."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO
from urllib.parse import quote

from images.store.body import Content, FileBody, Pace, measure_bytes, measure_file, size_up_file
from images.store.bucket import Bucket
from images.store.connection import Connection
from images.store.errors import (
    BucketMissing,
    NotAStore,
    ObjectExists,
    ObjectMissing,
    ObjectOfSomebodyElse,
    StoreError,
    StoreWrongBytes,
)
from images.store.objects import ListedObject, ObjectFacts, ObjectReader, StoredObject, read_facts, read_listed
from images.store.patience import Patience

LINK_S = 60
BINARY = "application/octet-stream"


class Store:
    """One bucket. Any thread may call it. Each call makes one attempt, and blocks at most as long as `patience` allows.
    It raises StoreError, or StopRequested once `stop` is set or the store is closed.

    `looks_first`: before each put, ask if there is an object already. It can be False if the store itself refuses to
    overwrite. `sends_md5`: send the MD5 of a file with it, for which the file is read once more. It can be False if the
    store checks the SHA-256, or the signed content. The probe finds out both, and sets them."""

    def __init__(self, bucket: Bucket, patience: Patience | None = None) -> None:
        self.bucket = bucket
        self.looks_first = True
        self.sends_md5 = True
        self.connection = Connection(bucket, patience or Patience())

    def close(self) -> None:
        """Break off all calls."""
        self.connection.close()

    def put_file(
        self,
        key: str,
        file: BinaryIO,
        sha256: str,
        content_type: str = BINARY,
        pace: Pace | None = None,
        stop: threading.Event | None = None,
    ) -> StoredObject:
        """Put an open file, under a lock if the bucket has `lock_days`. `sha256` is the sum that was saved with the
        file: if the file holds other bytes now, nothing is sent. If the same bytes lie there already, that is a
        success. Blocks while the file travels.

        Raises OriginalChanged if the file holds other bytes; ObjectOfSomebodyElse if other bytes lie there; OSError if
        the file cannot be read."""
        stop = stop or threading.Event()
        content = measure_file(file, sha256, stop) if self.sends_md5 else size_up_file(file, sha256)
        body = FileBody(file, pace or Pace(), stop)
        try:
            return self._put(key, content, body, content_type, stop, **self._lock_until())
        except StoreError:
            if body.problem:
                raise body.problem from None
            raise

    def put_bytes(self, key: str, content: bytes, content_type: str = BINARY) -> StoredObject:
        """Put some bytes, without a lock. If the same bytes lie there already, that is a success. Raises
        ObjectOfSomebodyElse if other bytes lie there."""
        return self._put(key, measure_bytes(content), content, content_type, None)

    def check(self) -> None:
        """Check that the bucket exists, and that this account may look at it. Raises BucketMissing, or another
        StoreError."""
        try:
            self.connection.ask("head_bucket")
        except ObjectMissing as problem:
            raise BucketMissing from problem

    def head(self, key: str) -> ObjectFacts:
        """Return what the store says of an object. Raises ObjectMissing, and BucketMissing."""
        try:
            return read_facts(key, self.connection.ask("head_object", key, ChecksumMode="ENABLED"))
        except ObjectMissing:
            # S3 answers 404 for a missing object and for a missing bucket, and HEAD has no body that says which.
            self.check()
            raise

    @contextmanager
    def open_range(
        self, key: str, first: int = 0, last: int | None = None, stop: threading.Event | None = None
    ) -> Iterator[ObjectReader]:
        """Open an object from byte `first` to byte `last`, both included, for reading within the block. Raises
        ObjectMissing."""
        size_bytes = last - first + 1 if last is not None else max(self.head(key).size_bytes - first, 0)
        asked = {"Range": f"bytes={first}-{'' if last is None else last}"} if first or last is not None else {}
        asking = self.connection.asking("get_object", key, size_bytes=size_bytes, stop=stop, **asked)
        with asking as answer, closing(answer["Body"]):
            yield ObjectReader(answer, is_part=bool(asked))

    def read_bytes(self, key: str, max_bytes: int) -> bytes:
        """Return a small object as a whole. Raises ObjectMissing; StoreWrongBytes, if it is larger than it may be."""
        with self.open_range(key) as reader:
            if reader.total_bytes > max_bytes:
                raise StoreWrongBytes(f"The object {key} is larger than any that this program makes.")
            return b"".join(iter(reader.read, b""))

    @contextmanager
    def open_listed(
        self, listed: ListedObject, stop: threading.Event | None = None
    ) -> Iterator[tuple[ObjectFacts, ObjectReader]]:
        """Open a listed object as a whole, for reading within the block. Makes one request: the same answer has the
        facts and the bytes. Raises ObjectMissing."""
        asking = self.connection.asking("get_object", listed.key, size_bytes=listed.size_bytes, stop=stop)
        with asking as answer, closing(answer["Body"]):
            yield read_facts(listed.key, answer), ObjectReader(answer, is_part=False)

    def measure(self, key: str, pace: Pace | None = None, stop: threading.Event | None = None) -> tuple[int, str]:
        """Read a whole object back. Returns its size in bytes and its SHA-256. Blocks while it travels. Raises
        ObjectMissing."""
        digest, size_bytes, pace, stop = hashlib.sha256(), 0, pace or Pace(), stop or threading.Event()
        with self.open_range(key, stop=stop) as reader:
            while block := reader.read():
                pace.wait(len(block), stop)
                digest.update(block)
                size_bytes += len(block)
        return size_bytes, digest.hexdigest()

    def make_link(self, key: str, filename: str, content_type: str = BINARY) -> str:
        """Return an address at which a browser gets the object for a minute, without a sign-in. Makes no request, so
        it does not know if the object is there."""
        shown = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
        asked = {"ResponseContentDisposition": shown, "ResponseContentType": content_type}
        return self.connection.presign(key, LINK_S, **asked)

    def list_objects(self, prefix: str, at_a_time: int = 1000) -> Iterator[ListedObject]:
        """Yield every object whose key begins with this prefix, in the order of the keys."""
        more: dict[str, Any] = {}
        while True:
            answer = self.connection.ask("list_objects_v2", Prefix=prefix, MaxKeys=at_a_time, **more)
            yield from map(read_listed, answer.get("Contents", []))
            if not answer.get("IsTruncated") or not answer.get("NextContinuationToken"):
                return
            more = {"ContinuationToken": answer["NextContinuationToken"]}

    def _put(
        self, key: str, content: Content, body: Any, content_type: str, stop: threading.Event | None, **more: Any
    ) -> StoredObject:
        if self.looks_first and self._is_there(key):
            return self._compare(key, content, stop)
        try:
            described = {"Body": body, **_describe(content, content_type), **more}
            answer = self.connection.ask("put_object", key, size_bytes=content.size_bytes, stop=stop, **described)
        except ObjectExists:
            return self._compare(key, content, stop)
        # A store always sends an ETag for what it took. A plain web server that says 200 to everything does not.
        if not answer.get("ETag"):
            raise NotAStore
        return StoredObject(self._look_again(key, content), is_new=True)

    def _is_there(self, key: str) -> bool:
        try:
            self.connection.ask("head_object", key)
        except ObjectMissing:
            return False
        return True

    def _look_again(self, key: str, content: Content) -> ObjectFacts:
        """Ask the store what it has after it took an object. A success without that would only be a promise. Raises
        StoreWrongBytes if it has another size or sum."""
        facts = self.head(key)
        is_same = (facts.size_bytes, facts.sha256) == (content.size_bytes, content.sha256)
        if not is_same or facts.checked_sha256 not in (None, content.sha256):
            raise StoreWrongBytes("The store took an object, and has another size or sum of it.")
        return facts

    def _compare(self, key: str, content: Content, stop: threading.Event | None) -> StoredObject:
        """Read back the object that is there already, and compare its bytes by their sum. Raises ObjectOfSomebodyElse
        if they differ."""
        # Its metadata prove nothing: whoever put it wrote them.
        facts = self.head(key)
        if facts.size_bytes != content.size_bytes or self.measure(key, stop=stop)[1] != content.sha256:
            raise ObjectOfSomebodyElse(key)
        return StoredObject(facts, is_new=False)

    def _lock_until(self) -> dict[str, Any]:
        if not self.bucket.lock_days:
            return {}
        until = datetime.now(UTC) + timedelta(days=self.bucket.lock_days)
        return {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}


def _describe(content: Content, content_type: str) -> dict[str, Any]:
    """Return size, type and sums for a put. Stores differ in which sum they check, so all are sent. boto3 adds the sum
    that it signs."""
    return {
        "ContentLength": content.size_bytes,
        **({"ContentMD5": content.md5_text} if content.md5 else {}),
        "ChecksumSHA256": content.sha256_text,
        "ContentType": content_type,
        "IfNoneMatch": "*",
        "Metadata": {"sha256": content.sha256},
    }
