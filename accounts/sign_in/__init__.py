"""Signing in through the API: JWTs, their exchange, and the calls."""
