"""This PC as one of several instruments: its lease, what it writes of itself, and how it comes and goes."""
