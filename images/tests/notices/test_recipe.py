"""What an address gets, and the recipe of the page that checks it."""

import json
import re
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from images.models import Delivery
from images.notices.notices import What
from images.notices.signing import make_signature
from images.tests.clocks import START
from images.tests.notices.letters import SECRET, look_until, make_deliverer, states, tell

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = (Path(__file__).resolve().parents[3] / "docs" / "run" / "watch-jobs.md").read_text(encoding="utf-8")


def read_webhook(*arguments):
    """The function that the page shows."""
    code = re.search(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1]
    assert len(code.splitlines()) <= 25
    namespace: dict = {}
    exec(code, namespace)
    return namespace["read_webhook"](*arguments)


def test_a_webhook_gets_json_whose_signature_the_recipe_of_the_page_believes(webhook, job, clock):
    tell(job, What.PAUSED, "Disk at its reserve", "0 MB are free.")
    look_until(make_deliverer(clock), lambda: states() == [("delivered", 1)])
    (letter,) = webhook.letters
    assert (letter.method, letter.path) == ("POST", "/told")
    said = read_webhook(letter.headers, letter.body, SECRET)
    assert (said["type"], said["timestamp"]) == ("job.paused", START.isoformat())
    assert said["data"]["title"] == "Wound 3 is paused: Disk at its reserve"
    assert letter.headers["webhook-id"] == str(Delivery.objects.get().lasting_id)


@pytest.mark.parametrize("change", ["body", "secret", "id", "timestamp", "signature", "age"])
def test_the_recipe_of_the_page_believes_nothing_else(webhook, job, clock, change):
    tell(job)
    look_until(make_deliverer(clock), lambda: states() == [("delivered", 1)])
    headers, body, secret = dict(webhook.letters[0].headers), webhook.letters[0].body, SECRET
    if change == "body":
        body = body.replace(b"1468", b"2000")
    elif change == "secret":
        secret = SECRET[::-1]
    elif change == "id":
        headers["webhook-id"] = "0" * 32
    elif change == "timestamp":
        headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) + 1)
    elif change == "signature":
        headers["webhook-signature"] = "v1,AAAA"
    else:
        headers["webhook-timestamp"] = old = str(int(time.time()) - 3600)
        headers["webhook-signature"] = make_signature(SECRET, headers["webhook-id"], old, body)
    with pytest.raises(ValueError, match="too old" if change == "age" else "wrong signature"):
        read_webhook(headers, body, secret)


def test_the_signature_is_that_of_standard_webhooks():
    """Their own example: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md"""
    signature = make_signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        b'{"test": 2432232314}',
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_page_shows_every_field_that_is_told(webhook, job, clock):
    tell(job)
    shown = json.loads(re.search(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[1])
    assert set(shown["data"]) == set(Delivery.objects.get().facts)
    assert {f"job.{what}" for what in What} == set(re.findall(r"`(job\.[a-z_]+)`", PAGE)) - {"job.heartbeat"}


def test_each_address_can_be_tried(webhook, mails, settings, capsys):
    call_command("test-notices")
    said = capsys.readouterr().out
    assert re.search(r"webhook: taken .*\nemail ada@lab.example: taken", said)
    assert "This is a test" in mails.mails[0][1].get_content()
    assert read_webhook(webhook.letters[0].headers, webhook.letters[0].body, SECRET)["data"]["jobId"] == 0
    webhook.status = 404
    with pytest.raises(SystemExit) as ended:
        call_command("test-notices")
    assert ended.value.code == 2
    assert "webhook: The address answered 404" in capsys.readouterr().out


def test_without_an_address_there_is_nothing_to_try():
    with pytest.raises(CommandError, match="Nobody is to be told"):
        call_command("test-notices")
