"""Puts bytes into the object store, and reads them back. This room knows neither rows nor folders."""
