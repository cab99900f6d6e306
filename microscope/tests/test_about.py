"""The page with the version and its changes, and an older program that meets a newer database."""

import re

import pytest
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from microscope import VERSION
from microscope.about import AboutPage, read_changes
from microscope.start.database.newer import describe_newer_database


@pytest.fixture
def read_page(client, viewer, camera, archive):
    """read_page() returns the page as a viewer gets it."""
    client.force_login(viewer)
    return lambda: client.get("/about/").content.decode()


@pytest.fixture
def changelog(tmp_path, settings):
    """The path of a changelog of the test's own. There is no file yet."""
    settings.BASE_DIR = tmp_path
    read_changes.cache_clear()
    yield tmp_path / "CHANGELOG.md"
    read_changes.cache_clear()


@pytest.mark.django_db
def test_it_shows_the_version_and_the_changes_of_this_program(read_page):
    page = read_page()
    assert f"<h1>Microscope {VERSION}</h1>" in page
    assert "<h2>Unreleased</h2>" in page and "<h3>Added</h3>" in page
    assert re.search(r"<li><em>Jobs</em> has pages: .*, also on a phone and without JavaScript\.</li>", page)


@pytest.mark.django_db
def test_the_menu_of_every_page_leads_to_it(client, viewer, camera, archive):
    client.force_login(viewer)
    assert '<a href="/about/">About this version</a>' in client.get("/profile").content.decode()


@pytest.mark.django_db
def test_nothing_in_the_changelog_becomes_html(changelog, read_page):
    changelog.write_text("## 9.9\n\n- a <script>alert(1)</script> in `<b>`\n  and *<i>*\n", encoding="utf-8")
    page = read_page()
    assert "<h2>9.9</h2>" in page
    assert "a &lt;script&gt;alert(1)&lt;/script&gt; in <code>&lt;b&gt;</code> and <em>&lt;i&gt;</em>" in page


@pytest.mark.django_db
def test_without_the_file_it_says_so_and_shows_the_version(changelog, read_page):
    page = read_page()
    assert f"<h1>Microscope {VERSION}</h1>" in page
    assert "is not in the folder of the program" in page


def test_the_page_changes_nothing():
    assert not hasattr(AboutPage, "post")


@pytest.mark.django_db(transaction=True)
def test_a_database_of_a_newer_version_is_refused_in_a_sentence():
    """On both databases. Every command stops at it: test_start_faults."""
    recorder = MigrationRecorder(connection)
    recorder.record_applied("images", "9999_of_next_year")
    try:
        told = describe_newer_database()
    finally:
        recorder.record_unapplied("images", "9999_of_next_year")
    assert told == (
        "The database was made by a newer version of the program (images 9999_of_next_year is not known here). "
        "Install that version, or restore a backup of the database that belongs to this one."
    )
    assert describe_newer_database() is None
