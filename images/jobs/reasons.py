"""The reasons why slots were missed and why a job does not go on, in words for people."""

from camera.errors import CameraError, FramesLost, FramesTooFast
from images.errors import DiskFull, StorageMissing, StorageUnavailable

PROGRAM_NOT_RUNNING = "Program not running"
CAMERA_LOST = "Camera lost"
CAMERA_CHANGED = "Camera changed"
CAMERA_LOST_FRAMES = "Camera lost frames"
DISK_TOO_SLOW = "Disk too slow"
COMPUTER_TOO_SLOW = "Computer too slow"
CAPTURE_FAILED = "Capture failed"
SETTING_REFUSED = "Setting refused"
ROUND_WAS_LATE = "Round was late"
COMPUTER_ASLEEP = "Computer asleep"
CLOCK_SET_BACK = "Clock set back"
DISK_AT_ITS_RESERVE = "Disk at its reserve"
DISK_NOT_THERE = "Disk not there"
DISK_NOT_WRITABLE = "Disk not writable"
WAITING_FOR_PLANE = "Waiting for plane"
PROGRAM_FAULT = "Fault in the program"
PLAN_CHANGED = "Plan changed in the database"
MICROSCOPE_GONE = "Microscope gone for good"


def controlled_by(name: str) -> str:
    return f"Controlled by {name}"


def paused_by(name: str) -> str:
    return f"Paused by {name}"


def stopped_by(name: str) -> str:
    return f"Stopped by {name}"


def reason_of_capture(problem: CameraError) -> str:
    if isinstance(problem, FramesTooFast):
        return COMPUTER_TOO_SLOW
    return CAMERA_LOST_FRAMES if isinstance(problem, FramesLost) else CAPTURE_FAILED


def reason_of_storage(problem: StorageUnavailable) -> str:
    if isinstance(problem, DiskFull):
        return DISK_AT_ITS_RESERVE
    return DISK_NOT_THERE if isinstance(problem, StorageMissing) else DISK_NOT_WRITABLE
