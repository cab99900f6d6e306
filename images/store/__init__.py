"""The object store: bytes that leave this PC, and come back whole. It knows neither rows nor folders."""
