"""Scripts that show a personal token, and what they are told."""

from rest_framework.test import APIClient

TOKENS, ME, CAPTURE = "/api/v1/auth/tokens", "/api/v1/auth/me", "/api/v1/camera/capture"


def bearer(text: str, address: str = "10.2.4.11") -> APIClient:
    client = APIClient(REMOTE_ADDR=address)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {text}")
    return client


def ask(text: str, method: str = "get", address: str = ME, body: dict | None = None):
    return getattr(bearer(text), method)(address, body, format="json")


def told(response) -> tuple[int, str]:
    body = response.json()
    assert set(body) == {"statusCode", "code", "message", "errors"} and body["message"].endswith(".")
    return response.status_code, body["code"]
