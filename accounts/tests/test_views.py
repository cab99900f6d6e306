import pytest

pytestmark = pytest.mark.django_db
SIGN_IN = "/sign-in"


@pytest.fixture
def sign_in(client, operator):
    def post(next_address: str = "", password: str = "ada-password"):
        return client.post(SIGN_IN, {"username": "ada", "password": password, "next": next_address})

    return post


def test_a_page_that_needs_sign_in_leads_there_and_back(client, sign_in):
    response = client.get("/api/docs")
    assert (response.status_code, response["Location"]) == (302, "/sign-in?next=/api/docs")
    assert 'name="next" value="/api/docs"' in client.get(response["Location"]).content.decode()
    assert sign_in("/api/docs")["Location"] == "/api/docs"


def test_without_a_target_the_user_gets_to_the_start_page(sign_in):
    assert sign_in()["Location"] == "/"


@pytest.mark.parametrize(
    "goal",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "javascript:alert(1)",
        "http:///evil",
        "\\\\evil.example",
    ],
)
def test_nobody_is_led_to_another_host(client, sign_in, goal):
    assert sign_in(goal)["Location"] == "/"
    assert client.get(SIGN_IN, {"next": goal})["Location"] == "/"


def test_a_wrong_password_is_told_without_saying_which_was_wrong(client, sign_in):
    response = sign_in(password="wrong")
    assert response.status_code == 200
    assert "The user name or the password is wrong" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_a_name_with_markup_in_it_stays_text(client, operator):
    page = client.get(SIGN_IN, {"next": '"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in page


def test_signing_out_ends_the_session(client, sign_in):
    sign_in()
    assert client.post("/sign-out")["Location"] == "/sign-in"
    assert client.get("/api/v1/auth/me").status_code == 401
    assert client.get("/sign-out").status_code == 405
