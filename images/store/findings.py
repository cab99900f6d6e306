"""What a probe of the store has found, in sentences."""

from dataclasses import dataclass
from datetime import datetime

from images.store.errors import StoreError

ON, OFF, UNKNOWN = "on", "off", "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """`is_fault`: True if this store must not be the only place of a picture."""

    sentence: str
    is_fault: bool = False


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What one probe found. `problem`: why the store could not be tried out; then the rest is not known. `checks`: the
    sums by which the store refuses bytes that changed on the way. `gives_back`: it returned the bytes that it took.
    `tells_facts`: it tells size and sum of an object. `is_tidy`: the probe could remove its objects. `versioning` and
    `lock`: ON, OFF or UNKNOWN."""

    at: datetime
    took_s: float
    problem: StoreError | None = None
    checks: tuple[str, ...] = ()
    refuses_to_overwrite: bool = False
    gives_back: bool = False
    tells_facts: bool = False
    versioning: str = UNKNOWN
    lock: str = UNKNOWN
    is_tidy: bool = False

    @property
    def may_evict(self) -> bool:
        """Return True if an original that was read back whole from this store may leave the disk of its PC."""
        return self.problem is None and not any(finding.is_fault for finding in list_findings(self))

    @property
    def keeps_what_it_has(self) -> bool:
        """Return True if no put can destroy the bytes of an earlier put. Some stores refuse to overwrite only in
        buckets without versions; in buckets with versions they keep the earlier bytes as an older version."""
        return self.refuses_to_overwrite or self.versioning == ON

    @property
    def verdict(self) -> str:
        """Return the most important finding, in a sentence or two."""
        if self.problem:
            return str(self.problem)
        faults = [finding.sentence for finding in list_findings(self) if finding.is_fault]
        return " ".join(faults) or "It can be relied on."


def list_findings(result: ProbeResult) -> list[Finding]:
    """Return the findings of a probe without `problem`, in one sentence each."""
    checks = " and ".join(result.checks)
    return [
        _judge(result.gives_back, "It gives back what it took.", "It gives back other bytes than it took."),
        _judge(result.tells_facts, "It tells size and sum of an object.", "It tells no size and sum of an object."),
        _judge(
            bool(checks),
            f"It refuses bytes that changed on the way, by {checks}.",
            "It takes bytes that changed on the way.",
        ),
        _describe_overwriting(result),
        Finding(
            {ON: "It keeps versions.", OFF: "It keeps no versions."}.get(result.versioning, "Versions: not known.")
        ),
        Finding({ON: "It can lock objects.", OFF: "It locks no objects."}.get(result.lock, "Object lock: not known.")),
        Finding("The objects of the probe are removed." if result.is_tidy else "The objects of the probe stay there."),
    ]


def _describe_overwriting(result: ProbeResult) -> Finding:
    if result.refuses_to_overwrite:
        return Finding("It refuses to overwrite.")
    kept = "It does not refuse to overwrite, but keeps what was there as an older version."
    return _judge(result.keeps_what_it_has, kept, "It overwrites, although it is asked not to.")


def _judge(is_good: bool, good: str, bad: str) -> Finding:
    return Finding(good if is_good else bad, is_fault=not is_good)
