"""Tries out which checks of the store can be relied on. It puts some small objects under `probe/`, and removes them if
the account may do that."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django.utils import timezone

from images.store.body import Content, measure_bytes
from images.store.client import Store
from images.store.errors import (
    NoObjectLock,
    ObjectExists,
    ObjectMissing,
    StoreError,
    StoreRefused,
    StoreUnreachable,
    StoreWrongBytes,
)
from images.store.findings import OFF, ON, UNKNOWN, ProbeResult
from images.store.keys import PROBE

# Of the same length, so that only a sum tells one from the other.
RIGHT, OTHER = b"what was sent: 0123456789", b"what arrives : 9876543210"
SHA256, MD5, SIGNED = "SHA-256", "MD5", "signed content"


def probe_store(store: Store) -> ProbeResult:
    """Try the store out. Blocks for a dozen calls. Raises StopRequested if the store is closed."""
    began_s = time.monotonic()
    trial = _Trial(store)
    found: dict[str, Any] = {}
    try:
        found = trial.run()
    except StoreError as problem:
        found = {"problem": problem}
    is_tidy = trial.tidy_up()
    return ProbeResult(timezone.now(), time.monotonic() - began_s, is_tidy=is_tidy, **found)


class _Trial:
    """One probe, under keys that nobody else uses."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._connection = store.connection
        self._folder = f"{PROBE}{uuid4()}/"
        self._put_objects: list[dict[str, str]] = []
        self._content = measure_bytes(RIGHT)

    def run(self) -> dict[str, Any]:
        """Return the findings by the names of ProbeResult. Raises StoreError if the store refuses a correct object
        too."""
        key = f"{self._folder}right"
        self._put(key, RIGHT, **_sums(self._content), **_condition(), Metadata={"sha256": self._content.sha256})
        return {
            "tells_facts": self._tells_facts(key),
            "gives_back": self._gives_back(key),
            "refuses_to_overwrite": self._refuses_to_overwrite(key),
            "checks": tuple(name for name, trial in self._list_checks() if self._is_refused(name, trial)),
            "versioning": self._read_versioning(),
            "lock": self._read_lock(),
        }

    def tidy_up(self) -> bool:
        """Remove the objects. Returns False if one stays: this account need not have the right to delete."""
        is_tidy = True
        for placed in self._put_objects:
            try:
                self._connection.ask("delete_object", placed["Key"], **_version(placed))
            except StoreUnreachable:
                # Each further request would wait for its whole time-out.
                return False
            except StoreError:
                is_tidy = False
        return is_tidy

    def _tells_facts(self, key: str) -> bool:
        facts = self._store.head(key)
        return (facts.size_bytes, facts.sha256) == (len(RIGHT), self._content.sha256)

    def _gives_back(self, key: str) -> bool:
        with self._store.open_range(key, 5, 7) as part:
            is_part_right = part.read() == RIGHT[5:8] and part.total_bytes == len(RIGHT)
        return is_part_right and self._store.measure(key)[1] == self._content.sha256

    def _refuses_to_overwrite(self, key: str) -> bool:
        try:
            self._put(key, OTHER, **_condition())
        except ObjectExists:
            return self._store.measure(key)[1] == self._content.sha256
        return False

    def _list_checks(self) -> list[tuple[str, Callable[[str], None]]]:
        sums = _sums(self._content)
        return [
            (SHA256, lambda key: self._put(key, OTHER, ChecksumSHA256=sums["ChecksumSHA256"])),
            (MD5, lambda key: self._put(key, OTHER, ContentMD5=sums["ContentMD5"])),
            (SIGNED, lambda key: self._put(key, RIGHT, client=self._make_changing_client())),
        ]

    def _is_refused(self, name: str, put: Callable[[str], None]) -> bool:
        key = f"{self._folder}{name.replace(' ', '-')}"
        try:
            put(key)
        except (StoreWrongBytes, StoreRefused):
            # Some stores answer with an error, and keep the object nevertheless.
            return not self._is_there(key)
        return False

    def _is_there(self, key: str) -> bool:
        try:
            self._store.head(key)
        except ObjectMissing:
            return False
        return True

    def _make_changing_client(self) -> Any:
        """Return a client whose bytes change after they were signed, as if the network damaged them."""
        client = self._connection.make_client(self._store.bucket.endpoint)
        client.meta.events.register("before-send.s3.PutObject", _change_bytes)
        return client

    def _put(self, key: str, body: bytes, **parameters: Any) -> None:
        answer = self._connection.ask("put_object", key, Body=body, **parameters)
        self._put_objects.append({"Key": key, "VersionId": answer.get("VersionId", "")})

    def _read_versioning(self) -> str:
        answer = self._ask_about_bucket("get_bucket_versioning")
        if answer is None:
            return UNKNOWN
        return ON if answer.get("Status") == "Enabled" else OFF

    def _read_lock(self) -> str:
        try:
            answer = self._ask_about_bucket("get_object_lock_configuration")
        except NoObjectLock:
            return OFF
        if answer is None:
            return UNKNOWN
        return ON if answer.get("ObjectLockConfiguration", {}).get("ObjectLockEnabled") == "Enabled" else OFF

    def _ask_about_bucket(self, operation: str) -> dict[str, Any] | None:
        """Ask a question about the bucket. Returns None if this account may not ask it, or if the store does not know
        it."""
        try:
            return self._connection.ask(operation)
        except (StoreRefused, ObjectMissing):
            return None


def _change_bytes(request: Any, **_: Any) -> None:
    request.body = OTHER


def _sums(content: Content) -> dict[str, str]:
    return {"ContentMD5": content.md5_text, "ChecksumSHA256": content.sha256_text}


def _condition() -> dict[str, str]:
    return {"IfNoneMatch": "*"}


def _version(placed: dict[str, str]) -> dict[str, str]:
    return {"VersionId": placed["VersionId"]} if placed["VersionId"] else {}
