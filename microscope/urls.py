"""Every address. The apps bring their own; here stand those that belong to none of them."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from microscope.health import health

SIGNED_IN = {"GET": "sign-in"}


class SchemaView(SpectacularAPIView):
    needs = SIGNED_IN


class DocsView(SpectacularSwaggerSplitView):
    needs = SIGNED_IN


# Addresses are tried in this order: those asked for most come first.
urlpatterns = [
    path("", include("images.urls")),
    path("", include("camera.urls")),
    path("", include("accounts.urls")),
    path("health", health, name="health"),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", login_required(DocsView.as_view(url_name="schema")), name="docs"),
    path("admin/", admin.site.urls),
]

handler400 = "microscope.errors.bad_request"
handler403 = "microscope.errors.permission_denied"
handler404 = "microscope.errors.page_not_found"
handler500 = "microscope.errors.server_error"
