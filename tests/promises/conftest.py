"""What the tests of the promises share."""

import pytest

from tests.promises.bench import bench_on, own_bench
from tests.promises.databases import database_to_take_away


@pytest.fixture
def bench(tmp_path):
    """A folder and a database of this test's own, and servers on them, all ended afterwards."""
    with own_bench(tmp_path) as bench:
        yield bench


@pytest.fixture
def bench_without_database(tmp_path):
    """As `bench`; its `database` can be taken away and brought back."""
    with database_to_take_away(tmp_path) as database, bench_on(tmp_path, database) as bench:
        yield bench
