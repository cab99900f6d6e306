"""Runs one job: takes what is due, notes what was missed, and waits for what hinders it. Only for the thread of the
supervisor."""
