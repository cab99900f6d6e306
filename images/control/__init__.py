"""Control of the camera: one lease, held by a person, a script or a job. Nobody needs it to watch."""
