import re

from playwright.sync_api import expect

from microscope.tests.browser.sight import wait_until

# All words of an element from now on, in their order. Some stand for a second only.
NOTE_WORDS = """element => {
    const said = [];
    const note = () => said.at(-1) === element.innerText || said.push(element.innerText);
    const everything = {childList: true, subtree: true, characterData: true, attributes: true};
    new MutationObserver(note).observe(element, everything);
    return said;
}"""


def newest(page) -> str:
    """Return the number of the newest image in the strip, or "" if there is none."""
    first = page.locator("#recent-list li").first
    return first.get_attribute("data-id") if first.count() else ""


def test_the_space_bar_captures_and_the_picture_can_be_followed_into_the_gallery(watch_live, bench):
    page = watch_live()
    page.locator("#sample").fill("Colon 14-B")
    page.locator("#stage").click()
    page.keyboard.press(" ")
    expect(page.locator("#slot-result")).to_contain_text("Safe on disk")
    link = page.locator("#slot-result").get_by_role("link", name="Open")
    number = re.search(r"\d+", link.get_attribute("href"))[0]
    wait_until(page, lambda: newest(page), lambda first: first == number)
    assert bench.image(int(number))["exposureTime"] == 10
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Colon 14-B")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Images").click()
    expect(page.locator(f".shot[data-id='{number}']")).to_be_visible()


def test_the_strip_grows_by_each_capture(watch_live, bench):
    bench.capture()
    page = watch_live()
    wait_until(page, lambda: newest(page), bool)
    before = newest(page)
    page.locator("#capture").click()
    wait_until(page, lambda: newest(page), lambda first: first != before)
    assert page.locator(f"#recent-list li[data-id='{before}']").count() == 1
    expect(page.locator("#recent-list img").first).to_have_js_property("complete", True)


def test_a_key_held_down_captures_once(watch_live, bench):
    page = watch_live()
    with page.expect_response("**/api/v1/camera/capture") as answer:
        for _ in range(5):
            page.keyboard.down(" ")
    page.keyboard.up(" ")
    wait_until(page, lambda: newest(page), lambda first: first == str(answer.value.json()["imageId"]))
    expect(page.locator("#capture")).to_have_attribute("data-state", "idle")
    newest_two = bench.ask("GET", "/api/v1/images?limit=1", token=bench.token())[1]["results"]
    assert newest_two[0]["imageId"] == answer.value.json()["imageId"]


def test_the_button_says_what_goes_on(watch_live, bench):
    bench.set_camera(exposure=600)
    page = watch_live()
    button = page.locator("#capture")
    expect(page.locator("#exposure")).to_have_value("600")
    said = button.evaluate_handle(NOTE_WORDS)
    button.click()
    wait_until(page, said.json_value, lambda words: len(words) > 1 and "Capture simulated" in words[-1])
    words = " > ".join(said.json_value())
    assert re.search("Exposing 600 ms.* > .*Safe on disk.* > .*Capture simulated", words), words


def test_space_in_a_field_writes_a_space(watch_live):
    page = watch_live()
    page.locator("#note").press_sequentially("two words")
    expect(page.locator("#note")).to_have_value("two words")
    expect(page.locator("#slot-result")).to_be_empty()


def test_a_refused_capture_is_a_sentence_and_the_button_works_again(watch_live):
    page = watch_live()
    page.incidents.expect("400")
    page.locator("#quality").fill("1000")
    page.locator("#capture").click()
    expect(page.locator("#slot-error")).to_contain_text("100")
    page.locator("#quality").fill("80")
    page.locator("#capture").click()
    expect(page.locator("#slot-result")).to_contain_text("Safe on disk")
    expect(page.locator("#slot-error")).to_be_empty()


def test_a_strip_that_cannot_be_refreshed_says_so_and_recovers(watch_live):
    page = watch_live()
    page.incidents.expect("503")
    answer = {"status": 503, "json": {"code": "database_away", "message": "The database does not answer."}}
    page.route("**/api/v1/images?limit=*", lambda route: route.fulfill(**answer))
    page.locator("#capture").click()
    expect(page.locator("#recent-problem")).to_have_text("Not up to date. The database does not answer.")
    page.unroute_all()
    page.locator("#capture").click()
    expect(page.locator("#recent-problem")).to_be_hidden()
