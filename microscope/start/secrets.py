"""Removes secrets from texts that leave the program: tokens and passwords from the log, and from the report also names
of places."""

import getpass
import re
import socket
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, quote_plus, urlsplit

from django.conf import settings

HIDDEN = "…"
# These addresses open without a sign-in. The token in the address admits whoever has it.
TOKEN_IN_PATH = re.compile(r"(/(?:f|live|shared)/)[\w-]+\.[\w.-]+|(/setup/start/)[\w-]+")
# A JWT or a personal token, wherever it is; whatever follows Bearer or Basic; the signature and the password inside
# an address.
WEB_TOKEN = re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*|\bmsc_[\w-]{16,}")
CREDENTIAL = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE)
SIGNATURE = re.compile(r"(X-Amz-Signature=)[0-9a-f]{16,}", re.IGNORECASE)
PASSWORD_IN_ADDRESS = re.compile(r"(\b[\w+.-]+://[^\s/:@]*:)[^\s@]+@")
# A shorter secret would occur by chance in many lines.
MIN_SECRET, MIN_PLACE = 6, 4


def hide_secrets(text: str) -> str:
    """Replace tokens, and the secrets of the settings."""
    text = TOKEN_IN_PATH.sub(rf"\1\2{HIDDEN}", text)
    text = WEB_TOKEN.sub(HIDDEN, text)
    text = CREDENTIAL.sub(rf"\1 {HIDDEN}", text)
    text = SIGNATURE.sub(rf"\1{HIDDEN}", text)
    text = PASSWORD_IN_ADDRESS.sub(rf"\1{HIDDEN}@", text)
    return _replace(text, ((secret, HIDDEN) for secret in find_secrets()))


def find_secrets() -> list[str]:
    """Return the secret values of the settings, also in the encoded form of an address."""
    ping = settings.JOB_PING_URL
    known = [
        settings.SECRET_KEY,
        settings.ADMIN_PASSWORD,
        settings.EMAIL_HOST_PASSWORD,
        settings.JOB_WEBHOOK_SECRET,
        settings.S3_SECRET_KEY,
        str(settings.DATABASES["default"].get("PASSWORD") or ""),
        # A person who knows one of these addresses can send to it.
        settings.JOB_WEBHOOK_URL,
        ping,
        urlsplit(ping).path.strip("/") if ping else "",
    ]
    found = {form for secret in known if secret for form in (secret, quote(secret, safe=""), quote_plus(secret))}
    return [secret for secret in found if len(secret) >= MIN_SECRET]


def hide_places(text: str) -> str:
    """Replace the names of folders, hosts and accounts that are in the settings or that the system knows."""
    folders = {
        str(settings.IMAGE_SAVE_PATH): "IMAGE_SAVE_PATH",
        str(settings.DATA_PATH): "DATA_PATH",
        str(settings.BACKUP_TO or ""): "BACKUP_TO",
        str(settings.BASE_DIR): "BASE_DIR",
        str(Path.home()): "HOME",
    }
    database = settings.DATABASES["default"]
    hosts = [socket.gethostname(), settings.HOST, database.get("HOST"), settings.EMAIL_HOST, *settings.ALLOWED_HOSTS]
    people = [settings.ADMIN_USERNAME, settings.EMAIL_HOST_USER, database.get("USER"), _account()]
    stores = [urlsplit(address).hostname for address in (settings.S3_ENDPOINT, settings.S3_PUBLIC_URL)]
    stores += [settings.S3_BUCKET, settings.S3_ACCESS_KEY]
    names = sorted({str(name) for name in [*hosts, *people, *stores] if name}, key=len, reverse=True)
    text = _replace(text, folders.items(), MIN_PLACE)
    # Only whole words: for an account "micro", the word Microscope must stay.
    return re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", HIDDEN, text)


def _replace(text: str, pairs: Iterable[tuple[str, str]], shortest: int = MIN_SECRET) -> str:
    # The longest first, because one may be a part of another.
    for hidden, shown in sorted(pairs, key=lambda pair: -len(pair[0])):
        if len(hidden) >= shortest:
            text = text.replace(hidden, shown)
    return text


def _account() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account that the system does not list
        return ""
