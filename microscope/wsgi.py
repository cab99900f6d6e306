"""The WSGI application. Run it in one process only, because that process owns the camera."""

import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from microscope.http.proxy import RootPath

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microscope.settings")

application = RootPath(get_wsgi_application(), settings.ROOT_PATH)
