"""Signs webhooks by the rules of https://www.standardwebhooks.com, which many receivers know."""

import base64
import hashlib
import hmac
from contextlib import suppress

PREFIX = "whsec_"


def make_signature(secret: str, delivery_id: str, timestamp: str, body: bytes) -> str:
    """Return the value of the header `webhook-signature`. `timestamp` is in seconds since 1970."""
    content = f"{delivery_id}.{timestamp}.".encode() + body
    digest = hmac.new(key_of(secret), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode('ascii')}"


def key_of(secret: str) -> bytes:
    """Return the key: the bytes of the text, or, after `whsec_`, what is in base64."""
    if secret.startswith(PREFIX):
        with suppress(ValueError):
            return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    return secret.encode()
