"""This PC as one of several instruments: its lease, and what it writes into its own row."""
