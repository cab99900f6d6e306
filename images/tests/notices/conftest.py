"""A job, and who is told of it: servers on this computer."""

import pytest

from images.models import Job
from images.tests.clocks import SetClock
from images.tests.notices.letters import SECRET
from images.tests.notices.post_boxes import mail_box, web_box


@pytest.fixture
def box():
    with web_box() as box:
        yield box


@pytest.fixture
def mails(settings):
    with mail_box() as box:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", box.port, False
        settings.JOB_EMAIL_TO, settings.DEFAULT_FROM_EMAIL = ["ada@lab.example"], "microscope@lab.example"
        yield box


@pytest.fixture
def webhook(settings, box):
    settings.JOB_WEBHOOK_URL, settings.JOB_WEBHOOK_SECRET = box.url, SECRET
    return box


@pytest.fixture
def job(operator):
    return Job.objects.create(
        name="Wound 3", kind="time-lapse", user=operator, plan={}, expected=2000, stored=1468, state="finished"
    )


@pytest.fixture
def clock():
    return SetClock()
