"""Django's admin of the project. Importing it registers the tables."""

from microscope.admin import audit, people, tokens  # noqa: F401
from microscope.events import admin as webhooks  # noqa: F401
