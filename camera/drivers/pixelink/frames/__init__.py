"""How frames come from a Pixelink camera: stream, descriptor, pixel formats."""
