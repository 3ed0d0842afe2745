"""A real object store on this machine: OpenStack Swift with its S3 interface, from PyPI.

It lives in a virtual environment of its own. Only measurements use it; the product does not depend on it.

`make swift` (or the first measurement) builds the environment. `running()` starts proxy, account, container and object
server on loopback, on folders that are gone afterwards. One device, one replica; writes are synced to disk. In place of
memcached stands a memory inside the proxy (`memory`): one proxy needs nothing shared.
"""

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

REQUIREMENT = "swift==2.38.3"
HERE = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("SWIFT_HOME", HERE / "var" / "swift-venv"))
SERVERS = ("account", "container", "object", "proxy")  # in this order each finds the ones it asks
_STARTS_WITHIN = 40.0

_RINGS = """
import sys
from swift.common.ring import RingBuilder
for name, port in zip(("account", "container", "object"), map(int, sys.argv[2:])):
    ring = RingBuilder(4, 1, 0)
    ring.add_dev(dict(id=0, region=1, zone=1, weight=1, ip="127.0.0.1", port=port, device="disk",
                      replication_ip="127.0.0.1", replication_port=port))
    ring.rebalance()
    ring.get_ring().save(f"{sys.argv[1]}/{name}.ring.gz")
"""
_BACK = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {home}
devices = {home}/devices
mount_check = false
fallocate_reserve = 0
log_level = ERROR
log_address = {home}/none
[pipeline:main]
pipeline = {name}-server
[app:{name}-server]
use = egg:swift#{name}
"""
_FRONT = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {home}
log_level = ERROR
log_address = {home}/none
[pipeline:main]
pipeline = catch_errors gatekeeper memory listing_formats s3api tempauth bulk slo dlo versioned_writes symlink
    proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:memory]
paste.filter_factory = benchmarks.swift:memory
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
[filter:tempauth]
use = egg:swift#tempauth
user_bench_bench = {secret} .admin
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
[filter:symlink]
use = egg:swift#symlink
"""


class Server(NamedTuple):
    """Where the S3 interface answers, and to whom."""

    url: str
    access_key: str
    secret: str
    version: str


def install() -> None:
    """The virtual environment, unless it is there."""
    if (HOME / "bin" / "swift-proxy-server").exists():
        return
    subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
    subprocess.run([str(HOME / "bin" / "pip"), "install", "--quiet", REQUIREMENT], check=True)


@contextlib.contextmanager
def running() -> Iterator[Server]:
    """Swift, started; stopped and its data gone afterwards. CalledProcessError, OSError: it cannot be had here."""
    install()
    home = Path(tempfile.mkdtemp(prefix="sv-swift-"))
    (home / "devices" / "disk").mkdir(parents=True)
    secret, ports = os.urandom(16).hex(), dict(zip(SERVERS, _free_ports(len(SERVERS)), strict=True))
    (home / "swift.conf").write_text(
        f"[swift-hash]\nswift_hash_path_prefix = {os.urandom(8).hex()}\n"
        f"swift_hash_path_suffix = {os.urandom(8).hex()}\n"
        "[storage-policy:0]\nname = only\ndefault = yes\n"
    )
    python = str(HOME / "bin" / "python")
    subprocess.run([python, "-c", _RINGS, str(home), *(str(ports[name]) for name in SERVERS[:3])], check=True)
    started: list[subprocess.Popen[bytes]] = []
    try:
        for name in SERVERS:
            form = _FRONT if name == "proxy" else _BACK
            config = home / f"{name}.conf"
            config.write_text(
                form.format(name=name, port=ports[name], home=home, user=getpass.getuser(), secret=secret)
            )
            log = (home / f"{name}.log").open("wb")
            command = [python, str(HOME / "bin" / f"swift-{name}-server"), str(config)]
            environment = os.environ | {"PYTHONPATH": str(HERE)}
            started.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))
        url = f"http://127.0.0.1:{ports['proxy']}"
        _await(url, started, home)
        yield Server(url, "bench:bench", secret, REQUIREMENT.replace("==", " "))
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
        shutil.rmtree(home, ignore_errors=True)


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _await(url: str, started: list[subprocess.Popen[bytes]], home: Path) -> None:
    until = time.monotonic() + _STARTS_WITHIN
    while time.monotonic() < until and all(process.poll() is None for process in started):
        try:
            urllib.request.urlopen(url, timeout=2).close()
        except urllib.error.HTTPError:
            return  # it answers, and does not know us
        except OSError:
            time.sleep(0.2)
        else:
            return
    said = "".join((home / f"{name}.log").read_text(errors="replace")[-500:] for name in SERVERS)
    raise OSError(f"Swift did not start: {said}")


# ------------------------------------------------------------------ inside the proxy, in Swift's own environment
class Memory:
    """What Swift asks of memcached, for one process."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[float, Any]] = {}

    def get(self, key: str, **_: Any) -> Any:
        until, value = self._kept.get(key, (0.0, None))
        return value if until > time.time() else None

    def set(self, key: str, value: Any, time: float = 0, **_: Any) -> None:
        self._kept[key] = (_now() + (time or 3600), value)

    def incr(self, key: str, delta: int = 1, time: float = 0, **_: Any) -> int:
        value = int(self.get(key) or 0) + delta
        self.set(key, value, time=time)
        return value

    def decr(self, key: str, delta: int = 1, time: float = 0, **_: Any) -> int:
        return self.incr(key, -delta, time=time)

    def delete(self, key: str, **_: Any) -> None:
        self._kept.pop(key, None)

    def set_multi(self, mapping: dict[str, Any], server_key: str, time: float = 0, **_: Any) -> None:
        self.set(server_key, mapping, time=time)

    def get_multi(self, keys: list[str], server_key: str, **_: Any) -> list[Any]:
        kept = self.get(server_key) or {}
        return [kept.get(key) for key in keys]


def _now() -> float:
    return time.time()


def memory(_global: Any, **_local: Any) -> Any:
    """A paste filter that puts one `Memory` in front of the proxy."""
    kept = Memory()

    def around(application: Any) -> Any:
        def answer(environment: dict[str, Any], start_response: Any) -> Any:
            environment["swift.cache"] = kept
            return application(environment, start_response)

        return answer

    return around


if __name__ == "__main__":
    install()
