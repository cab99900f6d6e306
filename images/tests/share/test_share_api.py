"""The API of share links: who makes, lists and revokes which."""

import pytest

from images.edit.bin import bin_image
from images.models import ShareLink
from images.tests.share.strangers import LINKS, has_ended, read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("archive", "camera")]


class TestApi:
    def make(self, client, **fields):
        return client.post(LINKS, fields, format="json")

    def test_a_link_is_made_listed_and_opens(self, api, operator, image):
        made = self.make(api(operator), images=[image.pk])
        assert made.status_code == 201
        path = made.json()["url"].removeprefix("http://testserver")
        read(path)
        (listed,) = api(operator).get(f"{LINKS}?image={image.pk}").json()
        assert (listed["url"], listed["openedCount"], listed["images"], listed["isOwn"]) == (
            made.json()["url"],
            1,
            1,
            True,
        )

    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"images": []},
            {"images": [999_999]},
            {"job": 999_999},
            {"images": [1], "job": 1},
            {"images": [1], "days": 91},
            {"images": [1], "mayLoad": "all"},
            {"images": [1], "shows": ["password"]},
            {"images": list(range(1, 502))},
        ],
    )
    def test_what_cannot_be_shared_is_refused_and_makes_nothing(self, api, operator, image, fields):
        response = self.make(api(operator), **fields)
        assert response.status_code in (400, 404) and response.json()["message"]
        assert not ShareLink.objects.exists()

    def test_a_picture_in_the_bin_is_not_shared(self, api, operator, image, other):
        bin_image(image.pk, operator)
        response = self.make(api(operator), images=[image.pk, other.pk])
        assert (response.status_code, response.json()["code"]) == (400, "nothing_to_share")
        assert not ShareLink.objects.exists()

    def test_viewers_share_nothing(self, api, viewer, image):
        assert self.make(api(viewer), images=[image.pk]).status_code == 403
        assert api(viewer).get(LINKS).status_code == 403

    def test_others_see_that_there_is_a_link_but_neither_its_address_nor_may_they_revoke_it(
        self, api, make_user, share, image
    ):
        share()
        ben, number = api(make_user("ben", "operators")), ShareLink.objects.get().pk
        (listed,) = ben.get(f"{LINKS}?image={image.pk}").json()
        assert (listed["madeBy"], listed["url"], listed["mayRevoke"]) == ("ada", None, False)
        assert ben.get(LINKS).json() == []
        assert ben.delete(f"{LINKS}/{number}").json()["code"] == "not_your_share_link"

    def test_many_links_cost_no_query_each(self, api, operator, share, image, django_assert_max_num_queries):
        for _ in range(10):
            share()
        client = api(operator)
        with django_assert_max_num_queries(12):
            assert len(client.get(f"{LINKS}?image={image.pk}").json()) == 10

    def test_managers_see_and_revoke_all(self, api, manager, share):
        path = share()
        (listed,) = api(manager).get(LINKS).json()
        assert listed["url"].endswith(path)
        assert api(manager).delete(f"{LINKS}/{listed['id']}").status_code == 204
        assert has_ended(path)
        (listed,) = api(manager).get(LINKS).json()
        assert (listed["revokedBy"], listed["url"], listed["hasEnded"]) == ("mary", None, True)
