"""The request for an export of a job, and the export that answers it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from images.jobs.export.errors import ExportChoiceMissing
from images.jobs.export.outcomes import Outcome
from images.jobs.plan import Plan
from images.models import Job

AXIS_WORDS = {"p": "position", "c": "channel", "z": "plane"}


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """`chosen` holds the only place along an axis that is exported, from 0. What follows it counts for
    movies."""

    kind: str
    leaves_out_missed: bool = False
    chosen: Mapping[str, int] = field(default_factory=dict)
    has_scale_bar: bool = True
    has_time_stamp: bool = True
    frames_per_s: int = 10

    def require_fitting(self, plan: Plan) -> None:
        """Raise ExportChoiceMissing if it chooses a place that the plan does not have."""
        for axis, place in self.chosen.items():
            count = plan.sizes.get(axis, 1)
            if place >= count:
                word = AXIS_WORDS[axis]
                sentence = f"This job has {count} {word}{'s' if count > 1 else ''}, counted from 0."
                raise ExportChoiceMissing(f"{word}: {sentence}", {word: [sentence]})

    def has_chosen(self, outcome: Outcome) -> bool:
        return all(outcome.slot.index.get(axis, 0) == place for axis, place in self.chosen.items())


@dataclass(frozen=True, slots=True)
class JobExport:
    """An export that is about to be sent. `length_bytes` is None if nobody can know it yet. `stream` makes it."""

    name: str
    length_bytes: int | None
    stream: Callable[[], Iterator[bytes]]


def name_export(job: Job, extension: str, is_simulated: bool = False) -> str:
    """Return a file name of ASCII characters, such as `job_12_Wound_3.zip`."""
    words = "".join(letter if letter.isascii() and letter.isalnum() else " " for letter in job.name).split()
    mark = "SIMULATED_" if is_simulated else ""
    return f"{mark}job_{job.pk}_{'_'.join(words)[:60]}".rstrip("_") + extension
