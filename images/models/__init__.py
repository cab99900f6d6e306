"""The library's tables. Other rooms import the models from here."""

from images.models.control import CameraControl
from images.models.images import (
    BINNED,
    FOLDED_AT_ONCE,
    MAX_ID,
    NOT_STORED,
    Image,
    ImageQuerySet,
    Removal,
    RunDayCount,
)
from images.models.jobs import Job, JobGap, JobQuerySet
from images.models.notices import Delivery, DeliveryQuerySet
from images.models.optics import Calibration, CalibrationQuerySet, CurrentObjective, Objective
from images.models.share import ShareLink
from images.models.verification import Finding, Verification

__all__ = [
    "BINNED",
    "FOLDED_AT_ONCE",
    "MAX_ID",
    "NOT_STORED",
    "Calibration",
    "CalibrationQuerySet",
    "CameraControl",
    "CurrentObjective",
    "Delivery",
    "DeliveryQuerySet",
    "Finding",
    "Image",
    "ImageQuerySet",
    "Job",
    "JobGap",
    "JobQuerySet",
    "Objective",
    "Removal",
    "RunDayCount",
    "ShareLink",
    "Verification",
]
