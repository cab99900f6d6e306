"""What the files of the PC say about cameras, without opening any."""

import os

import pytest

from camera.drivers.pixelink.driver import PixelinkDriver
from camera.drivers.pixelink.version import find_version
from camera.drivers.simulated.driver import MODELS, SimulatedDriver
from camera.drivers.usb import find_usb_devices
from camera.tests.standin.loading import VERSION, WRAPPER


@pytest.fixture
def plug(tmp_path):
    """plug() puts a device into folders such as Linux has. Returns what is found in them."""
    devices, nodes = tmp_path / "devices", tmp_path / "nodes"
    devices.mkdir()

    def plug_in(place="2-1", manufacturer="PixeLINK", product="PL-D725CU", speed="5000", has_node=True):
        folder = devices / place
        folder.mkdir()
        told = {"manufacturer": manufacturer, "product": product, "speed": speed, "busnum": "2", "devnum": "7"}
        for name, text in told.items():
            (folder / name).write_text(f"{text}\n")
        if has_node:
            (nodes / "002").mkdir(parents=True, exist_ok=True)
            (nodes / "002" / "007").touch()
        return find_usb_devices("pixelink", devices, nodes)

    return plug_in


def test_a_camera_at_a_fast_port_is_found(plug):
    (camera,) = plug()
    assert (camera.product, camera.is_slow, camera.may_open) == ("PL-D725CU", False, True)


def test_a_camera_at_a_slow_port_is_told(plug):
    assert plug(speed="480")[0].is_slow


def test_a_camera_that_this_account_may_not_use_is_told(plug):
    assert not plug(has_node=False)[0].may_open


def test_other_devices_and_folders_without_files_are_passed_over(plug, tmp_path):
    (tmp_path / "devices" / "2-0:1.0").mkdir()
    assert plug(manufacturer="Logitech", product="Mouse") == ()
    assert len(plug(place="2-2")) == 1


def test_a_system_without_such_files_tells_nothing(tmp_path):
    assert find_usb_devices("pixelink", tmp_path / "none") is None


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps the version inside the file")
def test_the_version_of_the_library_stands_in_its_name_and_nothing_is_loaded(tmp_path, monkeypatch):
    import sys

    before = WRAPPER in sys.modules
    monkeypatch.setenv("PIXELINK_SDK_LIB", str(tmp_path))
    monkeypatch.setenv("LD_LIBRARY_PATH", "")
    (tmp_path / f"libPxLApi.so.{VERSION}").touch()
    assert find_version() == VERSION
    assert PixelinkDriver.find_installation().version == VERSION
    assert (WRAPPER in sys.modules) == before


def test_a_make_without_a_library_needs_none():
    assert SimulatedDriver(MODELS["colour-small"]).find_installation().library == ""
