"""The project: settings, addresses, errors, permissions and the server. It connects the apps. No app imports it."""

# The only place. pyproject, the command line, pages, API and records read it from here.
VERSION = "0.1.0"
