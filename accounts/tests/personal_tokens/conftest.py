"""The tokens that the tests of this folder show."""

import pytest

from accounts.personal_tokens.tokens import make_token
from images.tests.conftest import keep_image, keep_original  # noqa: F401 (fixtures)


@pytest.fixture
def scripts(operator):
    """scripts("capture") returns the text of a token of ada."""
    return lambda scope="view", days=30, user=operator: make_token(user, f"{scope} {days}", scope, days)[1]
