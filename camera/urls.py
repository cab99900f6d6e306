from django.urls import path

from camera import api, views

urlpatterns = [
    path("", views.LivePage.as_view(), name="live"),
    path("api/v1/camera", api.CameraView.as_view(), name="api-camera"),
    path("api/v1/camera/settings", api.SettingsView.as_view(), name="api-camera-settings"),
    path("api/v1/camera/frame", api.FrameView.as_view(), name="api-camera-frame"),
    path("api/v1/camera/numbers", api.NumbersView.as_view(), name="api-camera-numbers"),
    path("api/v1/camera/auto-exposure", api.AutoExposureView.as_view(), name="api-camera-auto-exposure"),
    path("api/v1/camera/white-balance", api.WhiteBalanceView.as_view(), name="api-camera-white-balance"),
    path("api/v1/camera/live", api.LiveStreamView.as_view(), name="api-camera-live"),
]
