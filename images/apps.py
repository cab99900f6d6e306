"""Django's app for the library. It builds the library from the settings, and touches no disk before the first use."""

from django.apps import AppConfig
from django.conf import settings

from images.archive.archive import Archive
from images.own_instrument import register_own_instrument
from images.spool.identity import read_or_make_instrument_id
from images.store.bucket import Bucket


class ImagesConfig(AppConfig):
    name = "images"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # These modules import models, which Django has loaded only when `ready` runs.
        from images.archive.group import GroupWriter
        from images.control import leaving  # noqa: F401 (connects its signals)
        from images.control.control import Control, register_control
        from images.edit import removal  # noqa: F401 (connects its signals)
        from images.index.backfiller import RowBackfiller
        from images.index.current_optics import OpticsCache
        from images.index.fetched import Fetched
        from images.index.idempotency import IdempotentCaptures
        from images.index.thumbnails import Thumbnails
        from images.instruments.beat import register_beat
        from images.instruments.lease import is_first_of_those_alive
        from images.instruments.make import is_held_back, make_beat
        from images.jobs.supervisor import Supervisor, register_supervisor
        from images.library import Library, register_library
        from images.notices import lost_control, outbox  # noqa: F401 (connect their signals)
        from images.notices.deliverer import Deliverer, register_deliverer
        from images.notices.old_spool import report_old_spool
        from images.roles import is_library, is_of_several
        from images.run_days import RunDays, register_run_days
        from images.spool.make import make_spool
        from images.spool.spool import register_spool
        from images.store.client import Store
        from images.store.watch import StoreWatch, register_store_watch

        if settings.MICROSCOPE_ROLE == "instrument":
            register_own_instrument(lambda: read_or_make_instrument_id(settings.DATA_PATH))
        register_run_days(RunDays(may_count=is_first_of_those_alive if is_of_several() else lambda: True))
        register_control(Control())
        archive = Archive(
            settings.IMAGE_SAVE_PATH, settings.MINIMUM_FREE_MB * 10**6, settings.DATA_PATH / "archive-folder.txt"
        )
        thumbnails = Thumbnails(settings.DATA_PATH / "thumbnails", archive)
        register_library(
            Library(
                archive,
                thumbnails,
                RowBackfiller(archive),
                IdempotentCaptures(archive),
                OpticsCache(),
                GroupWriter(archive),
            )
        )
        store = Store(read_bucket()) if settings.S3_BUCKET else None
        archive.elsewhere = Fetched(store, settings.DATA_PATH / "fetched") if store else None
        register_store_watch(StoreWatch(store) if store else None)
        # A library only reads the store: the instruments bring their originals there.
        register_beat(make_beat(archive) if settings.MICROSCOPE_ROLE == "instrument" else None)
        spool = make_spool(store, archive, thumbnails, report_old_spool, is_held_back) if store else None
        register_spool(None if is_library() else spool)
        supervisor = Supervisor(archive, settings.DATA_PATH)
        register_supervisor(supervisor)
        register_deliverer(Deliverer(lambda: supervisor.heartbeat.sign))


def read_bucket() -> Bucket:
    return Bucket(
        settings.S3_BUCKET,
        settings.S3_ACCESS_KEY,
        settings.S3_SECRET_KEY,
        settings.S3_ENDPOINT,
        settings.S3_REGION,
        settings.S3_PUBLIC_URL,
        settings.S3_LOCK_DAYS,
    )
