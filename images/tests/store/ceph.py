"""A whole Ceph cluster with its S3 gateway on this computer: in memory, on loopback, one for each run of the tests.

`python -m images.tests.store.ceph FOLDER` starts it, and ends it as soon as nobody is connected to the socket `door` in
that folder any more. The system closes the connections of a process that is killed, so the cluster outlives no run.
"""

import contextlib
import ctypes
import json
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from microscope.tests.server_process import find_free_port

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ("ceph", "ceph-authtool", "ceph-mgr", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
PATIENCE_S = 300.0
ATTEMPTS = 3
PR_SET_PDEATHSIG = 1

CONFIGURATION = """
[global]
fsid = {fsid}
mon host = 127.0.0.1:{mon_port}
mon initial members = a
public addr = 127.0.0.1
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
keyring = {folder}/keyring
ms bind ipv6 = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
osd objectstore = memstore
osd class update on start = false
memstore device bytes = 4294967296
mon allow pool size one = true
mon warn on pool no redundancy = false
mon data avail warn = 1
mon max pg per osd = 1000
run dir = {folder}
log file = {folder}/$name.log
admin socket = {folder}/$name.asok
pid file =
mon data = {folder}/mon
mgr data = {folder}/mgr
osd data = {folder}/osd
rgw frontends = beast endpoint=127.0.0.1:{s3_port}
rgw enable usage log = false
rgw bucket quota ttl = 0
rgw user quota bucket sync interval = 60
"""


class CephFailed(Exception):
    """The cluster cannot be started. The sentence holds what its programs said."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where the S3 gateway is, and who may do everything there."""

    endpoint: str
    access_key: str
    secret_key: str
    configuration: str

    def administer(self, *words: str) -> dict:
        """Run `radosgw-admin` and return its JSON."""
        said = run("radosgw-admin", "-c", self.configuration, *words)
        return json.loads(said) if said.strip() else {}


def missing_programs() -> list[str]:
    return [program for program in PROGRAMS if shutil.which(program) is None]


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S)
    if done.returncode:
        raise CephFailed(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


# For the tests


def join_cluster(run_id: str) -> tuple[socket.socket, Gateway]:
    """Return the gateway of this run, and a connection that keeps it alive. Whoever comes first starts it."""
    # The path of a socket has at most 107 bytes.
    folder = Path(tempfile.gettempdir()) / f"microscope-ceph-{run_id[:12]}"
    with FileLock(f"{folder}.lock"):
        door = _knock(folder) or _start_guard(folder)
    facts = json.loads(door.makefile("r").readline() or '{"problem": "its guard died"}')
    if "problem" in facts:
        raise CephFailed(facts["problem"])
    return door, Gateway(**facts)


def _knock(folder: Path) -> socket.socket | None:
    door = socket.socket(socket.AF_UNIX)
    door.settimeout(PATIENCE_S)
    try:
        door.connect(str(folder / "door"))
    except OSError:
        door.close()
        return None
    return door


def _start_guard(folder: Path) -> socket.socket:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    command = [sys.executable, "-m", "images.tests.store.ceph", str(folder)]
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # In a session of its own: Ctrl-C in the terminal ends the tests, and the guard then ends the cluster in order.
    guard = subprocess.Popen(command, cwd=ROOT, start_new_session=True, **quiet)
    door = wait_for(lambda: _knock(folder) or guard.poll())
    if not isinstance(door, socket.socket):
        raise CephFailed(f"the guard of the cluster ended with code {guard.returncode}")
    return door


def wait_for(look: Callable, patience_s: float = PATIENCE_S):
    """Return what `look` returns, as soon as that is true."""
    until_s = time.monotonic() + patience_s
    while not (seen := look()):
        if time.monotonic() > until_s:
            raise CephFailed(f"nothing came of it within {patience_s:g} s")
        time.sleep(0.05)
    return seen


# The guard


class Cluster:
    """One monitor, one manager, one disk in memory, one gateway. They die with this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._daemons: list[subprocess.Popen] = []
        self._gateway: subprocess.Popen | None = None
        self._s3_port = find_free_port()
        names = {"fsid": uuid.uuid4(), "mon_port": find_free_port(), "s3_port": self._s3_port, "folder": folder}
        self._names = names
        self._configuration = folder / "ceph.conf"

    def start(self) -> Gateway:
        for name in ("mon", "mgr", "osd"):
            (self.folder / name).mkdir(parents=True)
        self._configuration.write_text(CONFIGURATION.format(**self._names))
        self._make_keys()
        self._start_monitor()
        self._daemon("ceph-mgr", "-i", "x")
        self._start_disk()
        keys = {"access_key": "microscope", "secret_key": "microscope-secret"}
        self._run(
            *("radosgw-admin", "user", "create", "--uid=microscope", "--display-name=Microscope"),
            *(f"--access-key={keys['access_key']}", f"--secret-key={keys['secret_key']}"),
        )
        self.restart_gateway()
        return Gateway(f"http://127.0.0.1:{self._s3_port}", **keys, configuration=str(self._configuration))

    def restart_gateway(self) -> None:
        """Kill the gateway if it runs, and start it. The objects stay."""
        if self._gateway:
            self._gateway.kill()
            self._gateway.wait()
        self._daemon("radosgw", "-n", "client.rgw.a")
        self._gateway = self._daemons[-1]
        wait_for(self._answers)

    def end(self) -> None:
        for daemon in reversed(self._daemons):
            daemon.kill()
            daemon.wait()

    def _make_keys(self) -> None:
        keyring = self.folder / "keyring"
        mayall = ["--cap", "mon", "allow *", "--cap", "osd", "allow *", "--cap", "mgr", "allow *"]
        run("ceph-authtool", "--create-keyring", str(keyring), "--gen-key", "-n", "mon.", "--cap", "mon", "allow *")
        for name in ("client.admin", "mgr.x", "osd.0", "client.rgw.a"):
            run("ceph-authtool", str(keyring), "--gen-key", "-n", name, *mayall)

    def _start_monitor(self) -> None:
        fsid, port, map_file = self._names["fsid"], self._names["mon_port"], str(self.folder / "monmap")
        run("monmaptool", "--create", "--add", "a", f"127.0.0.1:{port}", "--fsid", str(fsid), map_file)
        keyring = str(self.folder / "keyring")
        # The monitor takes over all keys of this file.
        self._run("ceph-mon", "-i", "a", "--mkfs", "--monmap", map_file, "--keyring", keyring)
        self._daemon("ceph-mon", "-i", "a")

    def _start_disk(self) -> None:
        disk = str(uuid.uuid4())
        self._run("ceph", "osd", "new", disk, "0")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", disk)
        self._daemon("ceph-osd", "-i", "0")

    def _answers(self) -> bool:
        if self._daemons[-1].poll() is not None:
            raise CephFailed(f"the gateway ended: {(self.folder / 'client.rgw.a.log').read_text()[-2000:]}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._s3_port), timeout=5):
            return True
        return False

    def _run(self, program: str, *words: str) -> str:
        return run(program, "-c", str(self._configuration), *words)

    def _daemon(self, program: str, *words: str) -> None:
        command = [program, "-c", str(self._configuration), "-f", *words]
        log = (self.folder / "daemons.log").open("a")
        started = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=_die_too)
        self._daemons.append(started)


def _die_too() -> None:
    """If the guard itself is killed, the system kills its daemons."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def guard(folder: Path) -> None:
    """Start the cluster, tell everybody who knocks where it is, and end it once all have gone."""
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(folder / "door"))
    door.listen(64)
    cluster = None
    try:
        for attempt in range(ATTEMPTS):
            cluster = Cluster(folder / str(attempt))
            try:
                facts = asdict(cluster.start())
                break
            except (CephFailed, subprocess.TimeoutExpired) as problem:
                cluster.end()
                facts = {"problem": str(problem)}
        _serve(door, facts)
    finally:
        if cluster:
            cluster.end()
        shutil.rmtree(folder, ignore_errors=True)
        Path(f"{folder}.lock").unlink(missing_ok=True)


def _serve(door: socket.socket, facts: dict) -> None:
    """Tell everybody who knocks, and return once all of them have gone. Whoever started this process has knocked."""
    with selectors.DefaultSelector() as guests:
        guests.register(door, selectors.EVENT_READ)
        _let_in(door, guests, facts)
        while len(guests.get_map()) > 1:
            for key, _ in guests.select():
                if key.fileobj is door:
                    _let_in(door, guests, facts)
                else:
                    guests.unregister(key.fileobj)
                    key.fileobj.close()


def _let_in(door: socket.socket, guests: selectors.BaseSelector, facts: dict) -> None:
    guest, _ = door.accept()
    with contextlib.suppress(OSError):
        guest.sendall((json.dumps(facts) + "\n").encode())
    # A guest says nothing, so it can be read only once it has gone.
    guests.register(guest, selectors.EVENT_READ)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    guard(Path(sys.argv[1]))
