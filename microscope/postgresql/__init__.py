"""Django's engine for PostgreSQL, which asks a server that is away only once at a time."""
