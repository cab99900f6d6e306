"""The calls about control of the camera."""
