import hashlib
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from playwright.sync_api import expect

from images.formats import FORMATS
from microscope.tests.browser.sight import draw_line, pixels, wait_until

COPYING = {"permissions": ["clipboard-read", "clipboard-write"]}


@pytest.fixture
def image(capture_set):
    return capture_set(1)[0]


def drawn(page) -> list[int]:
    return pixels(page.locator("#viewer .openseadragon-canvas > canvas").first, 160, 100)


def test_the_original_is_drawn_and_deep_zoom_goes_to_its_pixels(image, visit):
    page = visit(f"/images/{image['imageId']}/")
    whole = wait_until(page, lambda: drawn(page), lambda values: len(set(values)) > 20)
    page.keyboard.press("1")
    expect(page.locator("#zoom")).to_have_text("100 %")
    wait_until(page, lambda: drawn(page), lambda values: values != whole and len(set(values)) > 20)
    page.locator("#viewer").hover()
    page.mouse.wheel(0, -600)
    expect(page.locator("#zoom")).not_to_have_text("100 %")
    page.keyboard.press("f")
    expect(page.locator("#tool-fit")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#share-underexposed")).to_have_text(re.compile("%$"))


def test_a_zoom_that_was_asked_for_before_the_picture_came_is_not_lost(image, open_browser):
    page = open_browser("ada")
    page.route("**/file*", lambda held: None)
    page.goto(f"/images/{image['imageId']}/", wait_until="domcontentloaded")
    page.keyboard.press("1")
    page.unroute("**/file*")  # let the held request go on
    expect(page.locator("#zoom")).to_have_text("100 %")


def test_verify_reads_the_file_again_and_says_when_it_is_no_more_the_same(image, visit):
    page = visit(f"/images/{image['imageId']}/")
    expect(page.locator("#verify-result")).to_have_text("Not verified since this page was opened.")
    page.get_by_role("button", name="Verify now").click()
    expect(page.locator("#verify-result")).to_have_text(re.compile(r"Unchanged. Read again \d s ago."))
    spoil(Path(image["filepath"]))
    page.keyboard.press("v")
    expect(page.locator("#verify-result")).to_have_text(re.compile("The file differs from its record."))


def spoil(path: Path) -> None:
    """Flip one bit of the original, as a failing disk might."""
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_sample_and_note_are_edited_in_place(image, visit, bench):
    page = visit(f"/images/{image['imageId']}/")
    page.keyboard.press("e")
    page.locator("#sample").fill("Rat liver <3>")
    page.locator("#note").fill("Stained\ntwice")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rat liver <3>")
    expect(page.locator("#said-note")).to_have_text("Stained\ntwice", use_inner_text=True)
    kept = bench.image(image["imageId"])
    assert (kept["sample"], kept["note"]) == ("Rat liver <3>", "Stained\ntwice")
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rat liver <3>")


def test_escape_leaves_the_note_as_it_was(image, visit):
    page = visit(f"/images/{image['imageId']}/")
    page.get_by_role("button", name="Edit (E)").click()
    page.locator("#sample").fill("No, not this")
    page.keyboard.press("Escape")
    expect(page.locator("#edit-form")).to_be_hidden()
    expect(page.locator("#said-sample")).not_to_have_text("No, not this")


def test_keys_and_buttons_lead_to_the_neighbours(capture_set, visit):
    newest, middle, oldest = (image["imageId"] for image in capture_set(3))
    address = f"?text={capture_set.sample}"
    page = visit(f"/images/{middle}/{address}")
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile(f"/images/{newest}/"))
    expect(page.get_by_text("Newest")).to_be_visible()
    page.locator("#older").click()
    expect(page).to_have_url(re.compile(f"/images/{middle}/"))
    page.locator("#older").click()
    expect(page).to_have_url(re.compile(f"/images/{oldest}/"))
    expect(page.get_by_text("Oldest")).to_be_visible()


def test_the_link_to_images_is_marked_as_current(image, visit):
    page = visit(f"/images/{image['imageId']}/")
    link = page.get_by_role("navigation", name="Pages").get_by_role("link", name="Images")
    expect(link).to_have_attribute("aria-current", "true")


def copied(page, name: str) -> str:
    page.locator("#download-menu summary").click()
    page.get_by_role("button", name=name).click()
    expect(page.get_by_text("Replace TOKEN with your access token.")).to_be_visible()
    return page.evaluate("navigator.clipboard.readText()")


def run(command: list[str], bench, folder: Path, image: dict) -> None:
    """Run the copied lines in an empty folder and return the file that they leave there."""
    subprocess.run(command, cwd=folder, env={**os.environ, "TOKEN": bench.token()}, check=True, timeout=60)
    content = (folder / image["filename"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == image["sha256"]


def test_what_is_copied_as_curl_downloads_the_original(image, visit, bench, tmp_path):
    page = visit(f"/images/{image['imageId']}/", **COPYING)
    shell = shutil.which("sh") and shutil.which("curl") and ["sh", "-c"]
    if not shell:
        pytest.skip("no shell with curl")
    run([*shell, copied(page, "Copy as curl")], bench, tmp_path, image)


def test_what_is_copied_as_python_downloads_the_original(image, visit, bench, tmp_path):
    page = visit(f"/images/{image['imageId']}/", **COPYING)
    run([sys.executable, "-c", copied(page, "Copy as Python")], bench, tmp_path, image)


def test_the_download_is_the_original(image, visit, tmp_path):
    page = visit(f"/images/{image['imageId']}/")
    with page.expect_download() as coming:
        page.keyboard.press("d")
    assert coming.value.suggested_filename == image["filename"]
    assert hashlib.sha256(Path(coming.value.path()).read_bytes()).hexdigest() == image["sha256"]


def test_an_export_is_chosen_from_the_menu(image, visit, tmp_path):
    page = visit(f"/images/{image['imageId']}/")
    page.locator("#download-menu summary").click()
    expect(page.get_by_role("link", name="with scale bar")).to_have_count(0)
    with page.expect_download() as coming:
        page.get_by_role("link", name="Export as PNG").click()
    assert coming.value.suggested_filename == f"export_of_{image['filename'].removesuffix('.jpg')}.png"
    with Picture.open(coming.value.path()) as export, Picture.open(image["filepath"]) as original:
        assert export.format == "PNG"
        assert (np.asarray(export) == np.asarray(original)).all()


def test_a_tiff_is_shown_at_its_full_size_and_counted_exactly(bench, visit):
    image = bench.capture(format="tiff")
    page = visit(f"/images/{image['imageId']}/")
    expect(page.get_by_text("Browsers cannot show this TIFF as it is. Display copy: 8 bit, as PNG.")).to_be_visible()
    wait_until(page, lambda: drawn(page), lambda values: len(set(values)) > 20)
    pixels = FORMATS["tiff"].read_pixels(Path(image["filepath"]))
    black, clipped = (pixels == 0).all(axis=2).mean(), (pixels == 255).any(axis=2).mean()
    expect(page.locator("#share-underexposed")).to_have_text(f"{100 * black:.2f} %")
    expect(page.locator("#share-clipped")).to_have_text(f"{100 * clipped:.2f} %")


def test_a_tiff_is_measured_in_its_own_pixels(bench, visit):
    image = bench.capture(format="tiff")
    page = visit(f"/images/{image['imageId']}/")
    page.keyboard.press("1")
    expect(page.locator("#zoom")).to_have_text("100 %")
    page.keyboard.press("m")
    draw_line(page, 100)
    expect(page.locator("#measure-lines strong")).to_have_text("100.0 px")


@pytest.mark.parametrize(
    ("name", "beginning"),
    [
        ("Copy line for Fiji, ImageJ", 'open("http'),
        ("Copy line for napari", "import io, tifffile, urllib.request, napari; "),
        ("Copy line of Python", "import io, tifffile, urllib.request; pixels = "),
    ],
)
def test_a_line_that_opens_the_picture_elsewhere_is_copied(image, visit, name, beginning):
    page = visit(f"/images/{image['imageId']}/", **COPYING)
    page.locator("#download-menu summary").click()
    page.get_by_role("button", name=name).click()
    expect(page.get_by_role("status").get_by_text("The link is valid for ten minutes")).to_be_visible()
    line = page.evaluate("navigator.clipboard.readText()")
    assert line.startswith(beginning)
    with urllib.request.urlopen(re.search(r'http[^"]+[.]ome[.]tif', line)[0]) as answer:
        assert answer.read(4) == b"II*\0"


def test_where_the_clipboard_is_not_allowed_the_line_can_be_selected(image, visit):
    page = visit(f"/images/{image['imageId']}/")
    # Browsers give pages no clipboard over plain HTTP.
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.locator("#download-menu summary").click()
    page.get_by_role("button", name="Copy line for Fiji, ImageJ").click()
    dialog = page.get_by_role("dialog", name="Copy the text")
    expect(dialog).to_contain_text("The link is valid for ten minutes")
    expect(dialog.get_by_role("textbox")).to_be_focused()
    selected = page.evaluate("document.activeElement.value.slice(document.activeElement.selectionStart)")
    assert selected.startswith('open("http') and selected.endswith('.ome.tif");')
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#image")).to_be_visible()


def test_a_missing_original_is_a_sentence(image, open_browser):
    Path(image["filepath"]).unlink()
    page = open_browser("ada")
    page.incidents.expect(f"/images/{image['imageId']}/file")
    page.goto(f"/images/{image['imageId']}/")
    expect(page.locator("#stage-problem")).to_contain_text("is missing from the archive")


def test_a_picture_that_is_not_there_is_a_page_that_says_so(open_browser):
    page = open_browser("ada")
    page.incidents.expect("404")
    page.goto("/images/999999/")
    expect(page.get_by_role("link", name="Back to the live picture")).to_be_visible()
