"""What is not tried for a while: others come first."""

import time
from collections.abc import Callable


class LeftOut:
    """Ids of images, each left out for `for_s` after it was added. For one thread."""

    def __init__(self, for_s: float, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._for_s = for_s
        self._monotonic_s = monotonic_s
        self._until_s: dict[int, float] = {}

    def add(self, image_id: int) -> None:
        self._until_s[image_id] = self._monotonic_s() + self._for_s

    def ids(self) -> set[int]:
        """Return those that are still left out."""
        now_s = self._monotonic_s()
        self._until_s = {image_id: until_s for image_id, until_s in self._until_s.items() if until_s > now_s}
        return set(self._until_s)

    def clear(self) -> None:
        self._until_s.clear()

    def __len__(self) -> int:
        return len(self.ids())
