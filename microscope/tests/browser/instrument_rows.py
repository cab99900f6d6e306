"""Other microscopes in the server's library: the rows that their PCs would write."""

import base64
import json
from io import BytesIO

from PIL import Image as Picture

from microscope.tests.browser.bench import Bench

MARK = "bench microscope"
CODE = """
import base64, json, sys
from datetime import timedelta
from django.utils import timezone
from images.models import Instrument
now = timezone.now()
for row in json.loads({rows!r}):
    age = timedelta(seconds=row.pop("seen_s_ago"))
    picture = base64.b64decode(row.pop("picture"))
    fields = {{**row, "last_seen_at": now - age, "picture": picture, "picture_at": now - age, "version": {mark!r}}}
    Instrument.objects.update_or_create(name=fields.pop("name"), defaults=fields)
print("written", Instrument.objects.count())
"""
REMOVE = "from images.models import Instrument; Instrument.objects.filter(version={mark!r}).delete(); print('gone')"


def jpeg(colour: str) -> str:
    file = BytesIO()
    Picture.new("RGB", (320, 240), colour).save(file, "JPEG")
    return base64.b64encode(file.getvalue()).decode()


def row_of(name: str, colour: str = "grey", seen_s_ago: float = 0, camera: dict | None = None, **fields) -> dict:
    said = {"model": "PL-D725CU", "serialNumber": "725016342", "host": "LAB", "state": "streaming", **(camera or {})}
    return {"name": name, "camera": said, "seen_s_ago": seen_s_ago, "picture": jpeg(colour), **fields}


def write_rows(bench: Bench, *rows: dict) -> None:
    """Write the rows, as if each PC had given a sign so many seconds ago. Each call takes seconds to start."""
    said = bench.run_beside("shell", "-v", "0", "-c", CODE.format(rows=json.dumps(rows), mark=MARK)).stdout
    assert "written" in said, said


def remove_instruments(bench: Bench) -> None:
    said = bench.run_beside("shell", "-v", "0", "-c", REMOVE.format(mark=MARK)).stdout
    assert "gone" in said, said
