"""A network between browser and server. It can fall silent: connections stay open and nothing is forwarded."""

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
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets = [self._listener]
        threading.Thread(target=self._accept, daemon=True).start()

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}{path}"

    def fall_silent(self) -> None:
        """Accept connections as before, but forward nothing more, not even the end of a connection."""
        self._is_forwarding.clear()

    def recover(self) -> None:
        """Forward everything that was held back, in its order."""
        self._is_forwarding.set()

    def close(self) -> None:
        self.recover()
        for one in self._sockets:
            with suppress(OSError):
                one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._sockets += [client, server]
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
