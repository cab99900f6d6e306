import csv
import hashlib
import io
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image as Picture
from playwright.sync_api import expect

from microscope.tests.browser.sight import wait_until


def shown(page) -> list[int]:
    return [int(shot.get_attribute("data-id")) for shot in page.locator(".shot").all()]


def unpack(path: Path) -> tuple[dict[str, bytes], list[dict[str, str]]]:
    """Return the files of a ZIP by name, and the rows of its manifest."""
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        content = {name: archive.read(name) for name in archive.namelist()}
    return content, list(csv.DictReader(io.StringIO(content.pop("manifest.csv").decode())))


@pytest.fixture
def own_three(capture_set, visit):
    """The gallery with only this test's three images, newest first, and their numbers."""
    numbers = [image["imageId"] for image in capture_set(3)]
    page = visit(f"/images/?text={capture_set.sample}")
    assert shown(page) == numbers
    return page, numbers


def test_a_filter_lives_in_the_address_and_outlives_a_reload(bench, visit):
    png = bench.capture(format="png")
    jpg = bench.capture(format="jpg")
    page = visit("/images/")
    expect(page.locator(f".shot[data-id='{jpg['imageId']}']")).to_be_visible()
    page.locator("#format").select_option("png")
    expect(page).to_have_url(re.compile(r"/images/\?format=png$"))
    page.reload()
    assert png["imageId"] in shown(page)
    assert jpg["imageId"] not in shown(page)
    page.get_by_role("link", name="Clear the filter Format").click()
    expect(page).to_have_url(re.compile(r"/images/$"))
    expect(page.locator(f".shot[data-id='{jpg['imageId']}']")).to_be_visible()


def test_words_and_exposures_are_looked_for(capture_set, bench, visit):
    short, long = capture_set(1, exposure=3)[0], capture_set(1, exposure=6)[0]
    page = visit("/images/")
    page.keyboard.press("/")
    page.keyboard.type(capture_set.sample)
    page.keyboard.press("Enter")
    expect(page.locator(".shot")).to_have_count(2)
    page.locator(".filter summary", has_text="Exposure").click()
    page.locator("#exposureMin").fill("5")
    page.locator("#exposureMin").press("Enter")
    expect(page.locator(".shot")).to_have_count(1)
    assert shown(page) == [long["imageId"]] != [short["imageId"]]
    expect(page).to_have_url(re.compile("exposureMin=5"))


def test_simulated_images_can_be_hidden(own_three):
    page, _ = own_three
    page.get_by_text("Show simulated").click()
    expect(page).to_have_url(re.compile("simulated=false"))
    expect(page.get_by_role("heading", name="Nothing matches these filters")).to_be_visible()


def test_a_filter_that_makes_no_sense_is_a_sentence_and_the_others_count(own_three, visit):
    page, numbers = own_three
    page.goto(page.url + "&simulated=junk")
    expect(page.get_by_role("alert")).to_have_text(re.compile("Simulated: Must be true or false."))
    assert shown(page) == numbers


def test_the_keyboard_moves_opens_and_comes_back_to_the_same_place(own_three):
    page, numbers = own_three
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.locator(f".shot[data-id='{numbers[1]}'] a")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"/images/{numbers[1]}/"))
    page.locator("#tools").wait_for()  # the page's script has run
    page.keyboard.press("Escape")
    expect(page.locator(f".shot[data-id='{numbers[1]}'] a")).to_be_focused()
    wait_until(page, lambda: shown(page), lambda now: now == numbers)


def test_shift_and_arrows_select_and_escape_clears(own_three):
    page, _ = own_three
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator("#actions-count")).to_have_text("2 selected")
    page.keyboard.press("Control+a")
    expect(page.locator("#actions-count")).to_have_text("3 selected")
    page.keyboard.press("Escape")
    expect(page.locator("#actions")).to_be_hidden()


def test_a_selection_comes_as_a_zip_whose_sums_are_those_of_its_bytes(own_three, bench):
    page, numbers = own_three
    page.locator(".tick").nth(0).click()
    page.locator(".tick").nth(2).click()
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download ZIP").click()
    content, rows = unpack(coming.value.path())
    assert {int(row["imageId"]) for row in rows} == {numbers[0], numbers[2]}
    sums = {name: hashlib.sha256(one).hexdigest() for name, one in content.items()}
    assert {row["filename"]: row["sha256"] for row in rows} == sums
    assert set(sums.values()) == {bench.image(number)["sha256"] for number in (numbers[0], numbers[2])}


def test_a_selection_comes_converted(own_three, bench):
    page, numbers = own_three
    page.locator(".tick").nth(0).click()
    page.locator(".tick").nth(1).click()
    page.locator("#download-menu summary").click()
    page.get_by_text("Add a scale bar if the scale is known").click()
    with page.expect_download() as coming:
        page.get_by_role("button", name="As PNG").click()
    content, rows = unpack(coming.value.path())
    assert [int(row["imageId"]) for row in rows] == numbers[:2]
    assert [row["originalSha256"] for row in rows] == [bench.image(number)["sha256"] for number in numbers[:2]]
    assert {row["status"] for row in rows} == {"no scale bar: scale unknown"}
    for row in rows:
        assert row["filename"].endswith(".png") and "/export_of_" in row["filename"]
        assert row["sha256"] == hashlib.sha256(content[row["filename"]]).hexdigest()
        assert Picture.open(io.BytesIO(content[row["filename"]])).size == (1920, 1080)


def test_escape_closes_the_menu_before_it_clears_the_selection(own_three):
    page, _ = own_three
    page.locator(".tick").nth(0).click()
    page.locator("#download-menu summary").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="As PNG")).to_be_hidden()
    expect(page.locator("#actions-count")).to_have_text("1 selected")
    page.locator(".shot a").nth(0).focus()
    page.keyboard.press("Escape")
    expect(page.locator("#actions")).to_be_hidden()


def scroll_to_the_end(page) -> None:
    """Scroll again for each page of images, as a user does. Earlier tests may have left many."""
    more = page.locator("#more")

    def scroll() -> str:
        more.scroll_into_view_if_needed()
        return more.inner_text()

    wait_until(page, scroll, lambda words: words == "No older images", patience_s=60)


def test_older_images_come_as_one_scrolls(bench, visit):
    """A page has sixty images. The user can scroll to the last one, however many there are."""
    bench.capture(sample="the last of a long list")
    shown_now = bench.ask("GET", "/api/v1/images?stacked=true&limit=200", token=bench.token())[1]["results"]
    for _ in range(max(0, 70 - len(shown_now))):
        bench.capture(exposure=0.1)
    page = visit("/images/")
    scroll_to_the_end(page)
    assert len(set(shown(page))) == len(shown(page)) > 60
    assert shown(page) == sorted(shown(page), reverse=True)
