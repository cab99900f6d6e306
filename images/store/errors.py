"""What can go wrong with the object store, named by cause. No sentence names the bucket, its address or an account:
sentences are in reports that strangers read."""

from images.errors import LibraryError


class StoreError(LibraryError):
    """The root of the family. `todo`: what a person can do, in a sentence; empty if the program goes on by itself."""

    code = "store_error"
    todo = "See what the store's own log says."

    def __init__(self, message: str, todo: str = "") -> None:
        super().__init__(message)
        self.todo = todo or type(self).todo


class StoreNotInstalled(StoreError):
    """The package that speaks to stores is not installed."""

    code = "store_not_installed"
    todo = "Run pip install -r requirements-s3.txt in the program's environment, and start the program again."

    def __init__(self) -> None:
        super().__init__("S3_BUCKET is set, and the package boto3 is not installed.")


class StoreUnreachable(StoreError):
    """The store gives no whole answer in time. Whether it has done what it was asked is not known."""

    code = "store_unreachable"
    todo = "See that the store runs, that the network is there, and that S3_ENDPOINT is right."


class NotAStore(StoreError):
    """The server at this address does not speak S3."""

    code = "not_a_store"
    todo = "Correct S3_ENDPOINT: it is the address of the S3 gateway, not that of its web page."

    def __init__(self) -> None:
        super().__init__("The server at this address is no S3 store.")


class StoreRefused(StoreError):
    """The store refuses this account: its keys are wrong or have expired, or may not do this."""

    code = "store_refused"
    todo = "Correct S3_ACCESS_KEY and S3_SECRET_KEY, or give this account the right to read and write in the bucket."


class BucketMissing(StoreError):
    """There is no such bucket."""

    code = "bucket_missing"
    todo = "Make the bucket, or correct S3_BUCKET. The program makes none by itself."

    def __init__(self) -> None:
        super().__init__("The store has no bucket of this name.")


class NoObjectLock(StoreError):
    """Objects are to be locked, and the bucket cannot lock them."""

    code = "no_object_lock"
    todo = "Set S3_LOCK_DAYS=0, or make a new bucket with object lock: in many stores it cannot be switched on later."

    def __init__(self) -> None:
        super().__init__("The bucket has no object lock.")


class StoreFull(StoreError):
    """The store, the bucket or the account has reached its quota."""

    code = "store_full"
    todo = "Make room in the store, or raise the quota of the bucket."

    def __init__(self) -> None:
        super().__init__("The store is full, or the quota is reached.")


class StoreBusy(StoreError):
    """The store asks for fewer requests, or has a passing fault. `retry_after_s`: when to try again."""

    code = "store_busy"
    todo = "Wait, then try again. If it stays so, see the store's own log, and that S3_ENDPOINT is its S3 gateway."

    def __init__(self, message: str, retry_after_s: float) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class StoreWrongBytes(StoreError):
    """The store has, got or gave other bytes than it should."""

    code = "store_wrong_bytes"
    todo = "Look for a fault in the network or in the store. The picture stays where it was."


class ObjectMissing(StoreError):
    """The store has no object under this key."""

    code = "object_missing"
    todo = "Look for it in the store's own log. If a copy is elsewhere, put it there again."

    def __init__(self, key: str) -> None:
        super().__init__(f"The store has no object {key}.")
        self.key = key


class ObjectExists(StoreError):
    """An object lies under this key already. It does not leave this room: the client compares the bytes."""

    code = "object_exists"

    def __init__(self, key: str) -> None:
        super().__init__(f"Under {key} the store has an object already.")


class ObjectOfSomebodyElse(StoreError):
    """Other bytes lie under this key already. They are never overwritten."""

    code = "object_of_somebody_else"
    todo = "Look who else writes into this bucket. The object there is left as it is."

    def __init__(self, key: str) -> None:
        super().__init__(f"Under {key} the store has other bytes already.")
        self.key = key


class ClocksDiffer(StoreError):
    """The store refuses signatures, because its clock and that of this PC are too far apart."""

    code = "clocks_differ"
    todo = "Set the clock of this PC, or that of the store."
