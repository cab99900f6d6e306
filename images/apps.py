"""The library app: builds the archive from the settings. Touches no disk before its first use."""

from typing import TYPE_CHECKING, cast

from django.apps import AppConfig, apps
from django.conf import settings

from images.archive import Archive

if TYPE_CHECKING:
    from images.idempotency import OnceOnly
    from images.listing import Registrar
    from images.optics import Optics
    from images.thumbnails import Thumbnails


class ImagesConfig(AppConfig):
    name = "images"
    default_auto_field = "django.db.models.BigAutoField"
    archive: Archive
    thumbnails: "Thumbnails"
    registrar: "Registrar"
    optics: "Optics"
    once_only: "OnceOnly"

    def ready(self) -> None:
        # These modules import models, which exist only now.
        from images import removal  # noqa: F401 (connects its signals)
        from images.idempotency import OnceOnly
        from images.listing import Registrar
        from images.optics import Optics
        from images.thumbnails import Thumbnails

        self.archive = Archive(
            settings.IMAGE_SAVE_PATH, settings.MINIMUM_FREE_MB * 10**6, settings.DATA_PATH / "archive-folder.txt"
        )
        self.thumbnails = Thumbnails(settings.DATA_PATH / "thumbnails", self.archive)
        self.registrar = Registrar(self.archive)
        self.optics = Optics()
        self.once_only = OnceOnly()


def the_library() -> ImagesConfig:
    """Archive, thumbnails, registrar and optics of this process."""
    return cast(ImagesConfig, apps.get_app_config("images"))
