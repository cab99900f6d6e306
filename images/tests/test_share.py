"""Share links: what people without an account see, and that they see nothing else."""

import io
import logging
import re
import zipfile
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.core.signing import Signer
from django.test import Client
from django.utils import timezone
from PIL import Image as Picture

from images.edit.bin import bin_image
from images.jobs.queue.make import make_job
from images.library import the_library
from images.models import Image, ShareLink
from images.share.links import make_share_link, path_of
from microscope.models import AuditEntry
from microscope.start.log_lines import LineFormatter

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]
LINKS = "/api/v1/share-links"
ENDED = "This link has ended. Ask whoever sent it."
SECRET_NOTE = "patient 4711"


@pytest.fixture
def image(keep_image, operator) -> Image:
    image = keep_image(user=operator)
    image.sample, image.note = "Crystals, run 2", SECRET_NOTE
    image.save()
    return image


@pytest.fixture
def other(keep_image, operator) -> Image:
    return keep_image(user=operator)


@pytest.fixture
def share(operator, image):
    """share() returns the path of a link to the image by ada, who is an operator."""

    def make(*images: Image, by=operator, may_load="copy", shows=("sample", "settings"), days=7, job_id=None) -> str:
        image_ids = None if job_id else [one.pk for one in images or [image]]
        return path_of(
            make_share_link(by, image_ids=image_ids, job_id=job_id, days=days, may_load=may_load, shows=list(shows))
        )

    return make


def visit(address: str, method: str = "get", **headers):
    """Ask as a stranger, whose browser has neither a sign-in nor cookies."""
    return getattr(Client(), method)(address, **headers)


def content_of(response) -> bytes:
    return b"".join(response.streaming_content) if response.streaming else response.content


def read(address: str) -> str:
    response = visit(address)
    assert response.status_code == 200
    return response.content.decode()


def has_ended(address: str) -> bool:
    response = visit(address)
    return response.status_code == 404 and ENDED in response.content.decode()


class TestWhatAStrangerSees:
    def test_the_picture_and_what_its_maker_chose(self, share, image):
        shown = read(share(shows=["sample", "settings"]))
        assert "Crystals, run 2" in shown and "Exposure" in shown and "This link ends on" in shown
        assert SECRET_NOTE not in shown and "ada" not in re.sub("<[^>]*>", "", shown)
        assert SECRET_NOTE in read(share(shows=["note"])) and "Crystals" not in read(share(shows=["note"]))
        assert "Shared by ada" in read(share(shows=["person"]))

    def test_nothing_of_the_library(self, share):
        shown = read(share())
        assert not re.search('href="/(images|jobs|profile|api|admin)?(/|")', shown)
        assert "status-disk" not in shown and "account-menu" not in shown

    def test_the_picture_is_whole_and_carries_no_record(self, share, image):
        response = visit(f"{share()}{image.pk}/picture.jpg")
        content = content_of(response)
        with Picture.open(io.BytesIO(content)) as picture:
            assert picture.size == (image.width, image.height) and not picture.getexif()
        assert b"microscope" not in content and SECRET_NOTE.encode() not in content

    def test_a_scale_bar_stands_on_it_only_if_the_scale_is_known(self, share, image):
        assert "shared-bar" not in read(share()) and "Unknown" in read(share())
        Image.objects.update(um_per_pixel_x=0.5, um_per_pixel_y=0.5)
        shown = read(share())
        # A quarter of 64 pixels is 8 µm, and 5 µm the longest round length within it.
        assert ">5 µm</text>" in shown and "copy with scale bar" in shown
        plain, copy = (content_of(visit(f"{share()}{image.pk}/{name}.jpg")) for name in ("picture", "copy"))
        assert plain != copy

    def test_a_simulated_picture_says_so(self, share, image):
        Image.objects.update(is_simulated=True)
        assert "SIMULATED" in read(share())

    def test_several_as_a_grid_and_each_on_a_page_of_its_own(self, share, image, other):
        path = share(image, other)
        shown = read(path)
        for one in (image, other):
            assert f"{path}{one.pk}/thumbnail.jpg" in shown
            assert visit(f"{path}{one.pk}/thumbnail.jpg").status_code == 200
        assert "All shared pictures" in read(f"{path}{other.pk}/")

    def test_a_job_as_a_grid_in_pages_of_bounded_length(self, share, operator, cheap_images):
        job = make_job(by=operator, name="Wound 3", plan={"time_plan": {"interval": 60, "loops": 100}})
        start = timezone.now()
        images = cheap_images([start + timedelta(seconds=second) for second in range(100)])
        Image.objects.filter(pk__in=[one.pk for one in images]).update(job=job)
        path = share(job_id=job.pk)
        first = read(path)
        assert "Wound 3" in first and first.count("thumbnail.jpg") == 60
        second = read(path + re.search(r'href="[^"]*/(\?after=\d+)"', first)[1])
        assert second.count("thumbnail.jpg") == 40 and "Later pictures" not in second

    @pytest.mark.parametrize("rest", ["", "thumbnail.jpg", "picture.jpg", "copy.jpg", "original"])
    def test_no_other_picture_opens_with_the_link(self, share, image, other, rest):
        path = share(may_load="original")
        assert visit(f"{path}{image.pk}/{rest}").status_code == 200
        assert visit(f"{path}{other.pk}/{rest}").status_code == 404

    @pytest.mark.parametrize(
        "rest", ["", "1/", "1/thumbnail.jpg", "1/picture.jpg", "1/copy.jpg", "1/original", "originals.zip"]
    )
    @pytest.mark.parametrize("token", ["x.y", "..", "%00.a", "é.é", "a" * 3000])
    def test_a_wrong_token_opens_nothing(self, share, token, rest):
        share()
        assert visit(f"/shared/{token}/{rest}").status_code == 404

    def test_a_key_from_the_database_or_another_kind_of_link_opens_nothing(self, share):
        share()
        key = ShareLink.objects.get().key
        for token in (key, f"{key}.", Signer(salt="images.opening", sep=".").sign(key)):
            assert has_ended(f"/shared/{token}/")

    def test_a_picture_in_the_bin_is_not_shown(self, share, image, operator):
        path = share()
        bin_image(image.pk, operator)
        assert "There is no picture to show" in read(path)
        assert visit(f"{path}{image.pk}/picture.jpg").status_code == 404


class TestWhatMayBeLoaded:
    @pytest.mark.parametrize(
        ("may_load", "statuses"),
        [("nothing", (404, 404, 404)), ("copy", (200, 404, 404)), ("original", (200, 200, 200))],
    )
    def test_what_the_maker_allowed(self, share, image, may_load, statuses):
        path = share(may_load=may_load)
        answers = [visit(path + rest) for rest in (f"{image.pk}/copy.jpg", f"{image.pk}/original", "originals.zip")]
        assert tuple(one.status_code for one in answers) == statuses
        shown = read(path)
        assert ("copy.jpg" in shown, f"{image.pk}/original" in shown) == (statuses[0] == 200, statuses[1] == 200)

    def test_the_original_is_the_original_byte_for_byte(self, share, image):
        path = share(may_load="original")
        original = the_library().archive.path_of(image.filename).read_bytes()
        assert content_of(visit(f"{path}{image.pk}/original")) == original

    def test_the_zip_holds_the_pictures_of_the_link_alone(self, share, image, keep_image, operator, other):
        second = keep_image(user=operator)
        response = visit(f"{share(image, second, may_load='original')}originals.zip")
        names = zipfile.ZipFile(io.BytesIO(content_of(response))).namelist()
        assert sum(name.endswith(image.filename) or name.endswith(second.filename) for name in names) == 2
        assert not any(other.filename in name for name in names)


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


class TestApi:
    def make(self, client, **fields):
        return client.post(LINKS, fields, format="json")

    def test_a_link_is_made_listed_and_opens(self, api, operator, image):
        made = self.make(api(operator), images=[image.pk])
        assert made.status_code == 201
        path = made.json()["url"].removeprefix("http://testserver")
        read(path)
        (listed,) = api(operator).get(f"{LINKS}?image={image.pk}").json()
        assert (listed["url"], listed["openedCount"], listed["images"], listed["isOwn"]) == (
            made.json()["url"],
            1,
            1,
            True,
        )

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"images": []},
            {"images": [999_999]},
            {"job": 999_999},
            {"images": [1], "job": 1},
            {"images": [1], "days": 91},
            {"images": [1], "mayLoad": "all"},
            {"images": [1], "shows": ["password"]},
            {"images": list(range(1, 502))},
        ],
    )
    def test_what_cannot_be_shared_is_refused_and_makes_nothing(self, api, operator, image, fields):
        response = self.make(api(operator), **fields)
        assert response.status_code in (400, 404) and response.json()["message"]
        assert not ShareLink.objects.exists()

    def test_a_picture_in_the_bin_is_not_shared(self, api, operator, image, other):
        bin_image(image.pk, operator)
        response = self.make(api(operator), images=[image.pk, other.pk])
        assert (response.status_code, response.json()["code"]) == (400, "nothing_to_share")
        assert not ShareLink.objects.exists()

    def test_viewers_share_nothing(self, api, viewer, image):
        assert self.make(api(viewer), images=[image.pk]).status_code == 403
        assert api(viewer).get(LINKS).status_code == 403

    def test_others_see_that_there_is_a_link_but_neither_its_address_nor_may_they_revoke_it(
        self, api, make_user, share, image
    ):
        share()
        ben, number = api(make_user("ben", "operators")), ShareLink.objects.get().pk
        (listed,) = ben.get(f"{LINKS}?image={image.pk}").json()
        assert (listed["madeBy"], listed["url"], listed["mayRevoke"]) == ("ada", None, False)
        assert ben.get(LINKS).json() == []
        assert ben.delete(f"{LINKS}/{number}").json()["code"] == "not_your_share_link"

    def test_many_links_cost_no_query_each(self, api, operator, share, image, django_assert_max_num_queries):
        for _ in range(10):
            share()
        client = api(operator)
        with django_assert_max_num_queries(12):
            assert len(client.get(f"{LINKS}?image={image.pk}").json()) == 10

    def test_managers_see_and_revoke_all(self, api, manager, share):
        path = share()
        (listed,) = api(manager).get(LINKS).json()
        assert listed["url"].endswith(path)
        assert api(manager).delete(f"{LINKS}/{listed['id']}").status_code == 204
        assert has_ended(path)
        (listed,) = api(manager).get(LINKS).json()
        assert (listed["revokedBy"], listed["url"], listed["hasEnded"]) == ("mary", None, True)
