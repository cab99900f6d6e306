"""Two users who do something at the same moment.

On SQLite the second writer waits from the start. Only on PostgreSQL can it read before the first one has committed.
"""

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test import RequestFactory

from accounts.models import AttemptTally, FormerName
from accounts.throttling import Attempt
from images.tests.conftest import wait_until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.on_postgresql,
]


def is_somebody_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0] > 0


def meanwhile(first: Callable[[], object], second: Callable[[], object]) -> None:
    """Run `second` after `first` has written but not committed. `second` must then wait for `first`."""
    problems: list[Exception] = []

    def run() -> None:
        try:
            second()
        except Exception as problem:  # noqa: BLE001 (the thread's boundary: it is looked at in the other thread)
            problems.append(problem)
        finally:
            connection.close()

    other = threading.Thread(target=run)
    with transaction.atomic():
        first()
        other.start()
        wait_until(is_somebody_waiting, within_s=60)
    other.join()
    assert problems == []


def test_an_attempt_while_another_one_succeeds_is_counted():
    request = RequestFactory().post("/", REMOTE_ADDR="10.0.0.1")
    attempt = Attempt(request, "password", "ada")
    attempt.begin()
    forgiven = AttemptTally.objects.filter(key=attempt._by_name)  # the last thing that a success does
    meanwhile(forgiven.delete, Attempt(request, "password", "ada").begin)
    assert sorted(AttemptTally.objects.values_list("failures", flat=True)) == [1, 2]


def test_of_two_who_rename_one_user_neither_name_is_forgotten(operator):
    one, other = (get_user_model().objects.get(pk=operator.pk) for _ in range(2))
    one.username, other.username = "berta", "carla"
    meanwhile(one.save, other.save)
    assert get_user_model().objects.get(pk=operator.pk).username == "carla"
    assert set(FormerName.objects.values_list("username", flat=True)) == {"ada", "berta"}


def test_if_two_users_get_one_name_at_once_the_second_is_refused(client, make_user):
    root = get_user_model().objects.create_superuser("root", password="root-password")
    ada, vera = make_user("ada"), make_user("vera")
    client.force_login(root)
    address = f"/admin/accounts/user/{vera.pk}/change/"
    shown = client.get(address).context["adminform"].form
    form = {"username": "berta", "seen_values": shown.seen_values}
    answers = []
    ada.username = "berta"
    meanwhile(ada.save, lambda: answers.append(client.post(address, form)))
    assert answers[0].status_code == 409
    assert "Another user changed the same thing at the same moment." in answers[0].content.decode()
    assert set(get_user_model().objects.values_list("username", flat=True)) == {"root", "berta", "vera"}
