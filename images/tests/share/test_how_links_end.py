"""How share links end, how their openings are counted, and that nothing tells of them."""

import logging
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from images.library import the_library
from images.models import Image, ShareLink
from images.tests.share.strangers import LINKS, has_ended, read, visit
from microscope.models import AuditEntry
from microscope.start.log_lines import LineFormatter

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]


class TestHowALinkEnds:
    def test_on_its_day_and_for_all_its_files(self, share, image):
        path = share(may_load="original")
        ShareLink.objects.update(expires_at=timezone.now())
        for rest in (
            "",
            "originals.zip",
            *(f"{image.pk}/{name}" for name in ("picture.jpg", "original", "thumbnail.jpg")),
        ):
            assert has_ended(path + rest)
        image.refresh_from_db()
        assert image.binned_at is None and the_library().archive.path_of(image.filename).exists()

    def test_at_once_when_it_is_revoked_also_for_a_browser_that_has_the_picture(self, share, image, api, operator):
        path = share()
        first = visit(f"{path}{image.pk}/picture.jpg")
        assert first["Cache-Control"] == "private, no-cache"
        same = visit(f"{path}{image.pk}/picture.jpg", headers={"If-None-Match": first["ETag"]})
        assert same.status_code == 304
        assert api(operator).delete(f"{LINKS}/{ShareLink.objects.get().pk}").status_code == 204
        assert has_ended(path)
        again = visit(f"{path}{image.pk}/picture.jpg", headers={"If-None-Match": first["ETag"]})
        assert again.status_code == 404

    def test_with_the_account_of_its_maker(self, share, operator):
        path = share()
        operator.is_active = False
        operator.save()
        assert has_ended(path)

    def test_when_its_maker_may_no_longer_share(self, share, operator):
        path = share()
        operator.groups.set(Group.objects.filter(name="viewers"))
        assert has_ended(path)

    def test_if_it_was_made_while_the_clock_was_ahead(self, share):
        path = share()
        ShareLink.objects.update(expires_at=timezone.now() + timedelta(days=400))
        assert has_ended(path)

    def test_with_its_picture_it_shows_nothing_and_fails_at_nothing(self, share, image):
        path = share()
        Image.objects.filter(pk=image.pk).delete()
        assert "There is no picture to show" in read(path)


class TestCounting:
    def test_each_opening_of_the_page_counts_and_nothing_else(self, share, image, other):
        path = share(image, other)
        for _ in range(3):
            visit(path)
        visit(path, "head"), visit(f"{path}{image.pk}/thumbnail.jpg"), visit(f"{path}?after={image.pk}")
        assert ShareLink.objects.get().opened_count == 3

    def test_the_audit_log_names_making_opening_and_revoking(self, share, image, api, operator):
        path = share()
        visit(path), visit(path)
        api(operator).delete(f"{LINKS}/{ShareLink.objects.get().pk}")
        entries = AuditEntry.objects.filter(what__startswith="link").order_by("pk")
        assert [(one.what, one.image_id, one.who) for one in entries] == [
            ("link_made", image.pk, "ada"),
            ("link_opened", None, "whoever has the link"),
            ("link_revoked", None, "ada"),
        ]
        assert entries.last().details["opened"] == 2
        assert ShareLink.objects.get().key not in str(list(entries.values()))


class TestSecrecy:
    def test_no_search_engine_lists_it_and_no_other_site_learns_it(self, share, image):
        path = share()
        for rest in ("", f"{image.pk}/picture.jpg", f"{image.pk}/thumbnail.jpg"):
            response = visit(path + rest)
            assert response["Referrer-Policy"] == "no-referrer" and "noindex" in response["X-Robots-Tag"]
        assert 'name="robots" content="noindex' in read(path)

    def test_the_log_leaves_it_out(self, share):
        path = share()
        record = logging.makeLogRecord({"msg": f"Not Found: {path}1/original"})
        said = LineFormatter("{message}", style="{").format(record)
        assert path.split("/")[2] not in said and said.startswith("Not Found: /shared/")
