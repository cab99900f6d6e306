from django.urls import path

from images import (
    api,
    api_bin,
    api_camera,
    api_export,
    api_objectives,
    api_storage,
    api_zip,
    objective_views,
    views,
    views_verification,
)

urlpatterns = [
    path("api/v1/camera/capture", api.CaptureView.as_view(), name="api-capture"),
    # In the place of the camera's own, for they tell of the objective too.
    path("api/v1/camera", api_camera.CameraView.as_view(), name="api-camera"),
    path("api/v1/camera/settings", api_camera.SettingsView.as_view(), name="api-camera-settings"),
    path("api/v1/objectives", api_objectives.ObjectiveListView.as_view(), name="api-objectives"),
    path("api/v1/objectives/<uuid:objective_id>", api_objectives.ObjectiveView.as_view(), name="api-objective"),
    path(
        "api/v1/objectives/<uuid:objective_id>/calibrations",
        api_objectives.CalibrationListView.as_view(),
        name="api-calibrations",
    ),
    path("api/v1/storage", api_storage.StorageView.as_view(), name="api-storage"),
    path("api/v1/images", api.ImageListView.as_view(), name="api-images"),
    path("api/v1/images/<int:image_id>", api.ImageView.as_view(), name="api-image"),
    path("api/v1/images/<int:image_id>/restore", api_bin.ImageRestoreView.as_view(), name="api-image-restore"),
    path("api/v1/images/<int:image_id>/neighbours", api.ImageNeighboursView.as_view(), name="api-image-neighbours"),
    path("api/v1/images/<int:image_id>/verify", api.ImageVerifyView.as_view(), name="api-image-verify"),
    path("api/v1/images/zip", api_zip.ImagesZipView.as_view(), name="api-images-zip"),
    path("api/v1/images/bin", api_bin.BinManyView.as_view(), name="api-images-bin"),
    path("api/v1/images/restore", api_bin.RestoreManyView.as_view(), name="api-images-restore"),
    path("api/v1/images/bin/empty", api_bin.BinEmptyView.as_view(), name="api-bin-empty"),
    path("api/v1/images/<int:image_id>/file", api.ImageFileView.as_view(), name="api-image-file"),
    path("api/v1/images/<int:image_id>/thumbnail", api.ImageThumbnailView.as_view(), name="api-image-thumbnail"),
    path("api/v1/images/<int:image_id>/link", api_export.ImageLinkView.as_view(), name="api-image-link"),
    path("f/<str:token>/<str:name>", api_export.OpenImageView.as_view(), name="open-image"),
    path("images/", views.GalleryPage.as_view(), name="gallery"),
    path("images/bin/", views.BinPage.as_view(), name="bin"),
    path("images/<int:image_id>/", views.ImagePage.as_view(), name="image"),
    path("images/<int:image_id>/calibrate/", objective_views.CalibratePage.as_view(), name="calibrate"),
    path("objectives/", objective_views.ObjectivesPage.as_view(), name="objectives"),
    path("verification/", views_verification.VerificationPage.as_view(), name="verification"),
]
