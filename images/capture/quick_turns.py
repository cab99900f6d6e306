"""How Python shares its time among threads while a burst is kept."""

import gc
import sys

# A thread waits up to so long until another one gives up Python's lock (the GIL). To write a frame takes a dozen such
# waits: with the usual 5 ms, the writers stand still while a group gets its rows.
TURN_S, USUAL_TURN_S = 0.0005, sys.getswitchinterval()


class QuickTurns:
    """From its making until `end`, threads get their turn sooner."""

    def __init__(self) -> None:
        sys.setswitchinterval(TURN_S)
        # Frames leave thousands of objects behind, so Python soon looks for circles among all objects of the program.
        # That stops all threads for some hundredths of a second. Those that are there now are left out until the end.
        self._freezes = not gc.get_freeze_count()
        if self._freezes:
            gc.freeze()

    def end(self) -> None:
        sys.setswitchinterval(USUAL_TURN_S)
        if self._freezes:
            gc.unfreeze()
