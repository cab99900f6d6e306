"""The steps of the camera and of the first picture."""

import re

from images.models import Image
from images.tests.conftest import wait_until
from microscope.tests.setup.conftest import words


def test_the_page_names_the_simulated_camera_and_says_why(newcomer, camera):
    camera.limits()
    shown = words(newcomer.get("/setup/camera/"))
    assert "No camera was found The settings ask for the simulated camera." in shown
    assert "Simulated camera SIMULATED" in shown


def test_the_page_reads_again_while_no_camera_answers(newcomer, drivers, camera):
    camera.limits()
    drivers[-1].unplug()
    wait_until(lambda: camera.status().cause is not None)
    page = newcomer.get("/setup/camera/")
    assert 'data-waiting="true"' in page.content.decode()
    assert "No camera answers" in words(page) and "this list reads again every 2 s" in words(page)
    assert "Go on without a camera" in words(page) and "Use this camera" not in words(page)


def test_the_first_picture_is_taken_by_the_usual_way_and_read_again(newcomer):
    assert "Take the first picture" in words(newcomer.get("/setup/picture/"))
    assert newcomer.post("/setup/picture/")["Location"] == "/setup/picture/"
    shown = words(newcomer.get("/setup/picture/"))
    image = Image.objects.get()
    assert "The first picture is safe" in shown and "Written, read again, unchanged." in shown
    assert image.filename in shown and re.search(r"Took [\d.]+ s", shown)


def test_a_picture_that_differs_on_disk_is_not_called_safe(newcomer, archive):
    newcomer.post("/setup/picture/")
    path = archive.path_of(Image.objects.get().filename)
    path.write_bytes(path.read_bytes()[:-2] + b"!!")
    shown = words(newcomer.get("/setup/picture/"))
    assert "The picture differs" in shown and "safe" not in shown


def test_a_picture_that_is_gone_is_told(newcomer, archive):
    newcomer.post("/setup/picture/")
    archive.path_of(Image.objects.get().filename).unlink()
    shown = words(newcomer.get("/setup/picture/"))
    assert "is missing from the archive" in shown and "safe" not in shown


def test_a_picture_that_cannot_be_taken_is_told_on_the_page(newcomer, camera):
    camera.close()
    page = newcomer.post("/setup/picture/")
    assert page.status_code == 503
    assert "The program is ending." in words(page) and "Take the picture" in words(page)


def test_looking_again_opens_the_camera_anew_and_comes_back_to_the_page(newcomer, camera, drivers):
    camera.limits()
    assert newcomer.post("/setup/camera/look")["Location"] == "/setup/camera/"
    wait_until(lambda: len(drivers) == 2)
