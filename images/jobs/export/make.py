"""Make the export of a job in any of its formats."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings

from images.export.zipping import stream_zip
from images.jobs.export.errors import ExportChoiceMissing
from images.jobs.export.movies import animation, mp4
from images.jobs.export.movies.animation import make_webp, stream_file, stream_gif
from images.jobs.export.movies.movie import Movie, plan_movie
from images.jobs.export.movies.mp4 import find_ffmpeg, make_mp4
from images.jobs.export.movies.pace import measuring
from images.jobs.export.order import ExportOrder, JobExport, name_export
from images.jobs.export.outcomes import count_outcomes, read_outcomes
from images.jobs.export.package import plan_package, require_few_slots
from images.jobs.export.stacks.hyperstack import Hyperstack
from images.jobs.export.stacks.ome_tiff import OmeTiff
from images.jobs.export.stacks.stack import Stack, arrange, count_slots
from images.jobs.export.table import stream_table
from images.jobs.plan import Plan
from images.jobs.stored_plan import read_plan
from images.library import the_library
from images.models import Job


@dataclass(frozen=True, slots=True)
class ExportKind:
    """One format in which a job can be exported."""

    content_type: str
    plan: Callable[[Job, Plan, ExportOrder], JobExport]


def plan_export(job: Job, order: ExportOrder) -> JobExport:
    """Return the export, ready to be sent. It reads originals one by one while it is sent.
    WebP and MP4 are made before, and block until they are done.

    Raises StorageUnavailable, PlanRefused, ExportChoiceMissing, ExportTooLarge, NothingToExport, PicturesDiffer,
    MovieUnavailable, MovieFailed or ExportBusy.
    """
    plan = read_plan(job)
    order.require_fitting(plan)
    if order.kind != "csv":
        # An unmounted drive is an error of the request, and not a job without pictures.
        the_library().archive.check_folder()
        require_few_slots(count_outcomes(job))
    return KINDS[order.kind].plan(job, plan, order)


def _plan_table(job: Job, plan: Plan, order: ExportOrder) -> JobExport:
    end = count_outcomes(job)
    return JobExport(name_export(job, "_slots.csv"), None, lambda: stream_table(read_outcomes(job, plan, end)))


def _plan_zip(job: Job, plan: Plan, order: ExportOrder) -> JobExport:
    package = plan_package(job, read_outcomes(job, plan, count_outcomes(job)))
    is_simulated = any(entry.is_simulated for entry in package.entries)
    name = name_export(job, ".zip", is_simulated)
    return JobExport(name, package.length_bytes, lambda: stream_zip(package))


def _plan_hyperstack(job: Job, plan: Plan, order: ExportOrder) -> JobExport:
    count = plan.sizes.get("p", 1)
    if count > 1 and "p" not in order.chosen:
        sentence = f"This job has {count} positions, a hyperstack holds one. Choose one, from 0, or export OME-TIFF."
        raise ExportChoiceMissing(f"position: {sentence}", {"position": [sentence]})
    stack = _arrange(job, plan, order)
    file = Hyperstack(job, plan, stack)
    return JobExport(name_export(job, ".tif", stack.is_simulated), file.length_bytes, file.stream)


def _plan_ome_tiff(job: Job, plan: Plan, order: ExportOrder) -> JobExport:
    stack = _arrange(job, plan, order)
    file = OmeTiff(job, plan, stack)
    return JobExport(name_export(job, ".ome.tif", stack.is_simulated), file.length_bytes, file.stream)


def _arrange(job: Job, plan: Plan, order: ExportOrder) -> Stack:
    return arrange(read_outcomes(job, plan, count_slots(job, plan)), order)


def _plan_gif(job: Job, plan: Plan, order: ExportOrder) -> JobExport:
    movie = _plan_movie(job, plan, order, animation.MAX_SIDE_PX)
    return JobExport(name_export(job, ".gif", movie.is_simulated), None, lambda: stream_gif(movie))


def _make_webp(job: Job, plan: Plan, order: ExportOrder) -> JobExport:
    movie = _plan_movie(job, plan, order, animation.MAX_SIDE_PX)
    with measuring("webp", movie):
        file = make_webp(movie)
    return _send_file(name_export(job, ".webp", movie.is_simulated), file)


def _make_mp4(job: Job, plan: Plan, order: ExportOrder) -> JobExport:
    ffmpeg = find_ffmpeg(settings.FFMPEG_PATH)
    movie = _plan_movie(job, plan, order, mp4.MAX_SIDE_PX)
    with measuring("mp4", movie):
        file = make_mp4(movie, ffmpeg)
    return _send_file(name_export(job, ".mp4", movie.is_simulated), file)


def _plan_movie(job: Job, plan: Plan, order: ExportOrder, max_side_px: int) -> Movie:
    return plan_movie(job, plan, order, read_outcomes(job, plan, job.decided), max_side_px)


def _send_file(name: str, file: BinaryIO) -> JobExport:
    return JobExport(name, file.seek(0, os.SEEK_END), lambda: stream_file(file))


KINDS = {
    "csv": ExportKind("text/csv", _plan_table),
    "zip": ExportKind("application/zip", _plan_zip),
    "hyperstack": ExportKind("image/tiff", _plan_hyperstack),
    "ome-tiff": ExportKind("image/tiff", _plan_ome_tiff),
    "webp": ExportKind("image/webp", _make_webp),
    "gif": ExportKind("image/gif", _plan_gif),
    "mp4": ExportKind("video/mp4", _make_mp4),
}
