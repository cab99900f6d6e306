"""Little servers on this computer that take webhooks, pings and e-mails, or do not."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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
    """`refused`: recipients that it does not take. `greeting` of another kind turns everybody away."""

    port: int = 0
    greeting: str = "220 sink"
    refused: set[str] = field(default_factory=set)
    mails: list[tuple[list[str], EmailMessage]] = field(default_factory=list)


@contextmanager
def mail_box() -> Iterator[MailBox]:
    box = MailBox()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.say(box.greeting)
            recipients: list[str] = []
            while line := self.rfile.readline().decode().strip():
                verb = line[:4].upper()
                if verb == "RCPT":
                    recipient = line.partition("<")[2].partition(">")[0]
                    is_refused = recipient in box.refused
                    self.say("550 nobody of that name" if is_refused else "250 ok")
                    recipients += [] if is_refused else [recipient]
                elif verb == "DATA":
                    self.say("354 go on")
                    lines = iter(self.rfile.readline, b".\r\n")
                    message = message_from_bytes(b"".join(lines), policy=default)
                    box.mails.append((recipients, message))
                    self.say("250 taken")
                    recipients = []
                elif verb == "QUIT":
                    self.say("221 bye")
                    return
                else:
                    self.say("250 sink")

        def say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    box.port = server.server_address[1]
    with serving(server):
        yield box


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
