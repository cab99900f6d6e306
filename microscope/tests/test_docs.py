"""The docs: each link leads to something, what they name is there, and the README stays short."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)


def read_prose(page: Path) -> str:
    """Return the text of a page without its blocks of code."""
    return FENCED.sub("", page.read_text(encoding="utf-8"))


def relative_links(page: Path) -> list[str]:
    return [link for link in LINK.findall(read_prose(page)) if not re.match(r"[a-z]+:", link)]


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of headings: lower case, no punctuation, hyphens for spaces."""
    headings = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in HEADING.findall(read_prose(page))]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(page: Path) -> list[str]:
    dead = []
    for link in relative_links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    return dead


FOLDERS = "accounts|benchmarks|camera|deploy|docs|folding|images|microscope|static|templates|tests"
PATH = re.compile(rf"`((?:{FOLDERS})/[\w./*-]+)")
# Pages that show how something new is made name it before it is there.
EXAMPLES = {"camera/drivers/plain/driver.py", "images/formats/webp.py"}
PAGE_OF_TEMPLATES = "microscope/page.html"


def named_paths(text: str) -> set[str]:
    return {path.rstrip("/.") for path in PATH.findall(text)} - EXAMPLES - {PAGE_OF_TEMPLATES}


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_between_the_pages_leads_to_a_file_and_a_heading_that_exist(page):
    assert dead_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_and_folder_that_a_page_names_is_there(page):
    assert {path for path in named_paths(page.read_text(encoding="utf-8")) if not list(ROOT.glob(path))} == set()


THREAD = re.compile(r'(?:Thread\(|ThreadPoolExecutor\(|Rounds\()[^)]*?f?"([a-z -]+)')
# Read the output of a command, or belong to a command.
OF_COMMANDS = {"lines of a command"}


def test_the_page_of_the_architecture_names_every_thread():
    sources = [path for app in ("accounts", "camera", "images", "microscope") for path in (ROOT / app).rglob("*.py")]
    texts = [path.read_text(encoding="utf-8") for path in sources if "tests" not in path.parts]
    started = {name.strip() for text in texts for name in THREAD.findall(text)} - OF_COMMANDS
    page = (ROOT / "docs" / "develop" / "architecture.md").read_text(encoding="utf-8")
    assert {"camera", "jobs", "spool sender"} <= started
    assert {name for name in started if f"`{name}" not in page} == set()


def test_every_page_of_the_docs_can_be_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        linked = {(page.parent / link.partition("#")[0]).resolve() for link in relative_links(page)}
        waiting += [target for target in linked - reached if target.suffix == ".md" and target.exists()]
    assert {name_of(page) for page in PAGES} - {name_of(page) for page in reached} == set()


@pytest.mark.parametrize("page", sorted((ROOT / "docs/develop/decisions").glob("0*.md")), ids=name_of)
def test_every_decision_says_its_date_context_choice_and_consequence(page):
    text = page.read_text(encoding="utf-8")
    assert re.search(r"^Date: \d{4}-\d\d-\d\d$", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Choice", "Consequence"]


def test_the_glossary_is_short():
    lines = (ROOT / "docs" / "develop" / "glossary.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and line != "| Word | Means |"]
    assert len(rows) <= 40


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120
