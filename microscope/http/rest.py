"""How the REST framework reads requests: the type of the answer, the body, and the user of a session."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.authentication import SessionScheme as LibrarySessionScheme
from rest_framework import parsers
from rest_framework.authentication import SessionAuthentication as LibrarySessionAuthentication
from rest_framework.exceptions import NotAcceptable, ParseError, PermissionDenied
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.utils.mediatypes import media_type_matches

from microscope.http.refusals import explain_forgery


class ContentNegotiation(DefaultContentNegotiation):
    """Also accepts the types of views that write their own bytes. Such a view names them in `media_types`, by method.
    Its errors are JSON like all others."""

    def select_renderer(
        self, request: Request, renderers: Sequence[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        own_types = _own_types_of(request)
        try:
            return super().select_renderer(request, renderers, format_suffix)
        except NotAcceptable:
            accepted = self.get_accept_list(request)
            if not any(media_type_matches(own, wanted) for own in own_types for wanted in accepted):
                offered = [*own_types, *dict.fromkeys(renderer.media_type for renderer in renderers)]
                raise NotAcceptable(_describe(offered)) from None
        # The view writes its own bytes, so this renderer writes only errors.
        return renderers[0], renderers[0].media_type


def _own_types_of(request: Request) -> list[str]:
    """Return the types for this method. If the view does not have the method, the types of all methods: then the answer
    is 405, and not 406."""
    view = request.parser_context["view"]
    by_method = getattr(view, "media_types", {})
    if not hasattr(view, request.method.lower()):
        return [media_type for media_types in by_method.values() for media_type in media_types]
    return by_method.get("GET" if request.method == "HEAD" else request.method, [])


def _describe(offered: list[str]) -> str:
    return f"This address gives {' or '.join(offered)}. Ask for that in the header Accept, or leave the header out."


class JSONParser(parsers.JSONParser):
    """Refuses thousands of nested brackets as bad JSON. The framework's own parser would fail with 500."""

    def parse(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().parse(*args, **kwargs)
        except RecursionError as problem:
            raise ParseError("The JSON is nested too deeply.") from problem


class SessionAuthentication(LibrarySessionAuthentication):
    """Signs in by the browser's session. A call without the token of its page gets an answer that says what to do."""

    def enforce_csrf(self, request: Request) -> None:
        """Raises PageOutdated and OriginRefused."""
        try:
            super().enforce_csrf(request)
        except PermissionDenied as refused:
            raise explain_forgery(request, str(refused.detail)) from refused


class SessionScheme(LibrarySessionScheme):
    """Describes the class in the schema as the framework's own."""

    target_class = "microscope.http.rest.SessionAuthentication"
