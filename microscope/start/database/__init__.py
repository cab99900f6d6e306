"""The database at a start: its address, its file, and its first tables."""
