"""The running program as this process sees it: from inside, or from another process through /health."""

import json
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from typing import Any

from django.conf import settings
from django.http import HttpRequest

PATIENCE_S = 5.0
MAX_ANSWER_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Running:
    """`is_here`: True if this process serves. Otherwise `health` is the response of the server; empty if none answered,
    and then `is_taken` is True if another program answers at its address. `request`: the request that asks, if there is
    one."""

    is_here: bool
    health: dict[str, Any] = field(default_factory=dict)
    is_taken: bool = False
    request: HttpRequest | None = None

    @property
    def is_there(self) -> bool:
        return self.is_here or bool(self.health)


def ask_running_program() -> Running:
    """Ask the server at HOST and PORT for its health. Blocks for at most PATIENCE_S. Never raises."""
    # Not with urllib, which may use a proxy for the web: none may stand between two processes of one PC.
    connection = HTTPConnection(_own_address(), settings.PORT, timeout=PATIENCE_S)
    try:
        connection.request("GET", f"{settings.ROOT_PATH}/health", headers={"Host": f"localhost:{settings.PORT}"})
        health = json.loads(connection.getresponse().read(MAX_ANSWER_BYTES))
    except OSError:
        return Running(is_here=False)
    except (HTTPException, ValueError):
        return Running(is_here=False, is_taken=True)
    finally:
        connection.close()
    is_ours = isinstance(health, dict) and isinstance(health.get("camera"), dict) and "checks" in health
    return Running(is_here=False, health=health if is_ours else {}, is_taken=not is_ours)


def _own_address() -> str:
    """Return an address of this PC at which the server listens."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.HOST, settings.HOST)
