"""Django's engine for PostgreSQL. While the server is away, only one thread asks it at a time."""
