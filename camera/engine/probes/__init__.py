"""Trials that find out when a frame was exposed, and when a trial is worth its frames."""
