"""The camera app: builds the process's camera from the settings, closed. Nothing is opened before its first use."""

from django.apps import AppConfig
from django.conf import settings

from camera.drivers.choice import DriverChoice
from camera.drivers.pixelink import PixelinkDriver
from camera.drivers.settings import Wanted
from camera.drivers.simulated import MODELS, SimulatedDriver
from camera.frame_loop import Timing
from camera.live import LiveView
from camera.ownership import CameraLock, SeenCamera
from camera.service import Camera


class CameraConfig(AppConfig):
    name = "camera"
    default_auto_field = "django.db.models.BigAutoField"
    camera: Camera
    live: LiveView

    def ready(self) -> None:
        from camera import checks  # noqa: F401 (registers the system checks)

        self.camera = build_camera()
        self.live = LiveView(self.camera, settings.LIVE_MAX_WATCHERS, settings.LIVE_MAX_FPS)


def build_camera() -> Camera:
    choice = DriverChoice(
        settings.CAMERA_DRIVER,
        real=lambda: PixelinkDriver(settings.CAMERA_SERIAL_NUMBER),
        simulated=lambda: SimulatedDriver(MODELS[settings.SIMULATED_CAMERA]),
        seen=SeenCamera(settings.DATA_PATH),
        has_serial_number=bool(settings.CAMERA_SERIAL_NUMBER),
    )
    return Camera(
        choice,
        CameraLock(settings.DATA_PATH),
        Wanted(settings.DEFAULT_EXPOSURE_MS, settings.DEFAULT_GAIN_DB),
        Timing(settings.SERVICE_TIMEOUT_MS / 1000, settings.CAMERA_IDLE_SECONDS),
    )
