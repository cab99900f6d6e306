"""What tests read in the pages of the library."""

import re

from images.models import Image


def shown(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'class="shot" data-id="(\d+)"', page)]


def set_fields(image: Image, **fields) -> None:
    Image.objects.filter(pk=image.pk).update(**fields)
