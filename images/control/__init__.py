"""Who controls the camera: one lease, held by a person, a script or a job. Watching never needs it."""
