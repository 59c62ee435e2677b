"""A server process, and the one that keeps several of them alive."""

from __future__ import annotations

import ipaddress
import logging
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from rempart.clock import utc_now
from rempart.errors import SettingsError
from rempart.evidence.vault.memory import refuse_core_dumps
from rempart.server.app import create_app
from rempart.server.meters import SHARED
from rempart.server.protocol import PatientProtocol
from rempart.server.runtime import Runtime
from rempart.settings import Settings

log = logging.getLogger(__name__)

KEEP_ALIVE_SECONDS = 30
STOP_SECONDS = 30
_OPEN_FILES = 65536
# The event loop and the thread that commits take turns; Python's own 5 ms would be what an answer waits for its turn.
_SWITCH_SECONDS = 0.001
_RESTART_SECONDS = 1.0
_LOOK_SECONDS = 0.5


def serve_on(
    settings: Settings, listening: socket.socket, *, share: int = 1, on_ready: Callable[[], None] | None = None
) -> None:
    """Serve in this process until it is told to stop; then what was begun is answered, and the parts are closed."""
    _begin_logging()
    _raise_open_files()
    sys.setswitchinterval(_SWITCH_SECONDS)
    refuse_core_dumps()
    settings = _with_port(settings, listening.getsockname()[1])
    with Runtime(settings, clock=utc_now, share=share) as runtime:
        app = create_app(runtime.service, runtime.access)
        config = uvicorn.Config(
            app, loop="uvloop", http=PatientProtocol, ws="none", lifespan="off", log_config=None, access_log=False,
            proxy_headers=False, server_header=False, timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS,
        )  # fmt: skip
        server = _Server(config, on_ready, runtime.service.readiness.stop)
        server.run(sockets=[listening])


def _with_port(settings: Settings, port: int) -> Settings:
    """The settings with the port that is really listened on: passkeys and links are made for it."""
    return settings.model_copy(update={"server": settings.server.model_copy(update={"port": port})})


def end_with(keeper: int) -> None:
    """Stop this process in order once the one that keeps it is gone: nobody else would end it and free the port."""

    def watch() -> None:
        while os.getppid() == keeper:
            time.sleep(_LOOK_SECONDS)
        log.warning("the process that started this one is gone; it stops too")
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="rempart-keeper", daemon=True).start()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None] | None, on_stop: Callable[[], None]):
        super().__init__(config)
        self._on_ready, self._on_stop = on_ready, on_stop

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop on a signal and go on with closing the parts; uvicorn's own would raise it again and end us there."""
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self._on_ready is not None:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stop()
        await super().shutdown(sockets=sockets)


def refuse_unsafe(settings: Settings, host: str) -> None:
    """Raise SettingsError for what would lay keys open: a data folder that others may read, keys sent in the clear."""
    mode = settings.data.stat().st_mode & 0o077
    if mode:
        raise SettingsError(
            f"Others may look into {settings.data}.", hint=f"Close it: chmod 700 {settings.data}."
        )  # fmt: skip
    if not _is_loopback(host) and not settings.server.public_url.startswith("https://"):
        raise SettingsError(
            f"On {host} keys and sessions would cross the network unencrypted.",
            hint="Put a proxy with TLS in front and set server.public_url to its https:// address, or use 127.0.0.1.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass(slots=True)
class _Child:
    process: subprocess.Popen[bytes]
    started: float


def supervise(settings: Settings, listening: socket.socket, *, workers: int, on_ready: Callable[[], None]) -> int:
    """Keep so many server processes on one socket until told to stop; one that dies is started again."""
    _begin_logging()
    stopping = False

    def stop(number: int, frame: Any) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    with tempfile.TemporaryDirectory(prefix="rempart-counts-") as counts:
        children = [_start(settings, listening, workers, counts) for _ in range(workers)]
        on_ready()
        while not stopping:
            for place, child in enumerate(children):
                if child.process.poll() is None:
                    continue
                log.warning("server process %d ended with %s", child.process.pid, child.process.returncode)
                time.sleep(max(0.0, _RESTART_SECONDS - (time.monotonic() - child.started)))
                children[place] = _start(settings, listening, workers, counts)
            time.sleep(0.2)
        for child in children:
            child.process.terminate()
        for child in children:
            try:
                child.process.wait(STOP_SECONDS + 5)
            except subprocess.TimeoutExpired:
                child.process.kill()
                child.process.wait()
    return 0


def _start(settings: Settings, listening: socket.socket, workers: int, counts: str) -> _Child:
    number = listening.fileno()
    process = subprocess.Popen(  # noqa: S603  our own interpreter, our own arguments
        [
            sys.executable, "-P", "-m", "rempart", "serve", "--data", str(settings.data),
            "--listen-on", str(number), "--share", str(workers), "--keeper", str(os.getpid()),
        ],
        pass_fds=(number,),
        env={**os.environ, SHARED: counts, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )  # fmt: skip
    return _Child(process, time.monotonic())


def _raise_open_files() -> None:
    """A connection is an open file: thousands of idle ones must not use them up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _begin_logging() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for quiet in ("alembic", "httpx", "httpcore"):  # an address that is called may carry its owner's secret
        logging.getLogger(quiet).setLevel(logging.WARNING)
    # It tells bytes of the forms that it cannot read, a line each, to whoever can make it do so.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
