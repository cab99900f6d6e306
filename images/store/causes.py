"""Turns what boto3 raises into errors that are named by cause."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError
from urllib3.exceptions import HTTPError

from images.archive.paced_reader import StopRequested
from images.store.errors import (
    BucketMissing,
    ClocksDiffer,
    NoObjectLock,
    NotAStore,
    ObjectExists,
    ObjectMissing,
    StoreBusy,
    StoreError,
    StoreFull,
    StoreRefused,
    StoreUnreachable,
    StoreWrongBytes,
)
from images.store.patience import Call

USUAL_RETRY_S, MAX_RETRY_S = 5.0, 3600.0

FULL = {
    *("QuotaExceeded", "InsufficientStorage", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "507"),
    *("ServiceQuotaExceededException", "TooManyBuckets"),
}
BUSY = {
    *("SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "TooManyRequests", "Throttling"),
    *("XMinioServerNotInitialized", "429", "500", "502", "503", "504"),
}
WRONG_BYTES = {
    *("BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch", "IncompleteBody"),
    "ContentSHA256Mismatch",
}
EXPIRED = {"ExpiredToken", "TokenRefreshRequired", "InvalidToken"}
WRONG_KEYS = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSecurity"}
OTHER_REGION = {
    *("PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"),
    *("301", "307"),
}
NO_LOCK = "ObjectLockConfigurationNotFoundError"
# Somebody else has put an object there: earlier, or at the same moment.
EXISTS = {"PreconditionFailed", "ConditionalRequestConflict", "412"}


@contextmanager
def errors_named(call: Call, key: str, has_lock: bool) -> Iterator[None]:
    """Within the block, an error of boto3 becomes a StoreError, or StopRequested if the call was told to stop.
    `has_lock`: True if the request asks for an object lock."""
    try:
        yield
    except (boto.BotoCoreError, boto.ClientError, ResponseParserError, HTTPError) as problem:
        if call.is_stopped:
            raise StopRequested from problem
        if call.is_late:
            raise StoreUnreachable(f"The store gave no whole answer within {call.within_s:.0f} s.") from problem
        raise name_cause(problem, key, has_lock) from problem
    # No error yet does not mean a whole answer: a connection that the deadline broke off ends like one that the store
    # closed at the end of its answer.
    if call.is_late:
        raise StoreUnreachable(f"The store gave no whole answer within {call.within_s:.0f} s.")


class NamedBody:
    """The body of an answer. An error while it is read is named by cause, too."""

    def __init__(self, body: Any, call: Call, key: str) -> None:
        self._body = body
        self._call = call
        self._key = key

    def read(self, most: int) -> bytes:
        with errors_named(self._call, self._key, has_lock=False):
            return self._body.read(most)

    def close(self) -> None:
        self._body.close()


def name_cause(problem: Exception, key: str, has_lock: bool) -> StoreError:
    """Return the StoreError for this error of boto3."""
    if isinstance(problem, boto.ClientError):
        return _name_answer(problem, key, has_lock)
    if isinstance(problem, boto.SSLError):
        todo = "If the lab has an authority of its own, name its file in AWS_CA_BUNDLE, in the environment."
        return StoreUnreachable("The certificate of the store is not trusted.", todo)
    if isinstance(problem, boto.EndpointConnectionError | boto.ConnectTimeoutError):
        return StoreUnreachable("The store does not answer.")
    if isinstance(problem, boto.ReadTimeoutError):
        return StoreUnreachable("The store gave no answer in time.")
    if isinstance(problem, boto.ProxyConnectionError):
        return StoreUnreachable("The proxy before the store does not answer.", "Correct HTTPS_PROXY or NO_PROXY.")
    if isinstance(problem, ResponseParserError):
        return NotAStore()
    return StoreUnreachable("The connection to the store broke off.")


def code_of(problem: boto.ClientError) -> str:
    """Return S3's word for the cause, or the HTTP status as text if the answer has no body."""
    return str(problem.response.get("Error", {}).get("Code", ""))


def status_of(problem: boto.ClientError) -> int:
    return int(problem.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _name_answer(problem: boto.ClientError, key: str, has_lock: bool) -> StoreError:
    code, status = code_of(problem), status_of(problem)
    if code == "RequestTimeTooSkewed":
        return ClocksDiffer(f"The clocks of this PC and of the store differ{_describe_difference(problem)}.")
    if code in FULL or status == 507:
        return StoreFull()
    if code in WRONG_BYTES:
        return StoreWrongBytes("The store got other bytes than were sent.")
    if code == "NoSuchBucket":
        return BucketMissing()
    if code in EXISTS:
        return ObjectExists(key)
    # A bucket without object lock refuses a put with a lock by this general code. Without a lock it means anything.
    if code == NO_LOCK or (has_lock and code == "InvalidRequest"):
        return NoObjectLock()
    if code in ("NoSuchKey", "404"):
        return ObjectMissing(key)
    if code == "EntityTooLarge" or status == 413:
        return StoreRefused("The object is larger than the store takes.", "Raise the store's limit for one object.")
    # 501 is not a passing fault: the store does not know the request, and will not know it later.
    if code in BUSY or (status >= 500 and status != 501):
        return StoreBusy("The store is busy, or has a passing fault.", _read_retry_s(problem))
    return _name_refusal(code, status)


def _name_refusal(code: str, status: int) -> StoreError:
    if code in EXPIRED:
        return StoreRefused("The keys of this account have expired.", "Set new S3_ACCESS_KEY and S3_SECRET_KEY.")
    if code in WRONG_KEYS:
        return StoreRefused("The store does not know these keys.")
    if code in OTHER_REGION or status in (301, 307):
        return StoreRefused("The bucket is in another region.", "Correct S3_REGION, or S3_ENDPOINT.")
    if status in (401, 403):
        return StoreRefused("This account may not do this.")
    return StoreRefused(f"The store refuses the request ({code or status}).", "See what the store's own log says.")


def _read_retry_s(problem: boto.ClientError) -> float:
    """Return after how many seconds the store wants to be asked again, at most MAX_RETRY_S."""
    try:
        asked_s = float(_headers(problem).get("retry-after", USUAL_RETRY_S))
    except ValueError:  # a date: it is only of use if both clocks agree
        return USUAL_RETRY_S
    # "nan" is a number for `float`, and the only one that differs from itself.
    return min(max(asked_s, 0.0), MAX_RETRY_S) if asked_s == asked_s else USUAL_RETRY_S


def _describe_difference(problem: boto.ClientError) -> str:
    try:
        there = parsedate_to_datetime(_headers(problem).get("date", ""))
        behind = there.astimezone(UTC) - datetime.now(UTC)
    except (TypeError, ValueError):
        return ""
    minutes = abs(behind) // timedelta(minutes=1)
    return f": the store's is {minutes} min {'ahead' if behind > timedelta(0) else 'behind'}" if minutes else ""


def _headers(problem: boto.ClientError) -> dict[str, Any]:
    return problem.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
