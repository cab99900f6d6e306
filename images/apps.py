"""The library app: builds the archive from the settings. Touches no disk before its first use."""

from typing import TYPE_CHECKING, cast

from django.apps import AppConfig, apps
from django.conf import settings

from images.archive import Archive

if TYPE_CHECKING:
    from images.listing import Registrar
    from images.thumbnails import Thumbnails


class ImagesConfig(AppConfig):
    name = "images"
    default_auto_field = "django.db.models.BigAutoField"
    archive: Archive
    thumbnails: "Thumbnails"
    registrar: "Registrar"

    def ready(self) -> None:
        # These modules import models, which exist only now.
        from images import removal  # noqa: F401 (connects its signals)
        from images.listing import Registrar
        from images.thumbnails import Thumbnails

        self.archive = Archive(
            settings.IMAGE_SAVE_PATH, settings.MINIMUM_FREE_MB * 10**6, settings.DATA_PATH / "archive-folder.txt"
        )
        self.thumbnails = Thumbnails(settings.DATA_PATH / "thumbnails", self.archive)
        self.registrar = Registrar(self.archive)


def the_library() -> ImagesConfig:
    """Archive, thumbnails and registrar of this process."""
    return cast(ImagesConfig, apps.get_app_config("images"))
