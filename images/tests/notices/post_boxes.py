"""Little servers on this computer that take webhooks, pings and e-mails, or do not."""

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True, slots=True)
class Letter:
    """What came by HTTP. Names of headers are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebBox:
    """Answers with `status`; with None it takes what comes and never answers."""

    port: int = 0
    status: int | None = 200
    location: str = ""
    letters: list[Letter] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/told"


@contextmanager
def web_box() -> Iterator[WebBox]:
    box = WebBox()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = box.status
            box.letters.append(Letter(self.command, self.path, headers, body))
            if status is None:
                box.is_over.wait()
                return
            self.send_response(status)
            if box.location:
                self.send_header("Location", box.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    box.port = server.server_address[1]
    with serving(server):
        yield box
        box.is_over.set()


@dataclass
class MailBox:
    """`refused`: recipients that it does not take. `greeting` of another kind turns everybody away. The answer to
    the verb `drips_at` comes byte by byte, without end; `CONNECT` is the greeting, `TAKEN` what follows the mail."""

    port: int = 0
    greeting: str = "220 sink"
    refused: set[str] = field(default_factory=set)
    drips_at: str = ""
    is_over: threading.Event = field(default_factory=threading.Event)
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)


@contextmanager
def mail_box(context: ssl.SSLContext | None = None, is_encrypted_at_once: bool = False) -> Iterator[MailBox]:
    """With a context it offers STARTTLS, or is encrypted at once."""
    box = MailBox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.talk()

        def talk(self) -> None:
            if is_encrypted_at_once:
                self.encrypt()
            self.say("CONNECT", box.greeting)
            recipients: list[str] = []
            while line := self.rfile.readline().decode().strip():
                verb = line[:4].upper()
                if verb == "RCPT":
                    recipient = line.partition("<")[2].partition(">")[0]
                    is_refused = recipient in box.refused
                    self.say(verb, "550 nobody of that name" if is_refused else "250 ok")
                    recipients += [] if is_refused else [recipient]
                elif verb == "DATA":
                    self.say(verb, "354 go on")
                    box.mails.append((recipients, self.read_mail()))
                    self.say("TAKEN", "250 taken")
                    recipients = []
                elif verb == "QUIT":
                    self.say(verb, "221 bye")
                    return
                elif verb == "STAR":
                    self.say(verb, "220 go on")
                    self.encrypt()
                elif verb == "EHLO" and context and not isinstance(self.request, ssl.SSLSocket):
                    self.say(verb, "250-sink\r\n250 STARTTLS")
                else:
                    self.say(verb, "250 sink")

        def read_mail(self) -> EmailMessage:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                if not line:
                    raise ConnectionAbortedError("the sender has gone")
                lines.append(line)
            return message_from_bytes(b"".join(lines), policy=default)

        def encrypt(self) -> None:
            assert context
            self.request = context.wrap_socket(self.request, server_side=True)
            self.setup()

        def say(self, verb: str, line: str) -> None:
            if verb == box.drips_at:
                self.wfile.write(b"250-")
                while not box.is_over.wait(0.02):
                    self.wfile.write(b"x")
            self.wfile.write(f"{line}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    box.port = server.server_address[1]
    with serving(server):
        yield box
        box.is_over.set()


@contextmanager
def serving(server: socketserver.BaseServer) -> Iterator[None]:
    server.daemon_threads = True  # type: ignore[attr-defined]
    server.block_on_close = False  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield
    server.shutdown()
    server.server_close()
    thread.join()
