"""The status of the program: what works, and what needs a person. The status page, the report, the API, the metrics and
`doctor` read it."""
