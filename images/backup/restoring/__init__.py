"""Brings a backup back, and tries out whether that works."""
