from datetime import timedelta

import jwt
import pytest
from django.conf import settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from images.tests.test_api_capture import CAPTURE, has_our_shape, originals

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]


def forged(user, **changes) -> str:
    claims = {**AccessToken.for_user(user).payload, **changes}
    return jwt.encode(claims, "a key that is not ours, but long enough for it", algorithm="HS256")


def expired(user) -> str:
    token = AccessToken.for_user(user)
    token.set_exp(from_time=token.current_time - timedelta(hours=2), lifetime=timedelta(hours=1))
    return str(token)


@pytest.mark.parametrize(
    "make_token",
    [
        lambda user: "nonsense",
        lambda user: "",
        forged,
        expired,
        lambda user: jwt.encode(AccessToken.for_user(user).payload, None, algorithm="none"),
        lambda user: jwt.encode(AccessToken.for_user(user).payload, settings.SECRET_KEY, algorithm="HS512"),
        lambda user: str(RefreshToken.for_user(user)),
    ],
    ids=["nonsense", "empty", "foreign key", "expired", "no algorithm", "other algorithm", "refresh token"],
)
def test_a_token_that_is_not_good_admits_nobody(operator, archive, make_token):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {make_token(operator)}")
    response = client.post(CAPTURE, {}, format="json")
    assert response.status_code == 401
    assert has_our_shape(response)
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert originals(archive) == []


def test_a_stranger_captures_nothing(api, archive):
    assert api().post(CAPTURE, {}, format="json").status_code == 401
    assert originals(archive) == []


@pytest.mark.parametrize("roles", [[], ["viewers"]])
def test_who_may_not_capture_is_told_so(api, make_user, archive, roles):
    response = api(make_user("eve", *roles)).post(CAPTURE, {}, format="json")
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")
    assert originals(archive) == []
