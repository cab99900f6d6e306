"""What is watched while a job runs: the clock, the disk, the camera, and its settings."""
