"""A network between two programs. It can fall silent: connections stay open and nothing is forwarded. And its cable can
be pulled out: connections end, and none comes about."""

import socket
import threading
from contextlib import suppress

PIECE_BYTES = 1 << 16


class Relay:
    """Listens on a free port of this PC and forwards to the given one, until it is closed."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._is_forwarding = threading.Event()
        self._is_forwarding.set()
        self._is_out = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._sockets = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def fall_silent(self) -> None:
        """Accept connections as before, but forward nothing more, not even the end of a connection."""
        self._is_forwarding.clear()

    def recover(self) -> None:
        """Forward everything that was held back, in its order."""
        self._is_forwarding.set()

    def pull_out(self) -> None:
        self._is_out = True
        for one in self._sockets[1:]:
            _break_off(one)

    def plug_in(self) -> None:
        self._is_out = False

    def close(self) -> None:
        self.recover()
        for one in self._sockets:
            with suppress(OSError):
                one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._connect(self._listener.accept()[0])

    def _connect(self, client: socket.socket) -> None:
        if self._is_out:
            client.close()
            return
        try:
            server = socket.create_connection(self._target)
        except OSError:
            # The other program is not there now. Without the relay, the client would be refused, too.
            client.close()
            return
        self._sockets += [client, server]
        if self._is_out:
            _break_off(client)
        for pair in ((client, server), (server, client)):
            threading.Thread(target=self._forward, args=pair, daemon=True).start()

    def _forward(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE_BYTES):
                self._is_forwarding.wait()
                target.sendall(piece)
            self._is_forwarding.wait()
        with suppress(OSError):
            target.shutdown(socket.SHUT_WR)


def _break_off(line: socket.socket) -> None:
    # Not `close`: that does not wake a thread that reads.
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
