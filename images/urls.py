from django.urls import path

from images import api

urlpatterns = [
    path("api/v1/camera/capture", api.CaptureView.as_view(), name="api-capture"),
    path("api/v1/images", api.ImageListView.as_view(), name="api-images"),
    path("api/v1/images/<int:image_id>", api.ImageView.as_view(), name="api-image"),
    path("api/v1/images/<int:image_id>/file", api.ImageFileView.as_view(), name="api-image-file"),
    path("api/v1/images/<int:image_id>/thumbnail", api.ImageThumbnailView.as_view(), name="api-image-thumbnail"),
]
