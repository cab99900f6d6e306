"""The application as any WSGI server takes it. One process only: it owns the camera."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microscope.settings")

application = get_wsgi_application()
