"""Alone for a while: with the database away, who was signed in goes on at the camera. Nobody gains a right."""
