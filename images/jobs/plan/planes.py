"""The planes of a z series. A range is never expanded: each plane is computed when it is needed."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Planes:
    """`count` planes from `first_um` upwards to `last_um`, both exact, or those of `listed_um`.

    `is_relative`: measured from the position's z or from the focus at the start. `given` are the plan's own fields.
    """

    count: int
    is_relative: bool
    given: dict[str, Any] = field(hash=False)
    goes_up: bool = True
    first_um: float = 0
    last_um: float = 0
    step_um: float = 0
    listed_um: tuple[float, ...] = ()

    def at(self, number: int) -> float:
        """Return the plane of this number in micrometres. Numbers count from 0, in the order of the visits."""
        place = number if self.goes_up else self.count - 1 - number
        if self.listed_um:
            return self.listed_um[place]
        # The last plane is not computed, so that rounding cannot put it above the top.
        return self.last_um if place == self.count - 1 else self.first_um + place * self.step_um

    @property
    def lowest_um(self) -> float:
        return min(self.listed_um, default=self.first_um)

    @property
    def highest_um(self) -> float:
        return max(self.listed_um, default=self.last_um)

    def as_json(self) -> dict[str, Any]:
        return self.given | ({} if self.goes_up else {"go_up": False})
