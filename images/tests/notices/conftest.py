"""A job, and who is told of it: servers on this computer."""

import ssl
import subprocess

import pytest

from images.models import Job
from images.tests.clocks import SetClock
from images.tests.notices.letters import SECRET
from images.tests.notices.post_boxes import MailBox, mail_box, web_box


@pytest.fixture
def box():
    with web_box() as box:
        yield box


@pytest.fixture
def mails(settings):
    with mail_box() as box:
        send_mails_to(box, settings)
        yield box


def send_mails_to(box: MailBox, settings) -> None:
    settings.EMAIL_BACKEND = "images.notices.smtp.BoundedEmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_USE_TLS = "127.0.0.1", box.port, False
    settings.JOB_EMAIL_TO, settings.DEFAULT_FROM_EMAIL = ["ada@lab.example"], "microscope@lab.example"


@pytest.fixture
def certificate(tmp_path):
    """Return the file that clients trust, and the context of a server at 127.0.0.1."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context


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
