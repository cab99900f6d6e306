"""The camera app. It builds the camera of this process from the settings, but does not open it: the first use does.
A library gets one that is absent, and imports no driver."""

from django.apps import AppConfig
from django.conf import settings

from camera.absent.camera import AbsentCamera
from camera.drivers.base import Driver
from camera.drivers.names import NO_CAMERA
from camera.drivers.seen_camera import SeenCamera
from camera.drivers.selection import MAKES, DriverSelection
from camera.drivers.settings import SettingsRequest
from camera.engine.frame_loop import Timing
from camera.engine.process_lock import CameraLock
from camera.live.view import LiveView
from camera.service import Camera


class CameraConfig(AppConfig):
    name = "camera"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from camera import checks  # noqa: F401 (registers the system checks)

        # Imported here and not above: these import the user model, which Django loads before `ready` only.
        from camera.live.admission import AdmissionChecker
        from camera.registry import Instrument, register

        camera = AbsentCamera() if settings.CAMERA_DRIVER == NO_CAMERA else build_camera()
        live = LiveView(camera, settings.LIVE_MAX_WATCHERS, settings.LIVE_MAX_FPS)
        register(Instrument(camera, live, AdmissionChecker()))


def build_camera() -> Camera:
    selection = DriverSelection(
        settings.CAMERA_DRIVER,
        real=lambda: MAKES.get(settings.CAMERA_DRIVER, MAKES["pixelink"])(settings.CAMERA_SERIAL_NUMBER),
        simulated=make_simulated_driver,
        seen=SeenCamera(settings.DATA_PATH),
        has_serial_number=bool(settings.CAMERA_SERIAL_NUMBER),
    )
    return Camera(
        selection,
        CameraLock(settings.DATA_PATH),
        SettingsRequest(settings.DEFAULT_EXPOSURE_MS, settings.DEFAULT_GAIN_DB),
        Timing(settings.SERVICE_TIMEOUT_MS / 1000, settings.CAMERA_IDLE_SECONDS),
    )


def make_simulated_driver() -> Driver:
    from camera.drivers.simulated.driver import MODELS, SimulatedDriver

    return SimulatedDriver(MODELS[settings.SIMULATED_CAMERA])
