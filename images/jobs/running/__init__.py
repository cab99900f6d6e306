"""Carries out one job: what is due now, what was missed, and what hinders it. Runs on the thread of the supervisor."""
