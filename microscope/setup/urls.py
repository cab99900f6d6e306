from django.urls import path

from microscope.setup import pages

urlpatterns = [
    path("start/<str:secret>", pages.StartPage.as_view(), name="setup-start"),
    path("", pages.SetUpPage.as_view(), name="setup"),
    path("password/", pages.PasswordPage.as_view(), name="setup-password"),
    path("pictures/", pages.PicturesPage.as_view(), name="setup-pictures"),
    path("camera/", pages.CameraPage.as_view(), name="setup-camera"),
    path("camera/look", pages.LookAgain.as_view(), name="setup-look"),
    path("picture/", pages.PicturePage.as_view(), name="setup-picture"),
    path("finish", pages.Finish.as_view(), name="setup-finish"),
]
