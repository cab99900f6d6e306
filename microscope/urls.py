"""Every address. The apps bring their own; here stand those that belong to none of them."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from accounts.views import PasswordView
from microscope.health import health

SIGNED_IN = {"GET": "sign-in"}

admin.site.site_header = admin.site.site_title = "Microscope"
admin.site.index_title = "Administration"


class SchemaView(SpectacularAPIView):
    needs = SIGNED_IN


class DocsView(SpectacularSwaggerSplitView):
    needs = SIGNED_IN
    http_method_names = ["get", "head"]  # its renderer can answer nothing else


# Addresses are tried in this order: those asked for most come first.
urlpatterns = [
    path("", include("images.urls")),
    path("", include("camera.urls")),
    path("", include("accounts.urls")),
    path("health", health, name="health"),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", login_required(DocsView.as_view(url_name="schema")), name="docs"),
    path("admin/password_change/", PasswordView.as_view()),  # one place to change it, for everybody
    path("admin/", admin.site.urls),
]

handler400 = "microscope.errors.bad_request"
handler403 = "microscope.errors.permission_denied"
handler404 = "microscope.errors.page_not_found"
handler500 = "microscope.errors.server_error"
