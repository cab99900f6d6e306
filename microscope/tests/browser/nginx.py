"""A real nginx with TLS in front of a test server, with the lines of docs/run/install.md."""

import os
import re
import shutil
import socket
import subprocess
import time
from pathlib import Path

from images.tests.readers.programs import require
from microscope.tests.server_process import ROOT, find_free_port

PAGE = ROOT / "docs" / "run" / "install.md"
# Debian keeps nginx in a folder that is not in the PATH of users.
PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
CONFIGURATION = """
daemon off;
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {folder}/certificate.pem;
        ssl_certificate_key {folder}/key.pem;
        {location}
    }}
}}
"""


def read_settings() -> dict[str, str]:
    """Return the settings that the page names for use behind nginx."""
    [sentence] = re.findall(r"^For nginx, with (.*?):$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(re.findall(r"`([A-Z_]+)=([^`]+)`", sentence))


def read_location() -> str:
    [location] = re.findall(r"^location .*?^}$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return location


class Nginx:
    """`location`: the lines of the page, in which the program listens on port 3000. Nothing else is served."""

    def __init__(self, folder: Path, location: str, behind: int) -> None:
        program = shutil.which("nginx", path=PLACES)
        require(program is not None, "nginx")
        assert "127.0.0.1:3000" in location
        self.port = find_free_port()
        make_certificate(folder)
        configuration = CONFIGURATION.format(
            user="user root;" if os.geteuid() == 0 else "",
            folder=folder,
            port=self.port,
            location=location.replace("127.0.0.1:3000", f"127.0.0.1:{behind}"),
        )
        (folder / "nginx.conf").write_text(configuration)
        self._process = subprocess.Popen([program, "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.PIPE)
        self._wait_until_it_listens()

    def address(self, path: str) -> str:
        return f"https://localhost:{self.port}{path}"

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=60)

    def _wait_until_it_listens(self, patience_s: float = 60) -> None:
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self._process.kill()
        raise AssertionError(self._process.communicate()[1].decode())


def make_certificate(folder: Path) -> None:
    """Make a self-signed certificate for localhost."""
    require(shutil.which("openssl") is not None, "openssl")
    made = ["-keyout", folder / "key.pem", "-out", folder / "certificate.pem"]
    asked = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", *made]
    subprocess.run(asked, check=True, capture_output=True, timeout=120)
