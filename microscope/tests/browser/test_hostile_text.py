"""Promise 7: user input is shown as text on every page: notes, samples, names of users, objectives and files, and parts
of an address. Each test runs twice: with the program's content security policy, whose violations are incidents, and
without it, where an injected script would run."""

import json
import os
import re
import urllib.parse
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.conftest import fill_in
from microscope.tests.browser.serve_bench import PASSWORD
from microscope.tests.browser.sight import live_stage

TAGS = "\"'><svg onload=alert(2)><img src=nowhere onerror=alert(3)>{{7*7}}\u202e"
MARKUP = f"<script>alert(1)</script>{TAGS}"
SAMPLE = f"javascript:alert(4)//sample{MARKUP}"
NOTE = f"javascript:alert(5)//note{MARKUP}</textarea></title>{MARKUP}"
PERSON = f"mallory{MARKUP}"
OBJECTIVE = f"lens{MARKUP}"
# File names cannot contain a slash.
FILE = f"file{TAGS}$(reboot).jpg"
MAKE_MALLORY = """
import json, sys
from django.contrib.auth.models import Group
from accounts.models import User
name, password = json.loads({said!r})
mallory = User(username=name, first_name=name, last_name=name, is_staff=True, is_superuser=True)
mallory.set_password(password)
mallory.save()
mallory.groups.set(Group.objects.filter(name="managers"))
"""
RENAME = """
import json
from images.models import Image
number, name = json.loads({said!r})
Image.objects.filter(pk=number).update(filename=name, sample="")
"""
# All that the page shows to a reader, in texts and attributes.
READ = """() => [
    document.title, document.documentElement.textContent,
    ...[...document.querySelectorAll("input, textarea")].map(field => field.value),
    ...[...document.querySelectorAll("*")].flatMap(one => ["aria-label", "title", "alt"].map(
        name => one.getAttribute(name) ?? "")),
].join("\\n")"""
# Elements that no page of the program has.
FOREIGN = "[onload], [onerror], img[src='nowhere'], a[href^='javascript:' i], script:not([src]):not([type])"


@pytest.fixture(scope="module")
def hostile(bench):
    """The user mallory, and the numbers of her images: one listed, one in the bin, one whose row names another file."""
    bench.run_beside("shell", "-c", MAKE_MALLORY.format(said=json.dumps([PERSON, PASSWORD])))
    token = bench.log_in(PERSON, PASSWORD)

    def ask(method, address, body, status):
        answered, answer = bench.ask(method, address, body, token)
        assert answered == status, answer
        return answer

    objective = ask("POST", "/api/v1/objectives", {"name": OBJECTIVE, "magnification": 20}, 201)
    bench.set_camera(objective=objective["id"])
    said = {"sample": SAMPLE, "note": NOTE, "format": "jpg"}
    bench.free_camera()
    kept, binned, renamed = (ask("POST", "/api/v1/camera/capture", said, 201)["imageId"] for _ in range(3))
    line = {"imageId": kept, "x1": 100, "y1": 200, "x2": 1100, "y2": 200, "lengthUm": 500}
    ask("POST", f"/api/v1/objectives/{objective['id']}/calibrations", line, 201)
    calibrated = ask("POST", "/api/v1/camera/capture", said, 201)["imageId"]
    ask("POST", "/api/v1/images/bin", {"ids": [binned]}, 200)
    # Make the thumbnail now: without the file it cannot be made later, and pages with the image would have a fault.
    asked = {"Authorization": f"Bearer {token}"}
    with urlopen(Request(bench.address(f"/api/v1/images/{renamed}/thumbnail"), headers=asked), timeout=60) as thumbnail:
        assert thumbnail.read(2) == b"\xff\xd8"
    bench.run_beside("shell", "-c", RENAME.format(said=json.dumps([renamed, FILE])))
    lie_about(bench)
    # This makes an entry in the audit log.
    bench.ask("POST", "/api/v1/auth/login", {"username": MARKUP, "password": "x"})
    yield {"kept": kept, "binned": binned, "renamed": renamed, "calibrated": calibrated, "lens": objective["id"]}
    bench.set_camera(objective=None)
    bench.ask("POST", "/api/v1/images/bin", {"ids": [kept, renamed, calibrated]}, token)


def lie_about(bench) -> None:
    """Write a file of that name into the folder, so that verify reports it."""
    day = next((bench.data_path / "images").glob("????-??-??"))
    (day / FILE).write_bytes(b"x")
    os.utime(day / FILE, (1e9, 1e9))
    bench.run_beside("verify", "--restart", "--full-speed")
    (day / FILE).unlink()


@pytest.fixture(params=[False, True], ids=["policy", "no policy"])
def read(hostile, open_browser, request):
    """read("/images/", NOTE) opens the page as mallory and checks that the text is shown and nothing of it ran."""
    page = open_browser(bypass_csp=request.param)
    dialogs = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.goto("/sign-in?next=/profile")
    fill_in(page, PERSON)
    page.wait_for_url("**/profile")

    def go(address, *texts):
        page.goto(address)
        page.wait_for_load_state("load")
        for text in texts:
            page.wait_for_function(f"text => ({READ})().includes(text)", arg=text)
        return page

    go.page = page
    yield go
    page.wait_for_timeout(100)  # an injected script would have run by now
    assert page.locator(FOREIGN).count() == 0
    assert dialogs == []


def expect_faults_of(page, number: int) -> None:
    """Expect the failed requests for an image whose row names no file of this program."""
    page.incidents.expect(f"/images/{number}/(thumbnail|file)")


def test_the_live_page(read, hostile):
    expect_faults_of(read.page, hostile["renamed"])
    page = read("/", PERSON, OBJECTIVE, SAMPLE)  # the strip of recent pictures shows samples
    live_stage(page).wait_for()
    page.locator("#sample").fill(SAMPLE)
    page.locator("#note").fill(NOTE)
    page.locator("#capture").click()
    expect(page.locator("#slot-result")).to_contain_text("Safe on disk")
    expect(page.locator("#recent-list a").first).to_have_attribute("aria-label", re.compile(re.escape(SAMPLE)))


def test_the_gallery_and_what_stands_in_its_address(read, hostile):
    expect_faults_of(read.page, hostile["renamed"])
    for name in ("text", "user", "job", "objective", "from", "exposureMin", "format", "cursor", "anything"):
        page = read("/images/?" + urllib.parse.urlencode({name: f"javascript:alert(6)//{MARKUP}"}))
        assert page.locator(FOREIGN).count() == 0, name
    read("/images/?" + urllib.parse.urlencode({"text": MARKUP}), MARKUP)
    read(f"/images/?user={urllib.parse.quote(PERSON)}", PERSON, SAMPLE)
    read(f"/images/?text={urllib.parse.quote(NOTE[:150])}", NOTE[:150])


def test_the_gallery_moves_to_the_bin_with_a_toast_and_brings_back(read, hostile):
    expect_faults_of(read.page, hostile["renamed"])
    page = read("/images/?simulated=", SAMPLE, FILE)
    page.locator(f".shot[data-id='{hostile['kept']}'] .tick").click()
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Undo").click()
    page.locator(f".shot[data-id='{hostile['kept']}']").wait_for()


def test_the_bin(read):
    read("/images/bin/", SAMPLE)


def test_the_page_of_an_image_and_its_lines_to_copy(read, hostile):
    page = read(f"/images/{hostile['calibrated']}/", SAMPLE, NOTE, PERSON, OBJECTIVE)
    page.keyboard.press("e")
    page.locator("#note").fill(NOTE + ".")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#said-note")).to_have_text(NOTE + ".")
    expect(page.locator("#said-sample")).to_have_text(SAMPLE)


def test_the_page_of_an_image_whose_row_names_a_file_like_that(read, hostile):
    expect_faults_of(read.page, hostile["renamed"])
    page = read(f"/images/{hostile['renamed']}/", FILE)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    lines = {}
    for name in ("curl", "Python"):
        page.locator("#download-menu summary").click()
        page.get_by_role("button", name=f"Copy as {name}").click()
        lines[name] = page.locator("#line-text").input_value()
        page.keyboard.press("Escape")
    assert f"-o '{FILE.replace(chr(39), chr(39) + chr(92) + chr(39) * 2)}' http" in lines["curl"]
    compile(lines["Python"], "line", "exec")
    assert json.dumps(FILE, ensure_ascii=False) in lines["Python"]


def test_calibrating_and_the_objectives(read, hostile):
    read(f"/images/{hostile['kept']}/calibrate/", SAMPLE, OBJECTIVE)
    read("/objectives/", OBJECTIVE)
    read(f"/images/?objective={hostile['lens']}", OBJECTIVE)


def test_the_verification_tells_of_a_file_like_that(read):
    read("/verification/", FILE)


def test_the_profile_and_signing_in(read):
    read("/profile", PERSON)
    read("/profile/password", PERSON)
    page = read("/sign-in?" + urllib.parse.urlencode({"next": f"javascript:alert(7)//{MARKUP}"}))
    # That led to the live page, which asks for its state all the time: it would go to sign in by itself.
    page.goto("about:blank")
    page.context.clear_cookies()
    page.goto("/sign-in?" + urllib.parse.urlencode({"next": f"javascript:alert(8)//{MARKUP}"}))
    page.incidents.expect("401", "status of 4", "refused: 4")
    fill_in(page, MARKUP, "wrong")
    expect(page.get_by_label("User name")).to_have_value(MARKUP)
    fill_in(page, PERSON)
    live_stage(page).wait_for()


def test_the_admin_its_lists_and_its_audit_log(read, hostile):
    expect_faults_of(read.page, hostile["renamed"])
    read.page.incidents.expect("/favicon.ico")  # the admin has no icon of its own
    searched = urllib.parse.quote(MARKUP)
    for address, texts in {
        "/admin/": [PERSON],
        "/admin/accounts/user/": [PERSON],
        "/admin/images/image/": [SAMPLE, FILE, PERSON],
        f"/admin/images/image/?q={searched}": [MARKUP],
        f"/admin/images/image/{hostile['kept']}/change/": [PERSON],
        f"/admin/images/image/{hostile['renamed']}/change/": [PERSON, FILE],
        "/admin/images/objective/": [OBJECTIVE],
        "/admin/images/calibration/": [OBJECTIVE],
        "/admin/microscope/auditentry/": [PERSON, MARKUP],
        f"/admin/microscope/auditentry/?q={searched}": [MARKUP],
    }.items():
        page = read(address, *texts)
        assert page.locator(FOREIGN).count() == 0, address
