"""All addresses. Each app has a list of its own. Here are those that belong to no app."""

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path
from drf_spectacular.views import SpectacularSwaggerSplitView

from accounts.views import PasswordView
from microscope.about import AboutPage
from microscope.events.api import EventsView
from microscope.health import health
from microscope.log.page import LogPage
from microscope.metrics.api import MetricsView
from microscope.schema import SchemaView
from microscope.status import page as status_page
from microscope.status.api import StatusView

SIGNED_IN = {"GET": "sign-in"}

admin.site.site_header = admin.site.site_title = "Microscope"
admin.site.index_title = "Administration"
admin.site.site_url = f"{settings.ROOT_PATH}/"


class DocsView(SpectacularSwaggerSplitView):
    needs = SIGNED_IN
    template_name = "microscope/docs.html"
    http_method_names = ["get", "head"]  # its renderer supports nothing else


# Django tries them in this order, so the most frequent ones come first.
urlpatterns = [
    path("", include("images.urls")),
    path("", include("camera.urls")),
    path("", include("accounts.urls")),
    path("health", health, name="health"),
    path("setup/", include("microscope.setup.urls")),
    path("about/", AboutPage.as_view(), name="about"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("status/", status_page.StatusPage.as_view(), name="status"),
    path("status/parts", status_page.StatusPartsView.as_view(), name="status-parts"),
    path("status/report", status_page.StatusReportView.as_view(), name="status-report"),
    path("log/", LogPage.as_view(), name="log"),
    path("api/v1/events", EventsView.as_view(), name="api-events"),
    path("api/v1/status", StatusView.as_view(), name="api-status"),
    path("api/schema", SchemaView.as_view(), name="schema"),
    path("api/docs", login_required(DocsView.as_view(url_name="schema")), name="docs"),
    path("admin/password_change/", PasswordView.as_view()),  # one page to change it, for everybody
    path("admin/", admin.site.urls),
]

handler400 = "microscope.errors.bad_request"
handler403 = "microscope.errors.permission_denied"
handler404 = "microscope.errors.page_not_found"
handler500 = "microscope.errors.server_error"
