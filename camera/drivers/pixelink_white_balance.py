"""White balance by one push: the camera measures what it sees and sets the gains of its colours itself."""

import time

from camera.drivers.base import NO_ONE_PUSH
from camera.drivers.pixelink_errors import error_for
from camera.drivers.pixelink_features import Features
from camera.errors import SettingRefused

POLL_EVERY_S = 0.02


def push_white_balance(features: Features, patience_s: float) -> None:
    """Blocks until the camera is done, with its stream on. Raises SettingRefused, with the gains as they were, where
    it cannot, or finds none within `patience_s`."""
    feature = features.ids.WHITE_SHADING
    if not features.can_do(feature, features.flags.ONEPUSH):
        raise SettingRefused(NO_ONE_PUSH)
    before = features.read(feature)
    answer = features.push_once(feature, before)
    if not answer.is_success:
        raise error_for(answer.name, "setFeature")
    until_s = time.perf_counter() + patience_s
    while features.is_in_mode(feature, features.flags.ONEPUSH):
        if time.perf_counter() > until_s:
            features.set_by_hand(feature, *before)
            raise SettingRefused(
                f"The camera found no white balance in {patience_s:.0f} s. Show it a bright, empty part of the slide."
            )
        time.sleep(POLL_EVERY_S)
    # The vendor's way to stay with what was found: read it, and set it by hand.
    features.set_by_hand(feature, *features.read(feature))
