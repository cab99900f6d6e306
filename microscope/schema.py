"""The OpenAPI schema. Here the errors are added to it: which call can return which. All have one shape."""

from functools import lru_cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

ERROR = {
    "type": "object",
    "description": "Why the request failed.",
    "properties": {
        "statusCode": {"type": "integer"},
        "code": {"type": "string", "description": "The cause, for programs."},
        "message": {"type": "string", "description": "The cause, for people."},
        "errors": {
            "type": "object",
            "description": "What is wrong with which field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
        "control": {
            "type": "object",
            "description": "Who controls the camera, if the request failed because of that.",
            "additionalProperties": True,
        },
        "instruments": {
            "type": "array",
            "description": "Where the cameras are, if the request needs one and this is the library.",
            "items": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "name": {"type": "string"}, "url": {"type": "string"}},
            },
        },
    },
    "required": ["statusCode", "code", "message", "errors"],
}
MEANING_BY_STATUS = {
    "400": "The request is not valid, a value is outside the camera's limits, or the host name is unknown.",
    "401": "Not signed in, or the sign-in has ended.",
    "403": "The user has no permission, or the request did not use HTTPS although it is required.",
    "404": "Not found, or this is a library, which has no camera.",
    "405": "The address does not support this method.",
    "406": "The answer is not available in an accepted type.",
    "409": "The request conflicts with an earlier one, with the current state, or with who is signed in now.",
    "413": "The body is larger than ten megabytes.",
    "415": "The type of the body is not supported.",
    "429": "Too many failed attempts. Retry-After says when to try again.",
    "500": "The camera gave no usable picture, or the program failed.",
    "503": "The camera or the database does not answer. Retry-After says when to try again.",
    "507": "The disk is full, is not writable, or its drive is missing.",
}
# The web server itself gives these answers, before the program sees the request.
AS_TEXT = {"413"}
# The answer to a range beyond the end of a file.
WITHOUT_BODY = {"416"}
# 429: whoever shows many wrong personal tokens has to wait, as after many wrong passwords.
BY_EVERY_CALL = {"400", "401", "403", "405", "406", "429", "500", "503"}
# The calls that use the folder for images, as method and path.
NEED_THE_FOLDER = {
    "post /api/v1/camera/capture",
    "patch /api/v1/images/{image_id}",
    "delete /api/v1/images/{image_id}",
    "get /api/v1/images/{image_id}/file",
    "post /api/v1/images/{image_id}/link",
    "post /api/v1/images/{image_id}/restore",
    "get /api/v1/images/{image_id}/thumbnail",
    "post /api/v1/images/{image_id}/verify",
    "post /api/v1/images/bin",
    "post /api/v1/images/restore",
    "get /api/v1/images/zip",
    "post /api/v1/images/zip",
    "post /api/v1/jobs/estimate",
    "post /api/v1/jobs",
    "post /api/v1/objectives/{objective_id}/calibrations",
    "get /api/v1/storage",
}
# The calls that a library without a camera answers with 404. Those of a single job have a number in their path anyway.
NEED_A_CAMERA = ("/api/v1/camera", "/api/v1/control", "/api/v1/storage")
NEED_A_CAMERA_TO_CHANGE = ("/api/v1/jobs",)
# The calls whose body can name a job that is not there.
NAME_A_JOB = {"post /api/v1/share-links"}
GIVE_AN_ORIGINAL = {"get /api/v1/images/{image_id}/file", "get /api/v1/images/{image_id}/thumbnail"}


class SchemaView(SpectacularAPIView):
    """The schema of the API. It is the same for everybody, as long as the program runs."""

    needs = {"GET": "sign-in"}

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer = request.accepted_renderer
        coded = f"; charset={renderer.charset}" if renderer.charset else ""
        return HttpResponse(
            write_schema(type(renderer), request.accepted_media_type),
            content_type=f"{renderer.media_type}{coded}",
            headers={"Content-Disposition": f'inline; filename="{spectacular_settings.TITLE}.{renderer.format}"'},
        )


@lru_cache(maxsize=2)
def write_schema(renderer: type[BaseRenderer], media_type: str) -> bytes:
    """Return the schema as YAML or JSON. To write it takes half a second of the processor, so it is kept."""
    schema = SpectacularAPIView.generator_class().get_schema(public=True)
    return renderer().render(schema, media_type, {})


def describe_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular. Adds to each call the errors that it can return."""
    result["components"].setdefault("schemas", {})["Error"] = ERROR
    for path, calls in result["paths"].items():
        for method, call in calls.items():
            for status in sorted(_find_errors(method, path, call)):
                call["responses"].setdefault(status, _describe(status))
            for status, response in call["responses"].items():
                if int(status) >= 400 and status not in WITHOUT_BODY:  # a call may describe an error in its own words
                    response.setdefault("content", _describe_content(status))
    return result


def _find_errors(method: str, path: str, call: dict[str, Any]) -> set[str]:
    name = f"{method} {path}"
    camera_paths = NEED_A_CAMERA + (NEED_A_CAMERA_TO_CHANGE if method != "get" else ())
    is_change, has_body = method != "get", "requestBody" in call
    by_status = {
        "404": "{" in path or name in NAME_A_JOB or path.startswith(camera_paths),
        "409": is_change or name in GIVE_AN_ORIGINAL,
        "413": has_body,
        "415": has_body,
        "507": name in NEED_THE_FOLDER,
    }
    return BY_EVERY_CALL | {status for status, may_be in by_status.items() if may_be}


def _describe(status: str) -> dict[str, Any]:
    return {"description": MEANING_BY_STATUS[status], "content": _describe_content(status)}


def _describe_content(status: str) -> dict[str, Any]:
    if status in AS_TEXT:
        return {"text/plain": {"schema": {"type": "string"}}}
    return {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
