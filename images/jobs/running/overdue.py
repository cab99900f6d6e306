"""Finds rounds of a plan that can no longer be taken."""

from datetime import datetime

from images.jobs.grid import Grid
from images.jobs.running.ledger import Ledger


def miss_overdue_rounds(grid: Grid, ledger: Ledger, now: datetime, reason: str, detail: str) -> None:
    """Note a gap for the slots of these rounds, with the reason that hindered them. Does nothing if the next round can
    still be taken."""
    plan = grid.plan
    if ledger.next_slot >= plan.expected:
        return
    first = plan.round_of(ledger.next_slot)
    following = grid.first_open_round(now, first)
    if following > first:
        # From the next slot on, not from the first of its round: a round may be half taken.
        slots = range(ledger.next_slot, plan.slots_of_round(following - 1).stop)
        until = grid.ends_at(following - 1) or now
        ledger.miss(slots, reason, grid.due_at(first), until, detail)
