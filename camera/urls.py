"""The addresses of the camera. Those that need the objective, or store captures, are in images/urls.py."""

from django.urls import path

from camera import pages as views
from camera.api import links as api_links
from camera.api import views as api

urlpatterns = [
    path("", views.LivePage.as_view(), name="live"),
    path("api/v1/camera/frame", api.FrameView.as_view(), name="api-camera-frame"),
    path("api/v1/camera/statistics", api.StatisticsView.as_view(), name="api-camera-statistics"),
    path("api/v1/camera/live", api.LiveStreamView.as_view(), name="api-camera-live"),
    path("api/v1/camera/live/link", api_links.LiveLinkView.as_view(), name="api-camera-live-link"),
    path("live/<str:token>/live.mjpg", api_links.LinkedStreamView.as_view(), name="live-stream"),
    path("live/<str:token>/live.jpg", api_links.LinkedFrameView.as_view(), name="live-frame"),
]
