"""What the OpenAPI schema promises: the operations and their prefilled examples. It also checks answers strictly: a
field that the schema does not name is a fault."""

import json
from dataclasses import dataclass
from typing import Any

import jsonschema_rs
from drf_spectacular.generators import SchemaGenerator

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Example:
    """A request as a form prefills it. `media_type` is None for a request without a body."""

    media_type: str | None = None
    body: Any = None


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    call: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def examples(self) -> list[Example]:
        """Return at least one example. Fails if a body has none, because a form would then invent one."""
        content = self.call.get("requestBody", {}).get("content", {})
        found = [
            Example(media_type, example["value"])
            for media_type, described in content.items()
            for example in described.get("examples", {}).values()
        ]
        without = set(content) - {example.media_type for example in found}
        assert not without, f"{self} has no example of a body as {', '.join(without)}"
        return found or [Example()]

    @property
    def prefilled(self) -> list[tuple[str, str, Any]]:
        """Return place, name and value of each parameter that has a value before the user types one."""
        found = []
        for parameter in self.call.get("parameters", []):
            for holder in (parameter, parameter["schema"], *parameter.get("examples", {}).values()):
                for key in ("example", "default", "value"):
                    if key in holder:
                        found.append((parameter["in"], parameter["name"], holder[key]))
        return found

    @property
    def needed(self) -> list[str]:
        return [parameter["name"] for parameter in self.call.get("parameters", []) if parameter.get("required")]

    @property
    def media_types(self) -> list[str]:
        """Return the types of the answers of success; one empty text if they have no body."""
        found: dict[str, None] = {}
        for status, answer in self.call["responses"].items():
            if status.startswith("2"):
                found.update(dict.fromkeys(answer.get("content", {})))
        return list(found) or [""]


def read_schema() -> dict[str, Any]:
    return SchemaGenerator().get_schema(public=True)


def operations_of(schema: dict[str, Any]) -> list[Operation]:
    return [
        Operation(method.upper(), path, call)
        for path, calls in schema["paths"].items()
        for method, call in calls.items()
    ]


class Contract:
    """What each operation may answer."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._components = _to_json_schema(schema["components"])
        # To make one takes longer than to check an answer with it.
        self._validators: dict[str, Any] = {}

    def find_faults(self, operation: Operation, status: int, media_type: str, body: Any) -> list[str]:
        """Return what is wrong with an answer of this operation. `body` is the parsed JSON; None for anything else."""
        promised = operation.call["responses"].get(str(status))
        if promised is None:
            return [f"{operation} answers {status}, of which the schema says nothing"]
        content = promised.get("content", {})
        if not content:
            return [] if body is None else [f"{operation} answers {status} with a body, and the schema says none"]
        fits = [schema for known, schema in content.items() if _fits(known, media_type)]
        if not fits:
            return [f"{operation} answers {status} as {media_type}, and promises {', '.join(content)}"]
        if media_type != "application/json":
            return []
        validator = self._validator_of(fits[0]["schema"])
        return [
            f"{operation} {status}: {fault.instance_path}: {fault.message}" for fault in validator.iter_errors(body)
        ]

    def _validator_of(self, promised: dict[str, Any]) -> Any:
        key = json.dumps(promised)
        if key not in self._validators:
            schema = {**_to_json_schema(promised), "components": self._components}
            self._validators[key] = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        return self._validators[key]


def _fits(known: str, media_type: str) -> bool:
    return known == media_type or (known.endswith("/*") and media_type.startswith(known[:-1]))


def _to_json_schema(schema: Any) -> Any:
    """Translate: OpenAPI 3.0 says `nullable` instead of the type null. An object may have no other fields than those
    named."""
    if isinstance(schema, list):
        return [_to_json_schema(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    read = {key: _to_json_schema(value) for key, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        read.setdefault("additionalProperties", False)
    if read.pop("nullable", False) is True:
        return {"anyOf": [read, {"type": "null"}]}
    return read
