"""Share links: what people without an account see, and that they see nothing else."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from django.core.signing import Signer
from django.utils import timezone
from PIL import Image as Picture

from images.edit.bin import bin_image
from images.jobs.queue.make import make_job
from images.library import the_library
from images.models import Image, ShareLink
from images.tests.share.conftest import SECRET_NOTE
from images.tests.share.strangers import content_of, has_ended, read, visit

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]


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
