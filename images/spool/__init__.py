"""Sends originals from this PC into the object store. No capture waits for this: an original is safe once it is on the
disk."""
