"""Bytes over HTTP: whole files and ranges (RFC 9110, section 14), with ETag, in blocks that the server likes."""

import os
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.utils.http import parse_etags, quote_etag

BLOCK_BYTES = 256 * 1024
CACHE_FOR_GOOD = "private, max-age=31536000, immutable"
SINGLE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)


class FileSlice:
    """Part of a file, block by block. The server closes it."""

    def __init__(self, file: BinaryIO, first: int, length: int) -> None:
        self._file = file
        self._remaining = length
        file.seek(first)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        block = self._file.read(min(BLOCK_BYTES, self._remaining))
        if not block:
            raise StopIteration
        self._remaining -= len(block)
        return block

    def close(self) -> None:
        self._file.close()


def serve_file(
    request: HttpRequest, file: BinaryIO, size_bytes: int, *, etag: str, content_type: str, filename: str = ""
) -> HttpResponse | StreamingHttpResponse:
    """Answer with the file, or the one range of it that is asked for; closes it. `etag` without quotes.

    `filename` makes it a download of that name.
    """
    quoted = quote_etag(etag)
    if has_already(request, etag):
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


def serve_made(
    request: HttpRequest, make: Callable[[], BinaryIO], *, etag: str, content_type: str, filename: str
) -> HttpResponse | StreamingHttpResponse:
    """Answer with a file that is made only now, unless the client has it. It is kept nowhere, so there are no ranges;
    two makings say the same but for their time (RFC 9110, section 8.8.1: a weak ETag)."""
    headers = {"ETag": f"W/{quote_etag(etag)}", "Cache-Control": "private, no-cache"}
    if has_already(request, etag):
        return HttpResponseNotModified(headers=headers)
    file = make()
    response = _stream(request, file, 0, file.seek(0, os.SEEK_END), 200)
    for name, value in headers.items():
        response.headers[name] = value
    response.headers["Content-Type"] = content_type
    response.headers["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def has_already(request: HttpRequest, etag: str) -> bool:
    """Whether the client says that it has what goes by this ETag."""
    wanted = [known.removeprefix("W/") for known in parse_etags(request.headers.get("If-None-Match", ""))]
    return quote_etag(etag) in wanted or "*" in wanted


def _serve_range(request: HttpRequest, file: BinaryIO, size: int, etag: str) -> HttpResponse | StreamingHttpResponse:
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
    """First and last byte. With no first, `last` counts from the end."""
    if not first:
        return max(size - int(last), 0), size - 1 if int(last) else -1
    return int(first), min(int(last), size - 1) if last else size - 1


def _stream(request: HttpRequest, file: BinaryIO, first: int, length: int, status: int):
    if request.method == "HEAD":
        file.close()
        return HttpResponse(status=status, headers={"Content-Length": str(length)})
    return StreamingHttpResponse(FileSlice(file, first, length), status=status, headers={"Content-Length": str(length)})
