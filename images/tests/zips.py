"""ZIPs of originals, as tests ask for them and unpack them."""

import csv
import io
import zipfile

from images.models import Image

ZIP = "/api/v1/images/zip"


def unpack(response) -> tuple[dict[str, bytes], list[dict[str, str]]]:
    """Return the files of a ZIP by name, and the rows of its manifest."""
    assert response.status_code == 200, response.content
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        assert archive.testzip() is None
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        content = {name: archive.read(name) for name in archive.namelist()}
    manifest = content.pop("manifest.csv").decode()
    return content, list(csv.DictReader(io.StringIO(manifest)))


def name_of(image: Image) -> str:
    return f"{image.captured_at:%Y-%m-%d}/{image.filename}"


def numbers(rows: list[dict[str, str]]) -> list[int]:
    return [int(row["imageId"]) for row in rows]
