"""The menu that exports a job: what each format is for, how large it is, and why it may be impossible. It is a form, so
it needs no script. If an export turns out to be impossible, a page explains it."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views import View

from images.api.jobs.export import ExportQuerySerializer, send_export
from images.errors import BadQuery
from images.jobs.export.errors import MovieUnavailable
from images.jobs.export.forecast import Forecast, foresee
from images.jobs.export.make import KINDS
from images.jobs.export.movies.movie import MAX_FRAMES
from images.jobs.export.movies.mp4 import find_ffmpeg
from images.jobs.export.movies.pace import foretell_seconds
from images.jobs.export.order import AXIS_WORDS
from images.jobs.export.outcomes import count_outcomes
from images.jobs.export.package import MAX_SLOTS
from images.jobs.plan import Plan, describe_duration
from images.models import Job
from images.pages.display_fields import format_bytes
from images.permissions import VIEW

RATES = (5, 10, 25, 50)
# A longer list is no menu any more. The API offers any number.
MAX_CHOICES = 100
NOTHING_STORED = "no picture is stored"
NO_FFMPEG = "needs ffmpeg on the server"
TOO_MANY_SLOTS = f"holds at most {MAX_SLOTS:,} pictures"


class JobExportPage(PermissionRequiredMixin, View):
    """Sends the export that was chosen in the menu. An empty choice counts as no choice."""

    permission_required = VIEW
    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, job_id: int) -> HttpResponseBase:
        query = ExportQuerySerializer(data={name: value for name, value in request.GET.items() if value})
        if not query.is_valid():
            raise BadQuery(f"This export cannot be made: {', '.join(query.errors)} is not a choice of the menu.")
        content_type = KINDS[query.order.kind].content_type
        return send_export(job_id, query.order, content_type, is_head=request.method == "HEAD")


def describe_exports(job: Job, plan: Plan | None) -> dict[str, Any]:
    """Return everything that the menu uses. Takes the same time for any number of pictures."""
    forecast = foresee(job, plan) if plan else None
    return {
        "stacks": _describe_stacks(forecast, plan),
        "packages": _describe_packages(job, forecast),
        "movies": _describe_movies(forecast),
        "choices": _describe_choices(plan) if plan else [],
        "has_missed": job.missed > 0,
        "is_scale_known": bool(forecast and forecast.picture.um_per_pixel),
        "rates": RATES,
    }


def _describe_stacks(forecast: Forecast | None, plan: Plan | None) -> list[dict[str, Any]]:
    why_not = _find_obstacle(forecast)
    positions = plan.sizes.get("p", 1) if plan else 1
    fiji = "one position: choose it above" if positions > 1 else "opens in Fiji and ImageJ"
    planes = f"{forecast.planes:,} frame{'' if forecast.planes == 1 else 's'}, " if forecast else ""
    return [
        _describe_stack("hyperstack", "Fiji hyperstack", f"{planes}{fiji}", why_not, forecast, positions),
        _describe_stack("ome-tiff", "OME-TIFF", "for QuPath, OMERO, napari", why_not, forecast, 1),
    ]


def _describe_stack(
    kind: str, name: str, use: str, why_not: str, forecast: Forecast | None, parts: int
) -> dict[str, Any]:
    """`parts`: so many files together hold the whole job."""
    entry: dict[str, Any] = {"kind": kind, "name": name, "use": use, "why_not": why_not, "icon": "stack"}
    if forecast is None or why_not:
        return entry
    whole, short = format_bytes(forecast.stack_bytes // parts), forecast.short_stack_bytes
    return entry | {"size": whole, "short_size": f"at most {whole}" if short is None else format_bytes(short)}


def _describe_packages(job: Job, forecast: Forecast | None) -> list[dict[str, Any]]:
    lines = count_outcomes(job)
    return [
        {
            "kind": "zip",
            "name": "ZIP of originals",
            "use": f"{_count(forecast.stored if forecast else 0, 'file')} and the list, unchanged",
            # Without a picture it still has the plan and the list.
            "why_not": TOO_MANY_SLOTS if lines > MAX_SLOTS else "",
            "size": _describe_zip(forecast),
            "icon": "zip",
        },
        {
            "kind": "csv",
            "name": "CSV list",
            "use": "due, taken, file, SHA-256, why missed",
            "why_not": "",
            "size": _count(lines, "line"),
            "icon": "table",
        },
    ]


def _describe_zip(forecast: Forecast | None) -> str:
    if forecast is None:
        return ""
    return f"{'' if forecast.is_zip_exact else 'about '}{format_bytes(forecast.zip_bytes)}"


def _describe_movies(forecast: Forecast | None) -> list[dict[str, Any]]:
    why_not = _find_obstacle(forecast)
    return [
        _describe_movie("webp", "WebP movie", "plays in browsers and slides", why_not, forecast),
        _describe_movie("gif", "GIF movie", "plays everywhere, large", why_not, forecast),
        _describe_movie("mp4", "MP4 movie", "plays in video players", why_not or _find_program(), forecast),
    ]


def _describe_movie(kind: str, name: str, use: str, why_not: str, forecast: Forecast | None) -> dict[str, Any]:
    entry: dict[str, Any] = {"kind": kind, "name": name, "use": use, "why_not": why_not, "icon": "film"}
    if forecast is None or why_not:
        return entry
    seconds = foretell_seconds(kind, forecast.stored, forecast.picture.shape)
    if seconds is not None:
        return entry | {"size": f"about {describe_duration(timedelta(seconds=max(round(seconds), 1)))}"}
    whole = _describe_frames(forecast.planes)
    return entry | {"size": whole, "short_size": _describe_frames(forecast.stored)}


def _describe_frames(count: int) -> str:
    return f"over {MAX_FRAMES:,} frames" if count > MAX_FRAMES else _count(count, "frame")


def _count(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"


def _find_obstacle(forecast: Forecast | None) -> str:
    """Return why neither stack nor movie can be made; empty if they can."""
    if forecast is None:
        return NOTHING_STORED
    return TOO_MANY_SLOTS if forecast.lines > MAX_SLOTS else ""


def _find_program() -> str:
    try:
        find_ffmpeg(settings.FFMPEG_PATH)
    except MovieUnavailable:
        return NO_FFMPEG
    return ""


def _describe_choices(plan: Plan) -> list[dict[str, Any]]:
    """Return the axes of which one place can be exported alone. The address counts places from 0, the page from 1."""
    names = {
        "p": [position.name for position in plan.positions],
        "c": [channel.name for channel in plan.channels],
        "z": [""] * plan.sizes.get("z", 0),
    }
    return [
        {
            "word": word,
            "label": word.capitalize(),
            "places": [
                {"value": place, "label": f"{place + 1} {name}".rstrip()} for place, name in enumerate(names[axis])
            ],
        }
        for axis, word in AXIS_WORDS.items()
        if 1 < len(names[axis]) <= MAX_CHOICES
    ]
