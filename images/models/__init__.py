"""The library's tables. Other rooms import the models from here."""

from images.models.conditions import BINNED, CHANGE_NOT_STORED, MAX_ID, MAY_LEAVE, NOT_STORED, OF_SEVERAL, WANTED
from images.models.control import CameraControl
from images.models.images import FOLDED_AT_ONCE, Image, ImageQuerySet
from images.models.instruments import Instrument
from images.models.jobs import Job, JobGap, JobQuerySet
from images.models.notices import Delivery, DeliveryQuerySet
from images.models.optics import Calibration, CalibrationQuerySet, CurrentObjective, Objective
from images.models.removals import Removal
from images.models.run_days import RunDayCount
from images.models.share import ShareLink
from images.models.verification import Finding, Verification

__all__ = [
    "BINNED",
    "CHANGE_NOT_STORED",
    "FOLDED_AT_ONCE",
    "MAX_ID",
    "MAY_LEAVE",
    "NOT_STORED",
    "OF_SEVERAL",
    "WANTED",
    "Calibration",
    "CalibrationQuerySet",
    "CameraControl",
    "CurrentObjective",
    "Delivery",
    "DeliveryQuerySet",
    "Finding",
    "Image",
    "ImageQuerySet",
    "Instrument",
    "Job",
    "JobGap",
    "JobQuerySet",
    "Objective",
    "Removal",
    "RunDayCount",
    "ShareLink",
    "Verification",
]
