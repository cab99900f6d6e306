"""Fixtures that all tests of the promises use."""

from pathlib import Path

import pytest

from tests.promises.bench import bench_on, own_bench
from tests.promises.databases import database_to_take_away

# The database makes no difference to these: they are about files, delays and connections.
ON_ONE_DATABASE = {
    "test_10_it_opens_right_elsewhere.py",
    "test_7_nobody_gets_in_by_bomb.py",
    "test_7_nobody_gets_in_for_real.py",
    "test_7_nobody_gets_in_slowly.py",
    "test_8_watching_never_delays_capturing.py",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what starts servers. Pytest passes the tests of other folders too, so the path is compared."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent) and item.path.name not in ON_ONE_DATABASE:
            item.add_marker(pytest.mark.own_database)


@pytest.fixture
def bench(tmp_path):
    """A folder and a database of this test's own. Servers on them are stopped at the end of the test."""
    with own_bench(tmp_path) as bench:
        yield bench


@pytest.fixture
def bench_without_database(tmp_path):
    """Like `bench`, but its `database` can be taken away and brought back."""
    with database_to_take_away(tmp_path) as database, bench_on(tmp_path, database) as bench:
        yield bench
