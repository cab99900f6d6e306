"""The pages of the set-up. The first one is behind the one-time link; the others are for whoever may do all this."""

import time
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views import View

from accounts.first_administrator import find_administrator, has_administrator, make_first_administrator
from camera.absent.uses_camera import UsesCamera
from camera.errors import CameraError
from camera.registry import the_camera
from images.archive.names import location_of
from images.capture.capture import capture_image
from images.errors import LibraryError
from images.library import the_library
from images.models import Image
from images.verification.check import verify_original
from microscope.setup.door import the_door
from microscope.setup.forms import PasswordForm
from microscope.setup.places import find_places
from microscope.setup.steps import STEPS, the_steps
from microscope.start.database.setting_up import setting_up

KEPT = "first_picture"


def show(request: HttpRequest, step: str, status: int = 200, **context: Any) -> HttpResponse:
    """Show the page of a step."""
    number = STEPS.index(step)
    steps = STEPS[:1] if the_camera().is_absent else STEPS
    context |= {"step": step, "number": number + 1, "steps": steps, "back": STEPS[number - 1] if number else None}
    return render(request, f"microscope/setup/{step}.html", context, status=status)


class StartPage(View):
    """The one-time link: choose the administrator's password. The middleware has seen that the secret fits, and that
    the request comes from this PC."""

    def get(self, request: HttpRequest, secret: str) -> HttpResponse:
        if not self._is_awaited():
            return redirect_to_login(reverse("setup"))
        return show(request, "password", form=PasswordForm())

    def post(self, request: HttpRequest, secret: str) -> HttpResponse:
        if not self._is_awaited():
            return redirect_to_login(reverse("setup"))
        form = PasswordForm(request.POST)
        if not form.is_valid():
            return show(request, "password", form=form)
        has_camera = not the_camera().is_absent
        if has_camera:
            the_steps().go_to("pictures")
        with setting_up():
            made = make_first_administrator(form.cleaned_data["username"], form.cleaned_data["password"])
        the_door().open()
        if made is None:  # another process was faster, and its password counts
            return redirect_to_login(reverse("setup"))
        user = find_administrator(form.cleaned_data["username"])
        login(request, user, settings.AUTHENTICATION_BACKENDS[0])
        return redirect("setup-pictures" if has_camera else "live")

    def _is_awaited(self) -> bool:
        """Return True if the password is not set yet."""
        if the_door().is_shut and has_administrator():
            the_door().open()  # somebody made one with `manage.py createsuperuser` meanwhile
        return the_door().is_shut


class Step(PermissionRequiredMixin, View):
    """A step after the password."""

    permission_required = "images.delete_image"


class CameraStep(PermissionRequiredMixin, UsesCamera, View):
    """A step after the password that a library without a camera does not have."""

    permission_required = "images.delete_image"


class SetUpPage(Step):
    """Leads to the step where the set-up stands, or to the live page if none is under way."""

    def get(self, request: HttpRequest) -> HttpResponse:
        step = the_steps().current
        return redirect(f"setup-{step}" if step else "live")


class PasswordPage(Step):
    """The first step, seen again: the password is set."""

    def get(self, request: HttpRequest) -> HttpResponse:
        return show(request, "password", is_set=True)


class PicturesPage(CameraStep):
    """Where pictures are kept, how much fits, and how to keep them elsewhere."""

    def get(self, request: HttpRequest) -> HttpResponse:
        here, others = find_places()
        return show(request, "pictures", here=here, others=others, simulated=the_camera().status().is_simulated)

    def post(self, request: HttpRequest) -> HttpResponse:
        the_steps().go_to("camera")
        return redirect("setup-camera")


class CameraPage(CameraStep):
    """The camera that was found, or why it is simulated."""

    def get(self, request: HttpRequest) -> HttpResponse:
        the_camera().open_soon()
        camera = the_camera().status()
        is_waiting = camera.state in ("closed", "opening", "reopening", "fault")
        may_look = camera.is_simulated and settings.CAMERA_DRIVER == "auto"
        return show(request, "camera", camera=camera, is_waiting=is_waiting, may_look=may_look)

    def post(self, request: HttpRequest) -> HttpResponse:
        the_steps().go_to("picture")
        return redirect("setup-picture")


class LookAgain(CameraStep):
    """Look for a real camera in place of the simulated one."""

    def post(self, request: HttpRequest) -> HttpResponse:
        the_camera().look_again()
        return redirect("setup-camera")


class PicturePage(CameraStep):
    """The first picture: taken, read again, and said to be safe."""

    permission_required = ("images.delete_image", "images.capture_image")

    def get(self, request: HttpRequest) -> HttpResponse:
        kept = request.session.get(KEPT)
        return show(request, "picture", **(read_again(kept) if kept else {}))

    def post(self, request: HttpRequest) -> HttpResponse:
        began_s = time.monotonic()
        try:
            captured = capture_image(
                by=request.user,  # type: ignore[arg-type]
                image_format=settings.IMAGE_FORMAT,
                quality=settings.IMAGE_QUALITY,
                asked_at_s=request.arrived_at_s,
            )
        except (CameraError, LibraryError) as problem:
            return show(request, "picture", status=503, problem=problem)
        request.session[KEPT] = {"filename": captured.kept.filename, "took_s": time.monotonic() - began_s}
        return redirect("setup-picture")


class Finish(Step):
    """End the set-up. It can be left before that, too: then the next start goes on."""

    def post(self, request: HttpRequest) -> HttpResponse:
        the_steps().finish()
        request.session.pop(KEPT, None)
        return redirect("live")


def read_again(kept: dict[str, Any]) -> dict[str, Any]:
    """Read the picture from disk, and return what the page shows of it."""
    image = Image.objects.of_this_pc().filter(filename=kept["filename"]).first()
    if image is None:
        return {"waiting": kept["filename"]}
    try:
        verified = verify_original(image)
    except LibraryError as problem:
        return {"problem": problem}
    folder = the_library().archive.root / location_of(image.filename).folder
    return {"image": image, "verified": verified, "took_s": kept["took_s"], "folder": folder}
