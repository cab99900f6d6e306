"""Pictures to share, and links to them."""

import pytest

from images.models import Image
from images.share.links import make_share_link, path_of

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
