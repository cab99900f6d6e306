"""Django's admin of the library. Importing it registers the tables."""

from images.admin import images, instruments, notices  # noqa: F401
