"""Numbers for Prometheus: counted as captures end, or read when it asks."""
