"""A plan: what a job takes, where and when. Immutable. Slots are computed one by one and never listed."""

import hashlib
import json
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from math import prod
from typing import Any

from images.jobs.plan.parts import Channel, Pacing, StagePosition, Wishes
from images.jobs.plan.planes import Planes
from images.jobs.plan.rounds import TimePlan

# Time, position, channel, z. Grids are not supported yet.
AXES = "tpcz"


@dataclass(frozen=True, slots=True)
class Slot:
    """One picture of a plan. `number` counts from 0. `due`: the time since the first slot was due. `index`: a number
    for each axis that the plan uses. None: the camera stays as it is set. `is_z_relative`: `z_um` is measured from the
    focus at the start, which the job keeps; otherwise it is a position of the stage. `waits_for_user`: somebody must
    first say that plane or position is set."""

    number: int
    round: int
    due: timedelta
    index: Mapping[str, int]
    channel: Channel | None
    exposure_ms: float | None
    gain_db: float | None
    position: StagePosition | None
    z_um: float | None
    is_z_relative: bool
    waits_for_user: bool


@dataclass(frozen=True)
class Plan:
    """Made by `parse_plan`; two plans are equal if they say the same.

    A *slot* is one picture. A *round* is all slots of one time point, which are due together; a plan without a time
    plan is one round. If another axis is slower than time, the whole time plan runs again at each step of that axis,
    one interval after it ended.
    """

    time: TimePlan | None = None
    channels: tuple[Channel, ...] = ()
    positions: tuple[StagePosition, ...] = ()
    planes: Planes | None = None
    axis_order: str = AXES
    wishes: Wishes = field(default_factory=Wishes)
    other_metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Return the length of each used axis, the slowest axis first."""
        sizes = {
            "t": self.time.time_points if self.time else 0,
            "p": len(self.positions),
            "c": len(self.channels),
            "z": self.planes.count if self.planes else 0,
        }
        return {axis: sizes[axis] for axis in self.axis_order if sizes[axis]}

    @cached_property
    def expected(self) -> int:
        """Return the number of slots."""
        return prod(self.sizes.values())

    @cached_property
    def round_size(self) -> int:
        """Return the number of slots in each round."""
        axes = list(self.sizes)
        return prod(self.sizes[axis] for axis in axes[axes.index("t") + 1 :]) if self.time else self.expected

    @property
    def rounds(self) -> int:
        return self.expected // self.round_size

    def round_of(self, number: int) -> int:
        """Return the round of this slot."""
        return self._checked(number) // self.round_size

    def slots_of_round(self, round_number: int) -> range:
        """Return the numbers of the slots in this round."""
        return range(round_number * self.round_size, (round_number + 1) * self.round_size)

    def due_of_round(self, round_number: int) -> timedelta:
        """Return when this round is due, counted from the first slot; exact to the microsecond."""
        if self.time is None:
            return timedelta()
        times, time_point = divmod(round_number, self.time.time_points)
        return times * (self.time.duration + self.time.phases[-1].interval) + self.time.due(time_point)

    def first_round_due_from(self, elapsed: timedelta) -> int:
        """Return the first round that is due at this time or later; `rounds` if there is none."""
        return bisect_left(range(self.rounds), elapsed, key=self.due_of_round)

    @property
    def duration(self) -> timedelta:
        """Return the time from the first slot's due time to the last one's. The last round itself takes longer than
        that."""
        return self.due_of_round(self.rounds - 1)

    @property
    def is_manual(self) -> bool:
        return self.wishes.pacing is Pacing.MANUAL

    @property
    def is_burst(self) -> bool:
        """Return True for a plan of frames of the running stream: no axis but time, and no interval."""
        is_fast = self.time is not None and self.time.is_as_fast_as_it_goes and self.time.time_points > 1
        return is_fast and self.rounds == self.expected == self.sizes["t"] and not self.is_manual and not self.is_sum

    @property
    def is_sum(self) -> bool:
        """Return True if each picture is the exact sum of several frames."""
        return self.wishes.average > 1

    @property
    def image_format(self) -> str | None:
        """Return the format; None if the settings decide it. Bursts and sums are always TIFF."""
        return "tiff" if self.is_burst or self.is_sum else self.wishes.image_format

    def slot(self, number: int) -> Slot:
        """Return this slot. Takes the same time for every number. Raises IndexError if there is no such slot."""
        index = self._index_of(number)
        channel = self.channels[index["c"]] if "c" in index else None
        position = self.positions[index["p"]] if "p" in index else None
        z_um, is_z_relative = self._z_of(index, position)
        return Slot(
            number=number,
            round=number // self.round_size,
            due=self.due_of_round(number // self.round_size),
            index=index,
            channel=channel,
            exposure_ms=channel.exposure_ms if channel else None,
            gain_db=channel.gain_db if channel else self.wishes.gain_db,
            position=position,
            z_um=z_um,
            is_z_relative=is_z_relative,
            waits_for_user=self._waits_for_user(number, index),
        )

    def slots(self, first: int, end: int) -> Iterator[Slot]:
        """Yield the slots from `first` up to, but not including, `end`. Numbers beyond the plan are left out."""
        return map(self.slot, range(max(first, 0), min(end, self.expected)))

    def _checked(self, number: int) -> int:
        if not 0 <= number < self.expected:
            raise IndexError(f"The plan has no slot {number}: it has {self.expected}, from 0.")
        return number

    def _index_of(self, number: int) -> dict[str, int]:
        index = {}
        rest = self._checked(number)
        for axis, size in reversed(self.sizes.items()):
            rest, index[axis] = divmod(rest, size)
        return {axis: index[axis] for axis in AXES if axis in index}

    def _z_of(self, index: Mapping[str, int], position: StagePosition | None) -> tuple[float | None, bool]:
        own_um = position.z_um if position else None
        if self.planes is None:
            return own_um, False
        plane_um = self.planes.at(index["z"])
        if not self.planes.is_relative:
            return plane_um, False
        return (plane_um, True) if own_um is None else (own_um + plane_um, False)

    def _waits_for_user(self, number: int, index: Mapping[str, int]) -> bool:
        if not self.is_manual:
            return False
        before = self._index_of(number - 1) if number else {}
        return any(before.get(axis) != index.get(axis) for axis in "pz")

    def as_json(self) -> dict[str, Any]:
        """Return the plan in useq-schema's words and one notation: seconds, micrometres, no field with a neutral
        value."""
        whole: dict[str, Any] = {"axis_order": self.axis_order}
        if self.time:
            whole["time_plan"] = self.time.as_json()
        if self.positions:
            whole["stage_positions"] = [position.as_json() for position in self.positions]
        if self.channels:
            whole["channels"] = [channel.as_json() for channel in self.channels]
        if self.planes:
            whole["z_plan"] = self.planes.as_json()
        wishes = self._describe_wishes()
        if wishes or self.other_metadata:
            whole["metadata"] = dict(self.other_metadata) | ({"microscope": wishes} if wishes else {})
        return _normalise(whole)

    def as_text(self) -> str:
        """Return the canonical JSON. It is the same for equal plans, also if a database has stored them meanwhile."""
        return json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"))

    @cached_property
    def sha256(self) -> str:
        """Return the SHA-256 of the canonical JSON, in hexadecimal."""
        return hashlib.sha256(self.as_text().encode("ascii")).hexdigest()

    def _describe_wishes(self) -> dict[str, Any]:
        said = self.wishes
        values = {
            "gain": self._describe_gain(),
            "average": said.average if said.average > 1 else None,
            "pacing": said.pacing.value if self.is_manual else None,
            "whenLate": said.when_late and said.when_late.value,
            "giveUpAfter": said.give_up_after and said.give_up_after.total_seconds(),
            "format": said.image_format,
            "quality": said.quality,
            "sample": said.sample or None,
            "note": said.note or None,
        }
        return {name: value for name, value in values.items() if value is not None}

    def _describe_gain(self) -> float | list[float | None] | None:
        gains = [channel.gain_db for channel in self.channels] or [self.wishes.gain_db]
        return gains[0] if len(set(gains)) == 1 else gains


def _normalise(value: Any) -> Any:
    """Return whole numbers as integers: a database that keeps JSON may return 2 for 2.0."""
    # Most parts have one of these types. The other checks cost more.
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: _normalise(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_normalise(part) for part in value]
    return value
