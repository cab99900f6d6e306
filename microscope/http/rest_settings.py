"""The settings of REST: who is asked who they are, how long tokens count, and how the schema is made.

Imported by the settings, so it imports nothing of Django.
"""

from datetime import timedelta
from typing import Any

DESCRIPTION = "Watch, capture and find microscope images. Times are UTC, exposures milliseconds, gains decibels."

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "microscope.offline.authentication.OfflinePersonalTokens",
        "microscope.offline.authentication.OfflineTokens",
        "microscope.http.rest.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["microscope.permissions.HasNeeded", "camera.absent.uses_camera.HasCamera"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "microscope.http.rest.ContentNegotiation",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["microscope.http.rest.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "microscope.errors.answer_api_error",
    # NaN reaches the fields, so that the error can name the field. No field accepts it.
    "STRICT_JSON": False,
    # `?format=` filters images. It does not choose the type of the answer.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=15),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=7),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "CHECK_REVOKE_TOKEN": True,
    "AUTH_TOKEN_CLASSES": ["accounts.sign_in.tokens.RevocableAccessToken"],
}


def describe_schema(version: str, root_path: str) -> dict[str, Any]:
    """Return the settings of the OpenAPI schema. `root_path`: where a proxy serves the program; "" is the root."""
    return {
        "TITLE": "Microscope",
        "DESCRIPTION": DESCRIPTION,
        "VERSION": version,
        "SERVE_INCLUDE_SCHEMA": False,
        "SERVE_PERMISSIONS": ["microscope.permissions.HasNeeded"],
        "SWAGGER_UI_DIST": "SIDECAR",
        "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
        "COMPONENT_SPLIT_REQUEST": True,
        "SERVERS": [{"url": root_path}] if root_path else [],
        "SCHEMA_PATH_PREFIX": r"/api/v1",
        "ENUM_NAME_OVERRIDES": {
            "ControlStateEnum": "images.api.control.state.STATES",
            "JobStateEnum": "images.models.jobs.Job.State",
            "SlotStateEnum": "images.jobs.slots.STATES",
        },
        "POSTPROCESSING_HOOKS": [
            "drf_spectacular.hooks.postprocess_schema_enums",
            "microscope.schema.describe_errors",
        ],
    }
