"""What is well, and what needs somebody: read by the status page, the report, the API, the metrics and `doctor`."""
