from django.urls import path

from images.api import bin as api_bin
from images.api import camera as api_camera
from images.api import history as api_history
from images.api import ids as api_ids
from images.api import image_list as api_image_list
from images.api import images as api
from images.api import share as api_share
from images.api import storage as api_storage
from images.api.control import views as api_control
from images.api.files import export as api_export
from images.api.files import zip as api_zip
from images.api.instruments import views as api_instruments
from images.api.jobs import export as api_job_export
from images.api.jobs import views as api_jobs
from images.api.objectives import views as api_objectives
from images.pages import gallery as views
from images.pages import objectives as objective_views
from images.pages import shared as shared_views
from images.pages import shared_files
from images.pages import verification as views_verification
from images.pages.instruments import pictures as instrument_pictures
from images.pages.instruments import views as instrument_views
from images.pages.jobs import export as job_export_page
from images.pages.jobs import new as new_job_views
from images.pages.jobs import views as job_views

urlpatterns = [
    path("api/v1/camera/capture", api.CaptureView.as_view(), name="api-capture"),
    path("api/v1/camera", api_camera.CameraView.as_view(), name="api-camera"),
    path("api/v1/camera/settings", api_camera.SettingsView.as_view(), name="api-camera-settings"),
    path("api/v1/camera/auto-exposure", api_camera.AutoExposureView.as_view(), name="api-camera-auto-exposure"),
    path("api/v1/camera/white-balance", api_camera.WhiteBalanceView.as_view(), name="api-camera-white-balance"),
    path("api/v1/control", api_control.ControlView.as_view(), name="api-control"),
    path("api/v1/control/ask", api_control.AskView.as_view(), name="api-control-ask"),
    path("api/v1/control/answer", api_control.AnswerView.as_view(), name="api-control-answer"),
    path("api/v1/control/take", api_control.TakeView.as_view(), name="api-control-take"),
    path("api/v1/instruments", api_instruments.InstrumentListView.as_view(), name="api-instruments"),
    path("api/v1/objectives", api_objectives.ObjectiveListView.as_view(), name="api-objectives"),
    path("api/v1/objectives/<uuid:objective_id>", api_objectives.ObjectiveView.as_view(), name="api-objective"),
    path(
        "api/v1/objectives/<uuid:objective_id>/calibrations",
        api_objectives.CalibrationListView.as_view(),
        name="api-calibrations",
    ),
    path("api/v1/storage", api_camera.StorageView.as_view(), name="api-storage"),
    path("api/v1/storage/evict", api_storage.EvictView.as_view(), name="api-storage-evict"),
    path("api/v1/jobs", api_jobs.JobListView.as_view(), name="api-jobs"),
    path("api/v1/jobs/estimate", api_jobs.JobEstimateView.as_view(), name="api-jobs-estimate"),
    path("api/v1/jobs/<int:job_id>", api_jobs.JobView.as_view(), name="api-job"),
    path("api/v1/jobs/<int:job_id>/pause", api_jobs.JobPauseView.as_view(), name="api-job-pause"),
    path("api/v1/jobs/<int:job_id>/continue", api_jobs.JobContinueView.as_view(), name="api-job-continue"),
    path("api/v1/jobs/<int:job_id>/move", api_jobs.JobMoveView.as_view(), name="api-job-move"),
    path("api/v1/jobs/<int:job_id>/stop", api_jobs.JobStopView.as_view(), name="api-job-stop"),
    path("api/v1/jobs/<int:job_id>/next-plane", api_jobs.JobNextPlaneView.as_view(), name="api-job-next-plane"),
    path("api/v1/jobs/<int:job_id>/slots", api_jobs.JobSlotsView.as_view(), name="api-job-slots"),
    path("api/v1/jobs/<int:job_id>/export", api_job_export.JobExportView.as_view(), name="api-job-export"),
    path("api/v1/images", api_image_list.ImageListView.as_view(), name="api-images"),
    path("api/v1/images/<int:image_id>", api.ImageView.as_view(), name="api-image"),
    path("api/v1/images/<int:image_id>/restore", api_bin.ImageRestoreView.as_view(), name="api-image-restore"),
    path("api/v1/images/<int:image_id>/neighbours", api.ImageNeighboursView.as_view(), name="api-image-neighbours"),
    path("api/v1/images/<int:image_id>/history", api_history.ImageHistoryView.as_view(), name="api-image-history"),
    path("api/v1/images/<int:image_id>/verify", api.ImageVerifyView.as_view(), name="api-image-verify"),
    path("api/v1/images/ids", api_ids.ImageIdsView.as_view(), name="api-images-ids"),
    path("api/v1/images/newer", api_ids.NewerView.as_view(), name="api-images-newer"),
    path("api/v1/images/zip", api_zip.ImagesZipView.as_view(), name="api-images-zip"),
    path("api/v1/images/bin", api_bin.BinManyView.as_view(), name="api-images-bin"),
    path("api/v1/images/restore", api_bin.RestoreManyView.as_view(), name="api-images-restore"),
    path("api/v1/images/bin/empty", api_bin.BinEmptyView.as_view(), name="api-bin-empty"),
    path("api/v1/images/<int:image_id>/file", api.ImageFileView.as_view(), name="api-image-file"),
    path("api/v1/images/<int:image_id>/thumbnail", api.ImageThumbnailView.as_view(), name="api-image-thumbnail"),
    path("api/v1/images/<int:image_id>/link", api_export.ImageLinkView.as_view(), name="api-image-link"),
    path("api/v1/share-links", api_share.ShareLinkListView.as_view(), name="api-share-links"),
    path("api/v1/share-links/<int:link_id>", api_share.ShareLinkView.as_view(), name="api-share-link"),
    path("shared/<str:token>/", shared_views.SharedPage.as_view(), name="shared"),
    path("shared/<str:token>/originals.zip", shared_files.SharedZip.as_view(), name="shared-zip"),
    path("shared/<str:token>/<int:image_id>/", shared_views.SharedPicturePage.as_view(), name="shared-picture-page"),
    path(
        "shared/<str:token>/<int:image_id>/thumbnail.jpg",
        shared_files.SharedThumbnail.as_view(),
        name="shared-thumbnail",
    ),
    path("shared/<str:token>/<int:image_id>/picture.jpg", shared_files.SharedPicture.as_view(), name="shared-picture"),
    path(
        "shared/<str:token>/<int:image_id>/copy.jpg",
        shared_files.SharedPicture.as_view(is_copy=True),
        name="shared-copy",
    ),
    path("shared/<str:token>/<int:image_id>/original", shared_files.SharedOriginal.as_view(), name="shared-original"),
    path("f/<str:token>/<str:name>", api_export.OpenImageView.as_view(), name="open-image"),
    path("images/", views.GalleryPage.as_view(), name="gallery"),
    path("images/bin/", views.BinPage.as_view(), name="bin"),
    path("images/<int:image_id>/", views.ImagePage.as_view(), name="image"),
    path("images/<int:image_id>/calibrate/", objective_views.CalibratePage.as_view(), name="calibrate"),
    path("clock/confirm", views.ConfirmClockView.as_view(), name="confirm-clock"),
    path("objectives/", objective_views.ObjectivesPage.as_view(), name="objectives"),
    path("instruments/", instrument_views.InstrumentsPage.as_view(), name="instruments"),
    path("instruments/parts", instrument_views.InstrumentsPartsView.as_view(), name="instruments-parts"),
    path(
        "instruments/<uuid:instrument_id>/picture.jpg",
        instrument_pictures.InstrumentPictureView.as_view(),
        name="instrument-picture",
    ),
    path("jobs/", job_views.JobListPage.as_view(), name="jobs"),
    path("jobs/parts", job_views.JobListPartsView.as_view(), name="jobs-parts"),
    path("jobs/new/", new_job_views.NewJobPage.as_view(), name="new-job"),
    path("jobs/new/estimate", new_job_views.NewJobEstimateView.as_view(), name="new-job-estimate"),
    path("jobs/<int:job_id>/", job_views.JobPage.as_view(), name="job"),
    path("jobs/<int:job_id>/export", job_export_page.JobExportPage.as_view(), name="job-export"),
    path("jobs/<int:job_id>/parts", job_views.JobPartsView.as_view(), name="job-parts"),
    path("jobs/<int:job_id>/pause", job_views.JobActView.as_view(), {"act": "pause"}, name="job-pause"),
    path("jobs/<int:job_id>/continue", job_views.JobActView.as_view(), {"act": "continue"}, name="job-continue"),
    path("jobs/<int:job_id>/move", job_views.JobMoveView.as_view(), name="job-move"),
    path("jobs/<int:job_id>/stop", job_views.JobActView.as_view(), {"act": "stop"}, name="job-stop"),
    path("jobs/<int:job_id>/next-plane", job_views.JobActView.as_view(), {"act": "next-plane"}, name="job-next-plane"),
    path("verification/", views_verification.VerificationPage.as_view(), name="verification"),
]
