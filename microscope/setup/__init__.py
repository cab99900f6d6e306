"""The first minutes: a one-time link for the password, and four pages up to the first picture."""
