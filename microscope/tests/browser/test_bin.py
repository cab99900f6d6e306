import re

from playwright.sync_api import expect


def select(page, *numbers: int) -> None:
    for number in numbers:
        page.locator(f".shot[data-id='{number}'] .tick").click()


def shot(page, number: int):
    return page.locator(f".shot[data-id='{number}']")


def test_several_go_to_the_bin_and_come_back_from_its_page(capture_set, bench, visit):
    kept, second, first = (image["imageId"] for image in capture_set(3))
    page = visit(f"/images/?text={capture_set.sample}")
    select(page, first, second)
    page.get_by_role("button", name="Move to bin").click()
    expect(page.get_by_role("status").filter(has_text="2 images moved to the bin")).to_be_visible()
    expect(page.locator(".shot")).to_have_count(1)
    expect(shot(page, kept)).to_be_visible()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Bin").click()
    select(page, first, second)
    page.get_by_role("button", name="Restore", exact=True).last.click()
    expect(page.get_by_text("2 images restored")).to_be_visible()
    expect(shot(page, first)).to_have_count(0)
    page.goto(f"/images/?text={capture_set.sample}")
    expect(page.locator(".shot")).to_have_count(3)
    assert not any(bench.image(number)["binnedAt"] for number in (first, second))


def test_undo_brings_them_back_where_they_were(capture_set, visit):
    numbers = [image["imageId"] for image in capture_set(3)]
    page = visit(f"/images/?text={capture_set.sample}")
    select(page, numbers[1])
    page.keyboard.press("Delete")
    expect(page.locator(".shot")).to_have_count(2)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".shot")).to_have_count(3)
    assert [int(one.get_attribute("data-id")) for one in page.locator(".shot").all()] == numbers


def test_one_click_restores_one(capture_set, visit):
    number = capture_set(1)[0]["imageId"]
    page = visit(f"/images/{number}/")
    page.locator("#download-menu summary").click()
    page.get_by_role("button", name="Move to bin").click()
    expect(page.locator(".binned")).to_contain_text("In the bin since")
    page.goto("/images/bin/")
    shot(page, number).get_by_role("button", name="Restore").click()
    expect(shot(page, number)).to_have_count(0)
    page.goto(f"/images/{number}/")
    expect(page.locator(".binned")).to_have_count(0)


def test_images_of_others_stay_and_a_sentence_says_why(capture_set, bench, visit):
    number = capture_set(1)[0]["imageId"]
    page = visit(f"/images/?text={capture_set.sample}", "linus")
    select(page, number)
    expect(page.get_by_role("button", name="Move to bin")).to_be_disabled()
    expect(shot(page, number)).to_be_visible()


def test_only_a_manager_empties_the_bin_and_is_asked_first(capture_set, bench, visit):
    number = capture_set(1)[0]["imageId"]
    assert bench.ask("POST", "/api/v1/images/bin", {"ids": [number]}, bench.token())[0] == 200
    page = visit("/images/bin/")
    expect(page.get_by_role("button", name="Empty the bin")).to_have_count(0)
    page = visit("/images/bin/", "grace")
    page.get_by_role("button", name="Empty the bin").click()
    expect(page.get_by_role("button", name="Keep them")).to_be_focused()
    page.keyboard.press("Enter")
    expect(shot(page, number)).to_be_visible()
    page.get_by_role("button", name="Empty the bin").click()
    page.get_by_role("button", name="Remove the originals").click()
    expect(page.get_by_role("heading", name="The bin is empty")).to_be_visible()
    expect(page.locator(".toast")).to_have_text(re.compile("The bin is empty"))


def test_back_does_not_show_what_went_to_the_bin_meanwhile(capture_set, bench, visit):
    kept, gone = (image["imageId"] for image in capture_set(2))
    page = visit(f"/images/?text={capture_set.sample}")
    expect(page.locator(".shot")).to_have_count(2)
    page.goto(f"/images/{gone}/")
    assert bench.ask("POST", "/api/v1/images/bin", {"ids": [gone]}, token=bench.token())[0] == 200
    page.go_back()
    expect(shot(page, kept)).to_be_visible()
    expect(shot(page, gone)).to_have_count(0)
