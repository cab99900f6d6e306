"""Which bucket, where it is, and who asks."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Bucket:
    """`endpoint`: empty for AWS. `public_url`: the address under which browsers reach the store, if it is another.
    `lock_days`: how long an original is locked; 0 for not at all. The keys never show."""

    name: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    endpoint: str = ""
    region: str = "us-east-1"
    public_url: str = ""
    lock_days: int = 0
