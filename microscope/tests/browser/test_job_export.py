"""The export menu of a job in a browser: by mouse, by keyboard, on a phone, and without a script."""

import zipfile

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.conftest import PHONE
from microscope.tests.browser.sight import wait_until
from microscope.tests.browser.test_accessible import violations
from microscope.tests.browser.test_jobs import ended_job, job_state, plan_job  # noqa: F401 (fixtures)
from microscope.tests.browser.test_sizes import sideways


def open_menu(page):
    page.locator("#export > summary").click()
    expect(page.get_by_role("button", name="Fiji hyperstack")).to_be_visible()
    return page.locator("#export")


def test_a_job_is_downloaded_and_the_page_stays(ended_job, tmp_path):  # noqa: F811
    menu = open_menu(ended_job)
    assert violations(ended_job) == []
    with ended_job.expect_download() as started:
        menu.get_by_role("button", name="ZIP of originals").click()
    started.value.save_as(tmp_path / "job.zip")
    with zipfile.ZipFile(tmp_path / "job.zip") as file:
        assert len([name for name in file.namelist() if name.endswith(".jpg")]) == 4
    expect(ended_job.locator("#player-number")).to_have_text("No. 4 of 4")


def test_the_menu_is_used_by_keyboard_and_escape_closes_it_alone(ended_job):  # noqa: F811
    page = ended_job
    summary = page.locator("#export > summary")
    summary.focus()
    page.keyboard.press("Enter")
    rate = page.get_by_role("radio", name="10", exact=True).and_(page.locator("[name=rate]"))
    rate.focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[name=rate][value='25']")).to_be_checked()
    page.keyboard.press("Enter")  # begins nothing
    page.get_by_role("button", name="GIF movie").focus()
    with page.expect_download() as started:
        page.keyboard.press("Enter")
    assert started.value.suggested_filename.endswith("Wound_3.gif")
    assert "rate=25" in started.value.url
    page.keyboard.press("Escape")
    expect(summary).to_be_focused()
    expect(page.get_by_role("button", name="GIF movie")).to_be_hidden()
    expect(page.locator("#player-number")).to_have_text("No. 4 of 4")


@pytest.mark.parametrize("size", [(390, 844), (320, 640), (844, 390)])
def test_the_whole_menu_is_reached_on_a_phone(visit, plan_job, job_state, size):  # noqa: F811
    job_id = plan_job(loops=1)
    page = visit(f"/jobs/{job_id}/", **{**PHONE, "viewport": dict(zip(("width", "height"), size, strict=True))})
    wait_until(page, lambda: job_state(job_id)["state"], lambda state: state == "finished", patience_s=60)
    page.reload()
    menu = open_menu(page)
    for name in ("Fiji hyperstack", "MP4 movie"):
        menu.get_by_role("button", name=name).scroll_into_view_if_needed()
        expect(menu.get_by_role("button", name=name)).to_be_in_viewport(ratio=1)
    assert sideways(page) == []


def test_without_a_script_the_menu_downloads_and_says_what_it_cannot_make(open_browser, plan_job, job_state):  # noqa: F811
    job_id = plan_job(loops=2)
    page = open_browser("ada", java_script_enabled=False)
    wait_until(page, lambda: job_state(job_id)["state"], lambda state: state == "finished", patience_s=60)
    page.goto(f"/jobs/{job_id}/")
    menu = open_menu(page)
    with page.expect_download() as started:
        menu.get_by_role("button", name="CSV list").click()
    assert started.value.suggested_filename.endswith("_slots.csv")
    page.incidents.expect("404")
    page.goto(f"/jobs/{job_id + 1000}/export?as=gif")
    expect(page.get_by_role("heading", name="There is no job")).to_be_visible()
