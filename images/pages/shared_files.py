"""The files behind a share link: thumbnails, pictures, copies, and originals if the maker of the link allowed them."""

import os

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase

from images.api.files.export import serve_original
from images.api.files.responses import serve_file, serve_generated
from images.api.files.zip import Selection, send_zip
from images.export.zipping import COLUMNS, entry_of
from images.library import the_library
from images.models import Image, ShareLink
from images.pages.shared import OpenByLink
from images.share.links import pictures_of
from images.share.picture import make_picture

# A browser asks again each time, because the link may have been revoked since. No shared cache keeps anything.
ASK_AGAIN = "private, no-cache"


class SharedFile(OpenByLink):
    def get(self, request: HttpRequest, token: str, image_id: int) -> HttpResponseBase:
        image = self.find_picture(image_id)
        response = self.serve(request, image)
        response.headers["Cache-Control"] = ASK_AGAIN
        return response

    # HEAD comes here too: the functions below answer it without a body.
    head = get

    def serve(self, request: HttpRequest, image: Image) -> HttpResponseBase:
        raise NotImplementedError


class SharedThumbnail(SharedFile):
    def serve(self, request: HttpRequest, image: Image) -> HttpResponseBase:
        file = the_library().thumbnails.open(image)
        size_bytes = os.fstat(file.fileno()).st_size
        return serve_file(request, file, size_bytes, etag=f"{image.sha256}-512", content_type="image/jpeg")


class SharedPicture(SharedFile):
    """The picture of the page, and with `download` the copy to keep: it has a scale bar if the scale is known."""

    is_copy = False

    def serve(self, request: HttpRequest, image: Image) -> HttpResponseBase:
        if self.is_copy and self.link.may_load == ShareLink.MayLoad.NOTHING:
            raise Http404
        response = serve_generated(
            request,
            lambda: make_picture(image, has_scale_bar=self.is_copy),
            etag=f"{image.sha256}-shared{'-copy' if self.is_copy else ''}",
            content_type="image/jpeg",
            # The name of the original says when it was taken, and nothing else.
            filename=f"copy_of_{image.filename.split('.')[0]}.jpg",
        )
        if not self.is_copy:
            response.headers.pop("Content-Disposition", None)
        return response


class SharedOriginal(SharedFile):
    def serve(self, request: HttpRequest, image: Image) -> HttpResponseBase:
        if self.link.may_load != ShareLink.MayLoad.ORIGINAL:
            raise Http404
        return serve_original(request, image)


class SharedZip(OpenByLink):
    """All originals of the link as a ZIP."""

    def get(self, request: HttpRequest, token: str) -> HttpResponseBase:
        if self.link.may_load != ShareLink.MayLoad.ORIGINAL:
            raise Http404
        entries = [entry_of(image) for image in pictures_of(self.link).only(*COLUMNS).iterator()]
        return send_zip(request, Selection(entries), None)

    head = get
