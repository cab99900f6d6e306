"""The pages behind a share link. The token in the address is the only permission that is needed."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views import View
from django.views.generic import TemplateView

from images.export.scale_bar import MAX_SHARE, choose_length_um, format_length
from images.models import Image, ShareLink
from images.pages.display_fields import DASH, describe_display_fields
from images.share.errors import ShareLinkEnded
from images.share.links import find_share_link, note_opening, pictures_of

PER_PAGE = 60
# The address is the secret: no other site may learn it from a browser, and no search engine may list it.
HEADERS = {"Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow, noarchive"}


class OpenByLink(View):
    """A view behind a share link. A link that has ended gets one sentence, on a page that tells nothing else."""

    http_method_names = ["get", "head"]
    link: ShareLink

    def dispatch(self, request: HttpRequest, *args: Any, **fields: Any) -> HttpResponseBase:
        # Other methods are refused by the base class, whatever the token is.
        if str(request.method).lower() not in self.http_method_names:
            return super().dispatch(request, *args, **fields)
        try:
            self.link = find_share_link(fields["token"])
            response = super().dispatch(request, *args, **fields)
        except ShareLinkEnded as problem:
            response = render(request, "images/shared-ended.html", {"message": str(problem)}, status=404)
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response

    def find_picture(self, image_id: int) -> Image:
        """Return the image if the link shows it. Raises Http404."""
        image = pictures_of(self.link).with_related().filter(pk=image_id).first()
        if image is None:
            raise Http404
        return image


class SharedPage(OpenByLink, TemplateView):
    """The picture, or the first of several as a grid. Opening it is counted."""

    template_name = "images/shared.html"

    def get(self, request: HttpRequest, *args: Any, **fields: Any) -> HttpResponse:
        response = super().get(request, *args, **fields)
        # Only here: not for thumbnails, further pages, or programs that ask for the headers alone.
        if request.method == "GET" and not request.GET:
            note_opening(self.link)
        return response

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        context = super().get_context_data(link=self.link, **context)
        pictures = list(_after(pictures_of(self.link), self.request.GET).with_related()[: PER_PAGE + 1])
        if len(pictures) == 1 and not self.request.GET and self.link.job_id is None:
            return context | describe_shared(pictures[0], self.link)
        rest = pictures[PER_PAGE - 1].pk if len(pictures) > PER_PAGE else None
        return context | {"pictures": pictures[:PER_PAGE], "rest": rest}


class SharedPicturePage(OpenByLink, TemplateView):
    """One picture of several."""

    template_name = "images/shared.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        image = self.find_picture(self.kwargs["image_id"])
        context = super().get_context_data(link=self.link, is_one_of_many=True, **context)
        return context | describe_shared(image, self.link)


def describe_shared(image: Image, link: ShareLink) -> dict[str, Any]:
    """Return what the page of one picture shows: what its maker chose, and nothing else."""
    fields = describe_display_fields(image)
    rows = [{"label": row["label"], "value": row["actual"]} for row in fields["settings"]]
    return {
        "image": image,
        "bar": describe_bar(image),
        "scale": fields["scale"],
        "sample": image.sample if "sample" in link.shows else "",
        "note": image.note if "note" in link.shows else "",
        "by": fields["by"] if "person" in link.shows else "",
        "settings": [row for row in rows if row["value"] != DASH] if "settings" in link.shows else [],
    }


def describe_bar(image: Image) -> dict[str, Any] | None:
    """Return the scale bar in pixels of the picture, for a drawing over it; None if the scale is unknown. The sizes
    grow with the picture."""
    if image.um_per_pixel_x is None:
        return None
    length_um = choose_length_um(image.um_per_pixel_x, image.width * MAX_SHARE)
    # All sizes follow from the shorter side, so that the bar looks alike on small and large pictures.
    length, unit = length_um / image.um_per_pixel_x, max(min(image.width, image.height) / 160, 1)
    left, bottom = image.width - 6 * unit - length, image.height - 6 * unit
    return {
        "text": format_length(length_um),
        "plate": [left - 4 * unit, bottom - 14 * unit, length + 8 * unit, 17 * unit],
        "line": [left, bottom - 2 * unit, length, 2 * unit],
        "middle": left + length / 2,
        "text_bottom": bottom - 4.5 * unit,
        "text_size": 7 * unit,
    }


def _after(pictures: Any, asked: QueryDict) -> Any:
    """Return those after the picture that the address names: the next page of the grid."""
    text = asked.get("after", "")
    last = Image.objects.filter(pk=text).first() if text.isascii() and text.isdigit() and len(text) < 17 else None
    return pictures.newer_than(last.captured_at, last.pk) if last else pictures
