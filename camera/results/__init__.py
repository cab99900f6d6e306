"""What the camera hands out: its status, a frame that was taken, a burst."""
