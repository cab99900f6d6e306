"""Brings originals from this PC into the object store. No capture waits for it: the disk is where it becomes safe."""
