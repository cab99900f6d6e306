"""What the OpenAPI schema says of errors: every call may answer them, and all have one shape."""

from typing import Any

ERROR = {
    "type": "object",
    "description": "Why a request was not answered as asked.",
    "properties": {
        "statusCode": {"type": "integer"},
        "code": {"type": "string", "description": "The cause, for programs."},
        "message": {"type": "string", "description": "The cause, for people."},
        "errors": {
            "type": "object",
            "description": "What is wrong with which field.",
            "additionalProperties": {"type": "array", "items": {"type": "string"}},
        },
    },
    "required": ["statusCode", "code", "message", "errors"],
}
MEANING_BY_STATUS = {
    "400": "Not a valid request, or outside the camera's limits.",
    "401": "Not signed in, or no longer.",
    "403": "Signed in, and not allowed.",
    "404": "Not there.",
    "405": "Not a method of this address.",
    "406": "No such way to write the answer.",
    "409": "Contradicts what was asked before.",
    "415": "Not a kind of body that is read here.",
    "429": "Too many attempts failed; Retry-After says when to come again.",
    "500": "The camera gave no usable picture, or the program failed.",
    "503": "Camera or database do not answer; Retry-After says when to come again.",
    "507": "The disk is full or cannot be written.",
}


def describe_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: adds the errors to whatever a call says of itself."""
    result["components"].setdefault("schemas", {})["Error"] = ERROR
    for calls in result["paths"].values():
        for call in calls.values():
            for status, meaning in MEANING_BY_STATUS.items():
                call["responses"].setdefault(status, _describe(meaning))
    return result


def _describe(meaning: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {"description": meaning, "content": content}
