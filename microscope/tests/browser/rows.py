"""Many images at once in the server's library: rows without files and thumbnails."""

from datetime import date

from microscope.tests.browser.bench import Bench

CODE = """
from datetime import datetime, timedelta
from django.contrib.auth import get_user_model
from django.utils import timezone
from images.models import Image
user = get_user_model().objects.get(username={person!r})
zone = timezone.get_default_timezone()
starts = [datetime.fromisoformat(day).replace(tzinfo=zone) + timedelta(hours={hour}) for day in {days!r}]
fields = dict(user=user, exposure_ms=1, gain_db=0, file_size=1000, width=4, height=3, image_format="jpg")
moments = [start + timedelta(seconds=second) for start in starts for second in range({count})]
Image.objects.bulk_create(
    Image(captured_at=at, filename=name, thumbnail_path=f"rows/{{name}}.jpg", is_simulated=True, **fields)
    for at, name in ((at, f"capture_{{at:%Y%m%d_%H%M%S}}_000.jpg") for at in moments)
)
print("made", Image.objects.filter(captured_at__in=moments[:1]).exists())
"""


def add_rows(bench: Bench, days: list[date], count: int, person: str = "ada", hour: int = 8) -> None:
    """Add this many images to each of the days, one a second from this hour on. Each call takes seconds to start."""
    code = CODE.format(person=person, days=[str(day) for day in days], count=count, hour=hour)
    said = bench.run_beside("shell", "-v", "0", "-c", code).stdout
    assert "made True" in said, said


def remove_rows(bench: Bench) -> None:
    """Remove all these rows: other tests would take them for images whose files are lost."""
    remove = "from images.models import Image; rows = Image.objects.filter(file_size=1000, width=4, height=3)"
    said = bench.run_beside(
        "shell", "-v", "0", "-c", f"{remove}; rows._raw_delete(rows.db); print('left', rows.count())"
    ).stdout
    assert "left 0" in said, said
