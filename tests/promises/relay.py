"""A network cable between a program and a server on this computer. It can be pulled out and plugged in again."""

import contextlib
import selectors
import socket
import threading

BLOCK_BYTES = 65_536
LOOK_EVERY_S = 0.1


class Relay:
    """Listens on a port of its own, and passes everything on to `port`. While it is pulled out, connections end, and
    no new one comes about."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._lock = threading.Lock()
        self._lines: set[socket.socket] = set()
        self._is_out = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def pull_out(self) -> None:
        with self._lock:
            self._is_out = True
            for line in self._lines:
                with contextlib.suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    def plug_in(self) -> None:
        self._is_out = False

    def close(self) -> None:
        self.pull_out()
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if self._is_out:
                near.close()
            else:
                threading.Thread(target=self._pass_on, args=(near,), daemon=True).start()

    def _pass_on(self, near: socket.socket) -> None:
        with contextlib.suppress(OSError), near, socket.create_connection(self._target) as far:
            with self._lock:
                self._lines |= {near, far}
            try:
                while not self._is_out and _pump(near, far):
                    pass
            finally:
                with self._lock:
                    self._lines -= {near, far}


def _pump(near: socket.socket, far: socket.socket) -> bool:
    """Pass on what has come. Returns False once one side has ended."""
    with selectors.DefaultSelector() as selector:
        selector.register(near, selectors.EVENT_READ, far)
        selector.register(far, selectors.EVENT_READ, near)
        for key, _ in selector.select(LOOK_EVERY_S):
            block = key.fileobj.recv(BLOCK_BYTES)
            if not block:
                return False
            key.data.sendall(block)
    return True
