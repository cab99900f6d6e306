"""The project as a Django app, for its commands and system checks."""

from datetime import datetime

from django.apps import AppConfig
from django.utils import timezone


class MicroscopeConfig(AppConfig):
    name = "microscope"
    default_auto_field = "django.db.models.BigAutoField"
    started_at: datetime

    def ready(self) -> None:
        from images.roles import is_of_several
        from microscope import audit  # noqa: F401 (connects its signals)
        from microscope.events.bell import the_bell
        from microscope.events.deliverer import WebhookDeliverer, register_webhook_deliverer
        from microscope.metrics import captures  # noqa: F401 (connects its signal)
        from microscope.offline import forgetting  # noqa: F401 (connects its signals)
        from microscope.offline.copy import make_copy, register_copy
        from microscope.start import checks, role_checks  # noqa: F401 (register themselves)
        from microscope.start.memory import collect_only_what_comes

        self.started_at = timezone.now()
        register_copy(make_copy())
        register_webhook_deliverer(WebhookDeliverer(the_bell(), is_shared=is_of_several()))
        collect_only_what_comes()
