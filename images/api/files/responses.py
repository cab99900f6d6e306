"""Serve files over HTTP: whole or one byte range (RFC 9110, section 14), with an ETag, block by block."""

import os
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO, Protocol

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.utils.http import parse_etags, quote_etag

from images.export.zipping import BLOCK_BYTES

# An original never changes, so a browser need not ask again. "private": a shared cache does not know who may view it.
CACHE_FOR_GOOD = "private, max-age=31536000, immutable"
SINGLE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)


class Readable(Protocol):
    """A file that can be served."""

    def seek(self, position: int, /) -> object: ...
    def read(self, count: int, /) -> bytes: ...
    def close(self) -> None: ...


class FileSlice:
    """Iterates over part of a file, block by block. The web server calls `close`, which closes the file."""

    def __init__(self, file: Readable, first: int, length: int) -> None:
        self._file = file
        self._remaining = length
        file.seek(first)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        # At the end, this reads 0 bytes and so ends the iteration.
        block = self._file.read(min(BLOCK_BYTES, self._remaining))
        if not block:
            raise StopIteration
        self._remaining -= len(block)
        return block

    def close(self) -> None:
        self._file.close()


def serve_file(
    request: HttpRequest, file: Readable, size_bytes: int, *, etag: str, content_type: str, filename: str = ""
) -> HttpResponse | StreamingHttpResponse:
    """Return a response with the file, or with the one byte range that the request asks for. The response closes it.

    `etag` has no quotes. If `filename` is given, browsers save the file under that name.
    """
    # RFC 9110, section 13.2.2: If-None-Match comes before Range.
    quoted = quote_etag(etag)
    if is_not_modified(request, etag):
        file.close()
        response: HttpResponse | StreamingHttpResponse = HttpResponseNotModified()
    else:
        response = _serve_range(request, file, size_bytes, quoted)
        response.headers["Content-Type"] = content_type
        if filename:
            response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    for name, value in (("ETag", quoted), ("Accept-Ranges", "bytes"), ("Cache-Control", CACHE_FOR_GOOD)):
        response.headers[name] = value
    return response


def serve_generated(
    request: HttpRequest, make: Callable[[], BinaryIO], *, etag: str, content_type: str, filename: str
) -> HttpResponse | StreamingHttpResponse:
    """Return a response with a file that `make` creates now, or 304 if the client has it.

    The file is not stored, so byte ranges are not supported. The ETag is weak (RFC 9110, section 8.8.1), because two
    files made from the same original differ in the time that they contain.
    """
    headers = {"ETag": f"W/{quote_etag(etag)}", "Cache-Control": "private, no-cache"}
    if is_not_modified(request, etag):
        return HttpResponseNotModified(headers=headers)
    # Only after the ETag was compared, because making it can take a second.
    file = make()
    response = _stream(request, file, 0, file.seek(0, os.SEEK_END), 200)
    for name, value in headers.items():
        response.headers[name] = value
    response.headers["Content-Type"] = content_type
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def redirect_to_store(request: HttpRequest, link: str, *, etag: str) -> HttpResponse:
    """Return a response that sends the client to the object store, or 304 if the client has the file."""
    response: HttpResponse = HttpResponseNotModified() if is_not_modified(request, etag) else HttpResponse(status=302)
    if response.status_code == 302:
        response.headers["Location"] = link
    # Nobody may keep it: the link ends after a minute.
    for name, value in (("ETag", quote_etag(etag)), ("Cache-Control", "private, no-store")):
        response.headers[name] = value
    return response


def is_not_modified(request: HttpRequest, etag: str) -> bool:
    """Return True if the client has a copy with this ETag."""
    wanted = [known.removeprefix("W/") for known in parse_etags(request.headers.get("If-None-Match", ""))]
    return quote_etag(etag) in wanted or "*" in wanted


def _serve_range(request: HttpRequest, file: Readable, size: int, etag: str) -> HttpResponse | StreamingHttpResponse:
    # Several ranges, or a range that cannot be parsed, are ignored: RFC 9110 allows to send the whole file then.
    asked = SINGLE_RANGE.fullmatch(request.headers.get("Range", ""))
    if_range = request.headers.get("If-Range")
    if asked is None or asked.groups() == ("", "") or (if_range is not None and if_range != etag):
        return _stream(request, file, 0, size, 200)
    first, last = _resolve(asked[1], asked[2], size)
    if first >= size or last < first:
        file.close()
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    response = _stream(request, file, first, last - first + 1, 206)
    response.headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return response


def _resolve(first: str, last: str, size: int) -> tuple[int, int]:
    """Return the positions of the first and last byte. Without `first`, `last` is a number of bytes at the end."""
    # RFC 9110, section 14.1.2: `-500` are the last 500 bytes. `-0` names no byte, so the response is 416.
    if not first:
        return max(size - int(last), 0), size - 1 if int(last) else -1
    return int(first), min(int(last), size - 1) if last else size - 1


def _stream(request: HttpRequest, file: Readable, first: int, length: int, status: int):
    if request.method == "HEAD":
        file.close()
        return HttpResponse(status=status, headers={"Content-Length": str(length)})
    return StreamingHttpResponse(FileSlice(file, first, length), status=status, headers={"Content-Length": str(length)})
