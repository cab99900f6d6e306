"""Two views that fail, among the program's own addresses."""

from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.urls import path

from microscope.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def fail(_request: HttpRequest) -> Any:
    raise ZeroDivisionError


def suspect(_request: HttpRequest) -> Any:
    raise SuspiciousOperation("odd")


urlpatterns = [path("fails", fail), path("suspicious", suspect), *urlpatterns]
