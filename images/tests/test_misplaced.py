"""Verify and rebuild name an original in the wrong folder or under another name, and say where it belongs."""

import io

import pytest
from django.core.management import call_command

from images.models import Image, Verification
from images.tests.places import path_of
from images.tests.spoiled import MISSING, UNKNOWN, age, run

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("own_data_folder")]
HOME = "2025-01-16/capture_20250116_103045_123.jpg"


def run_rebuild() -> tuple[int, str]:
    printed = io.StringIO()
    try:
        call_command("rebuild", stdout=printed)
    except SystemExit as ended:
        return ended.code, printed.getvalue()
    return 0, printed.getvalue()


@pytest.mark.parametrize("folder", ["2025-01-16 (1)", "old/2025-01-16", "2025-01-17", ".", "a/b/c"])
def test_an_original_in_the_wrong_folder_is_named_with_where_it_belongs(archive, keep_original, folder):
    kept, _ = keep_original()
    (archive.root / folder).mkdir(parents=True, exist_ok=True)
    path_of(kept).rename(archive.root / folder / kept.filename)
    code, printed = run_rebuild()
    assert (code, Image.objects.count()) == (16, 0)
    assert f"It belongs at {HOME}" in printed
    age(archive)
    assert run()[0] == UNKNOWN
    assert HOME in " ".join(Verification.objects.first().findings.values_list("detail", flat=True))


@pytest.mark.parametrize("name", ["{} (1).jpg", "{} (conflicted copy 2025-01-17).jpg", "{} - Copy.jpg"])
def test_a_renamed_original_is_the_missing_one_under_another_name(archive, keep_image, name):
    path = archive.path_of(keep_image().filename)
    path.rename(path.with_name(name.format(path.stem)))
    age(archive)
    code, printed = run()
    assert code == MISSING | UNKNOWN
    assert f"This is the missing {path.name} under another name" in printed
    assert f"This is the missing {path.name} under another name" in run_rebuild()[1]
