"""The step that says where pictures go, and the disks that it offers."""

import os
import re
from pathlib import Path

import pytest

from images.models import Image
from images.pages.display_fields import DASH
from microscope.setup import disks, places
from microscope.setup.disks import Disk, measure, read_mounts
from microscope.tests.setup.conftest import words


def test_the_page_says_where_pictures_go_and_how_many_fit(newcomer, data_path, monkeypatch):
    monkeypatch.setattr(places, "list_disks", list)
    shown = words(newcomer.get("/setup/pictures/"))
    assert f"{data_path / 'images'}" in shown
    assert re.search(r"[\d.]+ [MGT]B free", shown) and re.search(r"[\d.]+ [kMG]B/s, [\d,]+ pictures", shown)
    assert "a test picture of the simulated camera, which was not kept" in shown
    assert list((data_path / "images").glob(".try-*")) == [] and not Image.objects.exists()


def test_other_disks_show_the_line_of_env_or_why_not(newcomer, tmp_path, monkeypatch, settings):
    settings.MINIMUM_FREE_MB = 1
    monkeypatch.setattr(places, "_holds", lambda root, folder: False)
    other = tmp_path / "second disk"
    other.mkdir()
    found = [Disk(other), Disk(Path("/mnt/nas"), is_network=True), Disk(tmp_path / "gone")]
    monkeypatch.setattr(places, "list_disks", lambda: found)
    page = newcomer.get("/setup/pictures/")
    assert f"IMAGE_SAVE_PATH={other / 'Microscope'}" in words(page)
    assert "On the network: it can vanish while a picture is written." in words(page)
    assert "It cannot be written: No such file or directory." in words(page)
    assert list(other.iterdir()) == []


def test_a_disk_that_is_too_small_says_why(tmp_path):
    assert measure(tmp_path, reserve_bytes=10**15).why_not.startswith("Too small: ")


def test_a_disk_that_gives_back_something_else_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(disks, "MAX_BLOCKS", 1)
    monkeypatch.setattr(disks.os, "fsync", lambda number: os.lseek(number, 0, 0) or os.write(number, b"another"))
    assert "gives back something else" in measure(tmp_path, 0).why_not
    assert list(tmp_path.iterdir()) == []


def test_how_many_pictures_fit_is_unknown_without_a_camera(newcomer, drivers, monkeypatch, camera):
    camera.close()
    monkeypatch.setattr(places, "list_disks", list)
    assert f"{DASH} pictures" in words(newcomer.get("/setup/pictures/"))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such file")
def test_disks_are_read_from_the_list_of_mounts(tmp_path):
    spaced = tmp_path / "my disk"
    spaced.mkdir()
    place = str(spaced).replace(" ", "\\040")
    text = (
        f"/dev/sda1 {tmp_path} ext4 rw 0 0\n/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 {place} ext4 rw,nosuid 0 0\n"
        f"/dev/loop3 {tmp_path} squashfs rw 0 0\n/dev/sr0 {tmp_path} iso9660 ro 0 0\ntmpfs /run tmpfs rw 0 0\n"
        f"nas:/lab {tmp_path} nfs4 rw 0 0\n/dev/sdc1 {tmp_path / 'no folder'} ext4 rw 0 0\n"
    )
    assert list(read_mounts(text)) == [Disk(tmp_path), Disk(spaced), Disk(tmp_path, is_network=True)]
