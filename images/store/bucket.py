"""The bucket: its name, the address of its store, and the account of the program."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Bucket:
    """`endpoint`: the address of the store; empty for AWS. `public_url`: the address under which browsers reach the
    store, if it is a different one. `lock_days`: for how many days an original is locked; 0: it is not locked.

    The two keys of the account are not in the `repr`, so that no log and no error page shows them."""

    name: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    endpoint: str = ""
    region: str = "us-east-1"
    public_url: str = ""
    lock_days: int = 0
