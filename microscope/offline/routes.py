"""The addresses that work while the database is away: watching, setting, controlling the camera, and capturing. A test
holds the list."""

from typing import Any

from django.urls import Resolver404, resolve

OFFLINE_ROUTES = {
    "live",
    "api-camera",
    "api-camera-frame",
    "api-camera-statistics",
    "api-camera-live",
    "api-camera-settings",
    "api-camera-auto-exposure",
    "api-camera-white-balance",
    "api-capture",
    "api-control",
    "api-control-ask",
    "api-control-answer",
    "api-control-take",
    "api-storage",
}


def goes_on_offline(request: Any) -> bool:
    try:
        return resolve(request.path_info).view_name in OFFLINE_ROUTES
    except Resolver404:
        return False
