"""SQLite as this program uses it: Django's own engine, which gives up a connection that failed."""
