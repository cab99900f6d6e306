"""Keeps people at the camera while the database is away, if they were signed in before. Nobody gets a new right."""
