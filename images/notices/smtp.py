"""E-mail with a deadline for the whole call: a mail server that sends a byte now and then would hold it for ever."""

import smtplib
import socket
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend

from images.notices.deadline import CALL_S, Deadline, deadline_of


class _Connection(smtplib.SMTP):
    def __init__(self, deadline: Deadline, *args: Any, **named: Any) -> None:
        self._deadline = deadline
        super().__init__(*args, **named)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        # smtplib calls this to open its socket. It is watched from here on, because `connect` then reads the greeting,
        # which may have no end.
        connected: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self._deadline.watch(connected)
        return connected

    def starttls(self, *arguments: Any, **named: Any) -> tuple[int, bytes]:
        answer = super().starttls(*arguments, **named)
        # After STARTTLS, the encrypted socket has replaced the one that was watched.
        if self.sock is not None:
            self._deadline.watch(self.sock)
        return answer

    def quit(self) -> tuple[int, bytes]:
        """Say goodbye without waiting for the response. The mail is taken already, and must not be sent again because
        of an error here."""
        self.putcmd("quit")
        self.close()
        return 221, b""


class _SecureConnection(_Connection, smtplib.SMTP_SSL):
    """SMTP_SSL comes second among the bases, so that the socket is watched once it is encrypted."""


class BoundedEmailBackend(EmailBackend):
    """Django's backend with a deadline. Raises what Django's backend raises, and TimeoutError."""

    def __init__(self, within_s: float = CALL_S, **named: Any) -> None:
        super().__init__(**named)
        self._within_s = within_s
        self._deadline = Deadline()

    @property
    def connection_class(self) -> Any:
        return partial(_SecureConnection if self.use_ssl else _Connection, self._deadline)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        with deadline_of(self._within_s) as self._deadline:
            return super().send_messages(email_messages)
