"""Strangers who open share links."""

from django.test import Client

LINKS = "/api/v1/share-links"
ENDED = "This link has ended. Ask whoever sent it."


def visit(address: str, method: str = "get", **headers):
    """Ask as a stranger, whose browser has neither a sign-in nor cookies."""
    return getattr(Client(), method)(address, **headers)


def content_of(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def read(address: str) -> str:
    response = visit(address)
    assert response.status_code == 200
    return response.content.decode()


def has_ended(address: str) -> bool:
    response = visit(address)
    return response.status_code == 404 and ENDED in response.content.decode()
