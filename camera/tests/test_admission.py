"""A stream ends when its user may not watch any more, or when its link ends, no matter how the stream began."""

import threading
import time

import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError

from camera.live.admission import Admission, AdmissionChecker, admit, find_lapsed
from camera.tests.rig import wait_until

ADA, VERA = Admission(1, "ada"), Admission(2, "vera")


class Seat:
    """A stand-in for a watcher."""

    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


def checker_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name == "admission-checker"}


class TestWhoMayStay:
    pytestmark = pytest.mark.django_db

    def test_a_user_who_may_watch(self, viewer):
        assert find_lapsed([admit(viewer)]) == set()

    def test_not_a_deactivated_one(self, viewer, operator):
        admissions = [admit(viewer), admit(operator)]
        get_user_model().objects.filter(pk=viewer.pk).update(is_active=False)
        assert find_lapsed(admissions) == {admissions[0]}

    def test_not_one_without_the_permission(self, viewer):
        admission = admit(viewer)
        viewer.groups.clear()
        assert find_lapsed([admission]) == {admission}

    def test_not_one_whose_password_was_changed(self, viewer):
        admission = admit(viewer)
        viewer.set_password("another")
        viewer.save()
        assert find_lapsed([admission]) == {admission}

    def test_not_one_who_is_gone(self, viewer):
        admission = admit(viewer)
        viewer.delete()
        assert find_lapsed([admission]) == {admission}


class TestDoorkeeper:
    def test_it_closes_only_watchers_who_lost_the_permission(self):
        lapsed = set()
        keeper = AdmissionChecker(lambda admissions: lapsed & set(admissions), look_every_s=0.01)
        ada, vera = Seat(), Seat()
        keeper.watch_over(ada, ADA)
        keeper.watch_over(vera, VERA)
        lapsed.add(VERA)
        wait_until(lambda: vera.is_closed)
        assert not ada.is_closed
        keeper.forget(ada)
        keeper.forget(vera)

    def test_it_closes_watchers_whose_time_is_over(self):
        keeper = AdmissionChecker(lambda admissions: set(), look_every_s=0.01)
        ada, vera = Seat(), Seat()
        keeper.watch_over(ada, ADA)
        keeper.watch_over(vera, Admission(2, "vera", ends_at_s=time.monotonic()))
        wait_until(lambda: vera.is_closed)
        assert not ada.is_closed
        keeper.forget(ada)
        keeper.forget(vera)

    def test_no_stream_ends_because_the_database_does_not_answer(self):
        looks = []

        def fail(admissions):
            looks.append(admissions)
            if len(looks) < 3:
                raise OperationalError("away")
            return {VERA}

        keeper, ada, vera = AdmissionChecker(fail, look_every_s=0.01), Seat(), Seat()
        keeper.watch_over(ada, ADA)
        keeper.watch_over(vera, VERA)
        wait_until(lambda: vera.is_closed)
        assert not ada.is_closed
        keeper.forget(ada)
        keeper.forget(vera)

    def test_its_thread_ends_with_the_last_and_begins_again(self):
        of_others = checker_threads()  # streams of earlier tests may still be ending
        keeper = AdmissionChecker(lambda admissions: set(), look_every_s=3600)
        for _ in range(2):
            ada = Seat()
            keeper.watch_over(ada, ADA)
            assert len(checker_threads() - of_others) == 1
            keeper.forget(ada)
            wait_until(lambda: not checker_threads() - of_others)
