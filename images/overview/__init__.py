"""The state of all instruments of a library, from their rows."""
